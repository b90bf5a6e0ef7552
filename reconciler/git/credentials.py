"""Ways into a repository: token or password over https, a GitHub App's token, an ssh key with strict known_hosts.

The shapes are those of `config.model.Credentials`, declared here as protocols because this room is below config.
Secrets are handed to libgit2 in its callback, never in a URL, an argument list or a file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pygit2
from pygit2.enums import CredentialType

from reconciler.errors import Problem, Refused, Transient, UserError
from reconciler.git.address import Address


class Secret(Protocol):
    """A value that is never printed."""

    def reveal(self) -> str: ...


class Credentials(Protocol):
    """What a user configures; at most one of token, App and key."""

    @property
    def username(self) -> str: ...
    @property
    def token(self) -> Secret | None: ...
    @property
    def ssh_key(self) -> Secret | None: ...
    @property
    def ssh_passphrase(self) -> Secret | None: ...
    @property
    def known_hosts(self) -> str: ...


TokenSource = Callable[[], str]
"""Gives a token that is valid now (see `github_app.py`). May raise the taxonomy."""


MAX_FETCH_BYTES = 4 << 30
"""What one fetch may download: a server must not be able to fill the disk."""

_ASKED_AS = {
    CredentialType.USERNAME: CredentialType.USERNAME,
    CredentialType.USERPASS_PLAINTEXT: CredentialType.USERPASS_PLAINTEXT,
    CredentialType.SSH_MEMORY: CredentialType.SSH_MEMORY | CredentialType.SSH_KEY,
}
"""Our kinds of answer, and the requests of libgit2 that each one satisfies."""


class Login:
    """The credential of one repository: its name for messages, and libgit2's callbacks for one connection."""

    def __init__(self, address: Address, credentials: Credentials, app_token: TokenSource | None = None) -> None:
        self._address = address
        self._credentials = credentials
        self._app_token = app_token
        self.known_hosts = credentials.known_hosts if address.scheme == "ssh" else ""
        if address.scheme == "ssh":
            _require_ssh(address, credentials)

    @property
    def name(self) -> str:
        """The credential as a user knows it, without its value."""
        if self._address.scheme == "ssh":
            return f"the ssh key of user {self._user!r}"
        if self._app_token:
            return "the GitHub App's installation token"
        return "the token" if self._credentials.token else "anonymous access (no credentials are configured)"

    @property
    def _user(self) -> str:
        return self._address.user or self._credentials.username or "git"

    def callbacks(self) -> Callbacks:
        """Fresh callbacks for one connection; asks for the App's token beforehand, outside of libgit2."""
        if self._address.scheme in ("http", "https"):
            token = self._app_token() if self._app_token else _reveal(self._credentials.token)
            user = "x-access-token" if self._app_token else self._user
            answer = {CredentialType.USERPASS_PLAINTEXT: pygit2.UserPass(user, token)} if token else {}
            return Callbacks(self, self._address, answer, (token,))
        if self._address.scheme == "ssh":
            return self._ssh_callbacks()
        return Callbacks(self, self._address, {}, ())

    def _ssh_callbacks(self) -> Callbacks:
        key, passphrase = _reveal(self._credentials.ssh_key), _reveal(self._credentials.ssh_passphrase)
        pair = pygit2.KeypairFromMemory(self._user, None, key, passphrase)
        answer = {CredentialType.USERNAME: pygit2.Username(self._user), CredentialType.SSH_MEMORY: pair}
        return Callbacks(self, self._address, answer, (key, passphrase))


class Callbacks(pygit2.RemoteCallbacks):  # type: ignore[misc]  # pygit2 is untyped here
    """Answers libgit2 once per kind of credential: a second request means that the first was refused."""

    def __init__(
        self, login: Login, address: Address, answers: dict[CredentialType, Any], secrets: tuple[str, ...]
    ) -> None:
        super().__init__()
        self._login, self._address, self._answers = login, address, answers
        self._cancelled = False
        self.secrets = secrets

    def cancel(self) -> None:
        """Ends the transfer when its next bytes arrive; nobody waits for it any more."""
        self._cancelled = True

    def transfer_progress(self, stats: Any) -> None:
        """Called by libgit2 as objects arrive; raising stops the fetch and leaves no partial pack."""
        if self._cancelled:
            raise Transient(f"fetching {self._address.url} was given up")
        if stats.received_bytes > MAX_FETCH_BYTES:
            limit = f"{MAX_FETCH_BYTES >> 20:,} MiB"
            raise UserError(Problem(f"{self._address.url} sends more than {limit} at once", "use a smaller repository"))

    def credentials(self, url: str, username_from_url: str | None, allowed_types: CredentialType) -> Any:
        if not _same_host(url, self._address):
            raise Refused(f"{self._address.url} redirects to another host; credentials are not sent there")
        for kind, asked in _ASKED_AS.items():
            if allowed_types & asked and kind in self._answers:
                return self._answers.pop(kind)
        raise Refused(
            f"{self._address.url} refused {self._login.name}: check that it is valid and may read this repository"
        )

    def certificate_check(self, certificate: None, valid: bool, host: bytes) -> bool:
        """libgit2's own verdict. The inherited default accepts every ssh host key."""
        return valid


def _same_host(url: str, address: Address) -> bool:
    if address.scheme == "ssh":
        return True  # ssh has no redirects
    rest = url.split("://", 1)[-1].split("/", 1)[0].rpartition("@")[2].lower()
    ours = address.host.lower()
    named = f"[{ours}]" if ":" in ours else ours
    same_scheme = url.startswith(f"{address.scheme}://")
    return same_scheme and rest == (named if address.port is None else f"{named}:{address.port}")


def _reveal(secret: Secret | None) -> str:
    return secret.reveal() if secret else ""


def _require_ssh(address: Address, credentials: Credentials) -> None:
    problems = []
    if not credentials.ssh_key:
        problems.append(Problem(f"{address.url} needs an ssh key", "configure sshKeyFile or sshKeyEnv"))
    if not credentials.known_hosts.strip():
        fix = f"configure knownHostsFile with the verified output of `ssh-keyscan {address.host}`"
        problems.append(Problem(f"{address.url} needs known_hosts", fix))
    if problems:
        raise UserError(problems)
