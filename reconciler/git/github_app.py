"""A GitHub App's installation token: asked for with a signed assertion, kept until five minutes before it expires.

GitHub's tokens live for an hour; the assertion for ten minutes at most (docs: authenticating as an App installation).
The same token clones over https and posts commit statuses, so one `AppTokens` per installation is shared.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import jwt
import orjson

from reconciler.errors import Problem, Refused, Transient, UserError
from reconciler.git.credentials import Secret
from reconciler.http.model import Request, Response
from reconciler.runtime.clock import Clock

RENEW_BEFORE = timedelta(minutes=5)
_CLOCK_SKEW = timedelta(seconds=60)
_ASSERTION_LIFE = timedelta(minutes=9)
_SHORTEST_ACCEPTED = timedelta(seconds=30)


class App(Protocol):
    """`config.model.GitHubApp`."""

    @property
    def app_id(self) -> str: ...
    @property
    def installation_id(self) -> str: ...
    @property
    def private_key(self) -> Secret: ...
    @property
    def api_url(self) -> str: ...


class AppTokens:
    """The token of one installation. Thread-safe; `get` asks GitHub only when it has to."""

    def __init__(self, app: App, send: Callable[[Request], Response], clock: Clock) -> None:
        self._app, self._send, self._clock = app, send, clock
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = datetime.min.replace(tzinfo=UTC)

    def get(self) -> str:
        """A token that is valid for some minutes at least.

        Raises `UserError` (the key cannot sign), `Refused` (GitHub does not accept it) or `Transient`.
        """
        with self._lock:
            now = self._clock.now()
            if now >= self._renew_at:
                self._token, expires = token_answer(self._send(token_request(self._app, now)))
                self._renew_at = max(expires - RENEW_BEFORE, now + _SHORTEST_ACCEPTED)
            return self._token


def token_request(app: App, now: datetime) -> Request:
    """Asks for an installation token. Raises `UserError` when the private key is not an RSA key in PEM."""
    claims = {"iat": now - _CLOCK_SKEW, "exp": now + _ASSERTION_LIFE, "iss": app.app_id}
    try:
        assertion = jwt.encode(claims, app.private_key.reveal(), algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError):
        fix = "download a new one from the App's settings; it starts with -----BEGIN RSA PRIVATE KEY-----"
        raise UserError(Problem(f"the private key of GitHub App {app.app_id} cannot sign", fix)) from None
    return Request(
        method="POST",
        url=f"{app.api_url.rstrip('/')}/app/installations/{app.installation_id}/access_tokens",
        headers={
            "Authorization": f"Bearer {assertion}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        },
        secrets=(assertion,),
    )


def token_answer(response: Response) -> tuple[str, datetime]:
    """The token and when it expires. Raises `Refused` or `Transient`; the answer's body is never quoted."""
    if response.status in (401, 403, 404):
        raise Refused(
            f"GitHub answered {response.status} to the App: check appID, installationID and privateKey, "
            "and that the App is installed for this repository"
        )
    if response.status != 201:
        wait = response.headers.get("retry-after", "")
        raise Transient(f"GitHub answered {response.status} to the App", float(wait) if wait.isdecimal() else None)
    try:
        body = orjson.loads(response.body)
        expires = datetime.fromisoformat(body["expires_at"])
        return str(body["token"]), expires if expires.tzinfo else expires.replace(tzinfo=UTC)
    except (ValueError, KeyError, TypeError):
        raise Transient("GitHub's answer to the App holds no token") from None
