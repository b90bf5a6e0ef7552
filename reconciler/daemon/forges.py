"""Which forge a repository's statuses go to, and with which token; which webhooks are believed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from reconciler.config.model import Forge, GitHubApp, Repository
from reconciler.forges.model import StatusTarget
from reconciler.git.credentials import TokenSource
from reconciler.http.model import Request, Response
from reconciler.runtime.clock import Clock
from reconciler.telemetry import log
from reconciler.web.ports import HookRepository

if TYPE_CHECKING:
    from reconciler.git.github_app import AppTokens

Send = Callable[[Request], Response]


class Forges:
    """Targets and tokens by repository URL. A GitHub App's installation token is asked for once and shared."""

    def __init__(self, repositories: Iterable[Repository], send: Send, clock: Clock) -> None:
        self._repositories = {repository.url: repository for repository in repositories}
        self._send, self._clock = send, clock
        self._apps: dict[tuple[str, str], AppTokens] = {}
        for secret in self.secrets():
            log.hide(secret)

    def target(self, repo_url: str) -> StatusTarget | None:
        """None when the repository has no forge. May raise the taxonomy when an App's token cannot be had."""
        repository = self._repositories.get(repo_url)
        forge = repository.forge if repository else None
        if forge is None or not forge.repo:
            return None
        return StatusTarget(forge.kind, forge.api_url.rstrip("/"), forge.repo, self._token(forge))

    def clone_token(self, repository: Repository) -> TokenSource | None:
        """For reading the repository as a GitHub App; None with any other credential."""
        app = repository.credentials.github_app
        return self._tokens(app).get if app else None

    def hooks(self) -> tuple[HookRepository, ...]:
        return tuple(_hook(repository) for repository in self._repositories.values())

    def secrets(self) -> tuple[str, ...]:
        """Every configured secret, to be masked wherever text leaves the process."""
        found = []
        for repository in self._repositories.values():
            credentials, forge = repository.credentials, repository.forge or Forge()
            found += [credentials.token, credentials.ssh_key, credentials.ssh_passphrase]
            found += [forge.token, forge.webhook_secret]
            found += [app.private_key for app in (credentials.github_app, forge.github_app) if app]
        return tuple(secret.reveal() for secret in found if secret)

    def _token(self, forge: Forge) -> str:
        if forge.github_app:
            return self._tokens(forge.github_app).get()
        return forge.token.reveal() if forge.token else ""

    def _tokens(self, app: GitHubApp) -> AppTokens:
        from reconciler.git.github_app import AppTokens  # cryptography is slow to import, and few need it

        key = (app.app_id, app.installation_id)
        return self._apps.setdefault(key, AppTokens(app, self._send, self._clock))


def _hook(repository: Repository) -> HookRepository:
    forge = repository.forge or Forge()
    secret = forge.webhook_secret.reveal() if forge.webhook_secret else ""
    return HookRepository(repository.url, repository.branch, secret, forge.repo)
