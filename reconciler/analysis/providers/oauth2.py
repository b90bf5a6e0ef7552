"""OAuth 2 client credentials for providers of one question: `authentication.oauth2` (spec rollouts §7.6).

A token (RFC 6749 §4.4) is kept in memory until shortly before it expires, and fetched anew once when the vendor
refuses it. The client's secret and the token are declared as secrets of every request that carries them.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

from reconciler.analysis.providers.contract import Answer, Provider, ProviderError, Surroundings
from reconciler.analysis.providers.replies import document
from reconciler.analysis.providers.settings import is_web_address
from reconciler.http.model import Request, Response

NAME = "the token endpoint"
TIMEOUT = 10.0
EARLIER = timedelta(seconds=10)
"""A token is not used in its last seconds: it would expire on the way."""

UNTOLD = timedelta(minutes=5)
"""How long a token is kept whose endpoint does not tell when it expires."""


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks for a token, and where."""

    url: str
    name: str
    secret: str = field(repr=False)
    scopes: tuple[str, ...] = ()
    insecure: bool = False


class WithTokens:
    """Lets the provider's requests carry a token where its settings ask for one. Thread-safe."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._lock = threading.Lock()
        self._tokens: dict[Client, tuple[str, datetime]] = {}

    def measure(self, config: Mapping[str, Any], now: datetime, around: Surroundings) -> Answer:
        client = client_of(config)
        if client is None:
            return self.provider.measure(config, now, around)

        def send(request: Request) -> Response:
            response = around.send(carrying(request, self._token(client, now, around)))
            if response.status != 401:
                return response
            with self._lock:
                self._tokens.pop(client, None)
            return around.send(carrying(request, self._token(client, now, around)))

        return self.provider.measure(config, now, replace(around, send=send))

    def _token(self, client: Client, now: datetime, around: Surroundings) -> str:
        with self._lock:
            self._tokens = {known: kept for known, kept in self._tokens.items() if kept[1] > now}
            if client in self._tokens:
                return self._tokens[client][0]
        token, lifetime = fetch(client, around)
        with self._lock:
            self._tokens[client] = token, now + lifetime
        return token


def client_of(config: Mapping[str, Any]) -> Client | None:
    """The settings; None when the token's URL, id and secret are all empty. Raises ProviderError with all problems."""
    authentication: Mapping[str, Any] = config.get("authentication") or {}
    settings: Mapping[str, Any] = authentication.get("oauth2") or {}
    texts = {key: str(settings.get(key) or "") for key in ("tokenUrl", "clientId", "clientSecret")}
    if not any(texts.values()):
        return None
    problems = [f"has no {key}" for key, text in texts.items() if not text]
    if texts["tokenUrl"] and not is_web_address(texts["tokenUrl"]):
        problems.append("has a tokenUrl that is not an http(s) URL")
    if any((authentication.get("basicAuth") or {}).values()):
        problems.append("cannot be used together with basicAuth")
    if problems:
        raise ProviderError(f"authentication.oauth2 {', '.join(problems)}")
    scopes = tuple(str(scope) for scope in settings.get("scopes") or ())
    return Client(texts["tokenUrl"], texts["clientId"], texts["clientSecret"], scopes, bool(config.get("insecure")))


def fetch(client: Client, around: Surroundings) -> tuple[str, timedelta]:
    """A token and how long to keep it. Raises ProviderError with what the endpoint says.

    The credentials go into a header, as every server must accept; into the form for those that refuse this.
    """
    response = around.send(_question(client, in_form=False))
    if response.status in (400, 401):
        response = around.send(_question(client, in_form=True))
    granted = document(NAME, response)
    token = granted.get("access_token")
    if not isinstance(token, str) or not token:
        raise ProviderError(f"{NAME} answered without an access_token")
    if str(granted.get("token_type") or "bearer").lower() != "bearer":
        raise ProviderError(f"{NAME} answered with a token that is no bearer token")
    return token, _lifetime(granted.get("expires_in"))


def carrying(request: Request, token: str) -> Request:
    """The request with the token in the place of any other authorization."""
    headers = {name: text for name, text in request.headers.items() if name.lower() != "authorization"}
    headers["Authorization"] = f"Bearer {token}"
    return replace(request, headers=headers, secrets=(*request.secrets, token))


def _question(client: Client, *, in_form: bool) -> Request:
    form = {"grant_type": "client_credentials"}
    if client.scopes:
        form["scope"] = " ".join(client.scopes)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    pair = f"{quote_plus(client.name)}:{quote_plus(client.secret)}"
    basic = base64.b64encode(pair.encode()).decode()
    if in_form:
        form |= {"client_id": client.name, "client_secret": client.secret}
    else:
        headers["Authorization"] = f"Basic {basic}"
    secrets = (client.secret, quote_plus(client.secret), basic)
    body = urlencode(form).encode()
    return Request("POST", client.url, headers, body, timeout=TIMEOUT, insecure=client.insecure, secrets=secrets)


def _lifetime(seconds: Any) -> timedelta:
    try:
        told = timedelta(seconds=float(seconds))
    except (TypeError, ValueError, OverflowError):
        return UNTOLD
    return min(told, timedelta(days=1)) - EARLIER
