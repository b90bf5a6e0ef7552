"""Repositories of the configuration: where they are, the way in, and where their commit statuses go."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from reconciler.config.fields import Fields
from reconciler.config.model import Credentials, Forge, Repository
from reconciler.config.secrets import Vault, github_app, read_text, secret
from reconciler.errors import UserError
from reconciler.git import address

FORGE_KINDS = ("github", "gitea")
_OWNER_NAME = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


def repository(fields: Fields, vault: Vault) -> Repository:
    """Decodes one entry of `repositories`; problems go into its notes."""
    insecure = fields.flag("insecureHTTP")
    url = _url(fields, insecure)
    branch = fields.text("branch", "main")
    try:
        address.check_branch(branch)
    except UserError as error:
        fields.notes.adopt((*fields.path, "branch"), error)
    made = Repository(
        url=url,
        branch=branch,
        poll_seconds=fields.seconds("poll", 60.0, minimum=1.0),
        credentials=_credentials(fields.fields("credentials"), url, vault),
        forge=_forge(fields.fields("forge"), url, vault) if "forge" in fields else None,
        insecure_http=insecure,
    )
    fields.value("forge")
    fields.finish()
    return made


def same_repository(one: str, other: str) -> bool:
    """URLs that differ only in a final `/` or `.git` name the same repository."""
    return one.rstrip("/").removesuffix(".git") == other.rstrip("/").removesuffix(".git")


def repo_of(url: str) -> str:
    """OWNER/NAME as a forge's URL shows it; "" when it does not."""
    path = url.partition("://")[2].partition("/")[2] if "://" in url else url.partition(":")[2]
    found = path.strip("/").removesuffix(".git")
    return found if _OWNER_NAME.fullmatch(found) else ""


def is_http_url(text: str) -> bool:
    """Whether it can be called: http or https with a host and no password."""
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
        )
    except ValueError:
        return False


def is_owner_name(text: str) -> bool:
    return bool(_OWNER_NAME.fullmatch(text))


def _url(fields: Fields, insecure: bool) -> str:
    url = fields.text("url", required=True)
    if url:
        try:
            address.parse(url, insecure_http=insecure)
        except UserError as error:
            fields.notes.adopt((*fields.path, "url"), error)
    return url


def _credentials(fields: Fields, url: str, vault: Vault) -> Credentials:
    fields.refuse({"password": "must not be written here: use tokenFile or tokenEnv"})
    made = Credentials(
        username=fields.text("username", "git"),
        token=secret(fields, "token", vault),
        github_app=github_app(fields, vault),
        ssh_key=secret(fields, "sshKey", vault),
        ssh_passphrase=secret(fields, "sshPassphrase", vault),
        known_hosts=_known_hosts(fields, vault),
    )
    ways = [name for name in ("token", "githubApp", "sshKey") if _is_set(fields, name)]
    if len(ways) > 1:
        fields.problem(ways[1], f"credentials name {' and '.join(ways)}", "keep one of them")
    _match(fields, url, ways)
    fields.finish()
    return made


def _match(fields: Fields, url: str, ways: list[str]) -> None:
    """The credentials fit the kind of URL."""
    over_ssh = url.startswith("ssh://") or ("://" not in url and ":" in url)
    if over_ssh and "sshKey" not in ways:
        fields.problem("sshKeyFile", f"{url} needs an ssh key", "set sshKeyFile or sshKeyEnv")
    if over_ssh and "knownHosts" not in fields and "knownHostsFile" not in fields:
        fields.problem("knownHostsFile", f"{url} needs known_hosts", "set knownHostsFile or knownHosts")
    if not over_ssh and "sshKey" in ways and url:
        fields.problem("sshKeyFile", f"an ssh key is of no use for {url}", "set tokenFile, or use the ssh URL")


def _is_set(fields: Fields, name: str) -> bool:
    return any(each in fields for each in (name, f"{name}File", f"{name}Env"))


def _known_hosts(fields: Fields, vault: Vault) -> str:
    """Host keys are public, so their text may stand in the configuration."""
    text, file = fields.text("knownHosts"), fields.text("knownHostsFile")
    if not file:
        return text
    try:
        return read_text(vault.directory / file)
    except UserError as error:
        fields.notes.adopt((*fields.path, "knownHostsFile"), error)
        return ""


def _forge(fields: Fields, url: str, vault: Vault) -> Forge:
    kind = fields.one_of("kind", FORGE_KINDS, "github")
    repo = fields.text("repo", repo_of(url))
    if not is_owner_name(repo):
        fields.problem("repo", f"repo is {repo!r}" if repo else "repo is missing", "write OWNER/NAME")
    api_url = fields.text("apiURL", "https://api.github.com" if kind == "github" else "")
    if not is_http_url(api_url):
        fix = "write for example https://git.example.org/api/v1" if kind == "gitea" else "write an https URL"
        fields.problem("apiURL", f"apiURL is {api_url!r}" if api_url else "apiURL is missing", fix)
    made = Forge(
        kind=kind,
        api_url=api_url.rstrip("/"),
        repo=repo,
        token=secret(fields, "token", vault),
        github_app=github_app(fields, vault),
        webhook_secret=secret(fields, "webhookSecret", vault),
    )
    if not _is_set(fields, "token") and "githubApp" not in fields:
        fields.problem(
            "tokenFile", "the forge has no token for commit statuses", "set tokenFile, tokenEnv or githubApp"
        )
    fields.finish()
    return made
