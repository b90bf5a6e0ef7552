"""Against a token endpoint and a vendor as RFC 6749 describes them: §4.4.2 the request, §5.1 and §5.2 the answers."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest

from reconciler.analysis.providers import web
from reconciler.analysis.providers.contract import OverHttp, ProviderError, Surroundings
from reconciler.analysis.providers.oauth2 import WithTokens, client_of
from reconciler.http.model import Request, Response
from tests.unit.analysis.providers.vendor import Vendor, failed

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SETTINGS: dict[str, Any] = {"tokenUrl": "https://id/token", "clientId": "me:too", "clientSecret": "s/ecret"}
CONFIG: dict[str, Any] = {"url": "https://vendor/x", "authentication": {"oauth2": SETTINGS}}


@dataclass
class World:
    """Grants `token-1`, `token-2`, … and accepts only the tokens that were not revoked."""

    lifetime: Any = 60
    only_form: bool = False
    grants: list[Request] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)

    def send(self, request: Request) -> Response:
        return self._grant(request) if request.url == SETTINGS["tokenUrl"] else self._answer(request)

    def _grant(self, request: Request) -> Response:
        form = parse_qs(request.body.decode(), strict_parsing=True)
        assert request.method == "POST"
        assert form["grant_type"] == ["client_credentials"]
        if self.only_form and "client_secret" not in form:
            return Response(401, {}, b'{"error": "invalid_client"}')
        self.grants.append(request)
        granted = {"access_token": f"token-{len(self.grants)}", "token_type": "Bearer", "expires_in": self.lifetime}
        return Response(200, {}, orjson.dumps(granted))

    def _answer(self, request: Request) -> Response:
        self.asked.append(request)
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return Response(401 if token in self.revoked else 200, {}, b"7")


def measuring(world: World) -> Callable[[datetime], Any]:
    provider = WithTokens(OverHttp(web))
    return lambda now: provider.measure(CONFIG, now, Surroundings(send=world.send)).value


def test_a_token_is_used_until_shortly_before_it_expires() -> None:
    world = World()
    measure = measuring(world)
    for seconds, grants in ((0, 1), (49, 1), (50, 2)):
        assert measure(NOW + timedelta(seconds=seconds)) == 7.0
        assert len(world.grants) == grants
    assert [request.headers["Authorization"] for request in world.asked] == ["Bearer token-1"] * 2 + ["Bearer token-2"]


def test_a_refused_token_is_replaced_once() -> None:
    world = World(revoked={"token-1"})
    assert measuring(world)(NOW) == 7.0
    hopeless = World(revoked={"token-1", "token-2"})
    with pytest.raises(ProviderError, match="401"):
        measuring(hopeless)(NOW)
    assert len(hopeless.asked) == 2


def test_the_client_names_itself_in_a_header_and_in_the_form_only_where_that_is_refused() -> None:
    plain, particular = World(), World(only_form=True)
    measuring(plain)(NOW)
    measuring(particular)(NOW)
    header = plain.grants[0].headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(header) == b"me%3Atoo:s%2Fecret"
    assert b"client_secret" not in plain.grants[0].body
    assert parse_qs(particular.grants[0].body.decode())["client_secret"] == ["s/ecret"]


def test_secret_and_token_are_declared_wherever_they_travel() -> None:
    world = World()
    measuring(world)(NOW)
    assert {"s/ecret", "s%2Fecret"} <= set(world.grants[0].secrets)
    assert "token-1" in world.asked[0].secrets


def test_a_token_of_untold_lifetime_is_kept_for_a_while() -> None:
    world = World(lifetime=None)
    measure = measuring(world)
    for minutes in (0, 4, 6):
        measure(NOW + timedelta(minutes=minutes))
    assert len(world.grants) == 2


@pytest.mark.parametrize(
    ("authentication", "message"),
    [
        ({"oauth2": {"tokenUrl": "https://id"}}, "no clientId, has no clientSecret"),
        ({"oauth2": {**SETTINGS, "tokenUrl": "id/token"}}, "not an http"),
        ({"oauth2": SETTINGS, "basicAuth": {"username": "me"}}, "basicAuth"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(authentication: dict[str, Any], message: str) -> None:
    with pytest.raises(ProviderError, match=message):
        client_of({"authentication": authentication})


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (401, b'{"error": "invalid_client"}', "invalid_client"),
        (400, b'{"error": "invalid_scope"}', "invalid_scope"),
        (500, b"oops", "500"),
        (200, b"<html>", "not JSON"),
        (200, b'{"token_type": "bearer"}', "without an access_token"),
        (200, b'{"access_token": "t", "token_type": "mac"}', "no bearer token"),
    ],
)
@pytest.mark.parametrize("provider", ["prometheus", "web"])
def test_what_the_endpoint_refuses_becomes_the_message(
    vendor: Vendor, provider: str, status: int, body: bytes, message: str
) -> None:
    vendor.answers(body, status)
    settings = {"tokenUrl": f"{vendor.url}/token", "clientId": "me", "clientSecret": "very-secret"}
    config = {"address": vendor.url, "query": "up", "url": vendor.url, "authentication": {"oauth2": settings}}
    assert failed(measurement := vendor.measure(provider, config), message)
    assert {asked.path for asked in vendor.asked} == {"/token"}
    assert "very-secret" not in measurement.message
