"""One repository, one Application, all on the command line: `reconciler run --repo URL --path DIR …` → `Settings`.

Sync is automated with prune and self-heal. Tokens come from the environment or from files that it names, never from
flags: a command line is visible to everyone on the machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from reconciler.config.application import is_dns_label
from reconciler.config.fields import duration
from reconciler.config.load import check_listen
from reconciler.config.model import (
    Application,
    Automated,
    Credentials,
    Destination,
    Directory,
    Forge,
    Kubernetes,
    Repository,
    RolloutsEngine,
    Secret,
    Settings,
    Source,
    SyncPolicy,
)
from reconciler.config.repository import is_http_url, is_owner_name, repo_of
from reconciler.config.rollouts import PROMETHEUS_VARIABLE, engine_flag_problems
from reconciler.config.secrets import Vault, read_text
from reconciler.errors import Problem, UserError
from reconciler.git import address

T = TypeVar("T")
GITHUB_API = "https://api.github.com"


def settings_from_flags(
    repo: str,
    path: str = ".",
    branch: str = "main",
    namespace: str = "default",
    kubeconfig: str = "",
    context: str = "",
    prometheus: str = "",
    forge_api: str = "",
    forge_repo: str = "",
    poll: str = "60s",
    listen: str = "127.0.0.1:8080",
    name: str = "",
    env: Mapping[str, str] | None = None,
    insecure_http: bool = False,
    engine: RolloutsEngine | None = None,
) -> Settings:
    """Settings for one Application. Raises `UserError` with all problems of all flags.

    From `env` (or the file named by the same name with _FILE): GITHUB_TOKEN for commit statuses and for cloning over
    https from the same host, RECONCILER_WEBHOOK_SECRET, RECONCILER_SSH_KEY and RECONCILER_KNOWN_HOSTS for ssh. `name`
    defaults to the last part of the path, else of the URL; `prometheus` to ARGO_ROLLOUTS_PROMETHEUS_ADDRESS.
    `insecure_http` takes a plain http URL of another machine.
    """
    flags, repo, engine = _Flags(env or {}), absolute(repo), engine or RolloutsEngine()
    prometheus = prometheus or (env or {}).get(PROMETHEUS_VARIABLE, "")
    repository = _repository(flags, repo, branch, poll, forge_api, forge_repo, insecure_http)
    app = Application(
        name=flags.must(is_dns_label, name or default_name(repo, path), "--name", "use at most 63 of a-z, 0-9 and '-'"),
        source=Source(repo, path, branch, Directory(recurse=False)),
        destination=Destination(flags.must(is_dns_label, namespace, "--namespace", "name a namespace")),
        sync_policy=SyncPolicy(Automated(prune=True, self_heal=True)),
    )
    settings = Settings(
        repositories=(repository,),
        applications=(app,),
        kubernetes=Kubernetes(kubeconfig, context),
        rollouts=engine,
        listen=flags.take("--listen", lambda: check_listen(listen), listen),
        prometheus_url=flags.must(_is_optional_url, prometheus, "--prometheus", "write an http or https URL").rstrip(
            "/"
        ),
    )
    flags.problems += engine_flag_problems(engine)
    if flags.problems:
        raise UserError(flags.problems)
    return settings


def absolute(repo: str) -> str:
    """A directory named relative to where the command runs becomes the path that a mirror can be made of."""
    return str(Path(repo).resolve()) if repo and "://" not in repo and Path(repo).is_dir() else repo


def default_name(repo: str, path: str) -> str:
    """`deploy/Shop_Front` → shop-front; for the root of a repository the repository's own name."""
    last = [part for part in path.split("/") if part not in ("", ".")][-1:] or [
        re.split(r"[/:]", repo.rstrip("/").removesuffix(".git"))[-1]
    ]
    return re.sub(r"[^a-z0-9]+", "-", last[0].lower()).strip("-")[:63].strip("-") or "app"


class _Flags:
    """Collects what is wrong with the flags."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._vault = Vault(Path(), env)
        self.problems: list[Problem] = []

    def must(self, holds: Callable[[str], bool], value: str, flag: str, fix: str) -> str:
        if not holds(value):
            self.problems.append(Problem(f"{flag} {value!r} is not valid", fix))
        return value

    def take(self, flag: str, make: Callable[[], T], default: T) -> T:
        try:
            return make()
        except ValueError as error:
            self.problems.append(Problem(f"{flag}: {error}"))
        except UserError as error:
            self.problems += [Problem(f"{flag}: {each.what}", each.fix) for each in error.problems]
        return default

    def secret(self, variable: str) -> Secret | None:
        """From the variable, or from the file that VARIABLE_FILE names."""
        env = self._vault.env
        if file := env.get(f"{variable}_FILE"):
            return self.take(f"{variable}_FILE", lambda: self._vault.from_file(file), None)
        return Secret(env[variable]) if env.get(variable) else None

    def text(self, variable: str) -> str:
        env = self._vault.env
        if file := env.get(f"{variable}_FILE"):
            return self.take(f"{variable}_FILE", lambda: read_text(Path(file)), "")
        return env.get(variable, "")


def _repository(
    flags: _Flags, repo: str, branch: str, poll: str, forge_api: str, forge_repo: str, insecure: bool
) -> Repository:
    where = flags.take("--repo", lambda: address.parse(repo, insecure_http=insecure), None)
    flags.take("--branch", lambda: address.check_branch(branch), branch)
    token = flags.secret("GITHUB_TOKEN")
    forge = _forge(flags, repo, where, token, forge_api, forge_repo)
    over_ssh = where is not None and where.scheme == "ssh"
    credentials = Credentials(
        token=token if where and _may_have_token(where, forge_api) else None,
        ssh_key=flags.secret("RECONCILER_SSH_KEY") if over_ssh else None,
        known_hosts=flags.text("RECONCILER_KNOWN_HOSTS") if over_ssh else "",
    )
    return Repository(
        repo, branch, flags.take("--poll", lambda: duration(poll, 1.0), 60.0), credentials, forge, insecure
    )


def _may_have_token(where: address.Address, forge_api: str) -> bool:
    """The forge's token is shown only to the forge's own host."""
    api_host = address_host(forge_api or GITHUB_API)
    return where.scheme in ("https", "http") and where.host in (api_host, api_host.removeprefix("api."))


def address_host(url: str) -> str:
    """Host of an http URL; "" when it has none."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0].lower()


def _forge(
    flags: _Flags, repo: str, where: address.Address | None, token: Secret | None, forge_api: str, forge_repo: str
) -> Forge | None:
    """None when nothing points to a forge: statuses are then shown on the page and in logs only."""
    on_github = where is not None and where.host == "github.com"
    webhook_secret = flags.secret("RECONCILER_WEBHOOK_SECRET")
    if not (forge_api or forge_repo or on_github or webhook_secret):
        return None
    api_url = forge_api or GITHUB_API
    flags.must(is_http_url, api_url, "--forge-api", "write an http or https URL")
    name = flags.must(is_owner_name, forge_repo or repo_of(repo), "--forge-repo", "write OWNER/NAME")
    if (forge_api or forge_repo) and token is None:
        flags.problems.append(Problem("the forge has no token", "set GITHUB_TOKEN or GITHUB_TOKEN_FILE"))
    kind = "gitea" if api_url.rstrip("/").endswith("/api/v1") else "github"
    return Forge(kind, api_url.rstrip("/"), name, token, None, webhook_secret)


def _is_optional_url(url: str) -> bool:
    return not url or is_http_url(url)
