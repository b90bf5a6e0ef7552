"""An App's token is asked for once per life, with an assertion GitHub would accept, and never shown."""

from __future__ import annotations

import json
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from reconciler.config.model import GitHubApp, Secret
from reconciler.errors import Refused, Transient, UserError
from reconciler.git.github_app import AppTokens
from reconciler.http.model import Request, Response
from reconciler.runtime.clock import VirtualClock

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
).decode()
APP = GitHubApp("12", "345", Secret(PEM), "https://api.example.org/")


class GitHub:
    """Answers like the real one; remembers what it was asked."""

    def __init__(self, clock: VirtualClock, status: int = 201, body: bytes | None = None) -> None:
        self.clock, self.status, self.body = clock, status, body
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.asked.append(request)
        expires = self.clock.now() + timedelta(hours=1)
        answer = {"token": f"ghs_{len(self.asked)}", "expires_at": f"{expires:%Y-%m-%dT%H:%M:%SZ}"}
        return Response(self.status, {"retry-after": "7"}, self.body or json.dumps(answer).encode())


def tokens(**options) -> tuple[AppTokens, GitHub, VirtualClock]:
    clock = VirtualClock()
    github = GitHub(clock, **options)
    return AppTokens(APP, github, clock), github, clock


def test_the_assertion_is_signed_short_lived_and_sent_to_the_installation() -> None:
    app, github, clock = tokens()
    assert app.get() == "ghs_1"
    request = github.asked[0]
    assert (request.method, request.url) == ("POST", "https://api.example.org/app/installations/345/access_tokens")
    assertion = request.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(assertion, KEY.public_key(), ["RS256"], options={"verify_exp": False, "verify_iat": False})
    now = clock.now().timestamp()
    assert claims == {"iss": "12", "iat": now - 60, "exp": now + 540}
    assert assertion in request.secrets


def test_a_token_is_kept_until_five_minutes_before_it_expires() -> None:
    app, github, clock = tokens()
    app.get()
    clock.advance(3600 - 301)
    assert app.get() == "ghs_1"
    clock.advance(2)
    assert app.get() == "ghs_2"
    assert len(github.asked) == 2


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"status": 401}, Refused),
        ({"status": 404}, Refused),
        ({"status": 503}, Transient),
        ({"status": 429}, Transient),
        ({"body": b"{}"}, Transient),
        ({"body": b"<html>"}, Transient),
    ],
    ids=str,
)
def test_a_refusal_and_a_bad_moment_are_told_apart(options: dict, error: type[Exception]) -> None:
    app, github, _ = tokens(**options)
    with pytest.raises(error):
        app.get()
    with pytest.raises(error):
        app.get()
    assert len(github.asked) == 2, "a failure is not cached"


def test_the_other_sides_wish_to_wait_is_passed_on() -> None:
    app, _, _ = tokens(status=503)
    with pytest.raises(Transient) as caught:
        app.get()
    assert caught.value.retry_after == 7


@pytest.mark.parametrize(
    "key", ["", "not a key", "-----BEGIN RSA PRIVATE KEY-----\ns3cret\n-----END RSA PRIVATE KEY-----"]
)
def test_a_key_that_cannot_sign_is_the_users_to_mend_and_is_not_shown(key: str) -> None:
    clock = VirtualClock()
    with pytest.raises(UserError, match="private key of GitHub App 12 cannot sign") as caught:
        AppTokens(GitHubApp("12", "345", Secret(key)), GitHub(clock), clock).get()
    assert "s3cret" not in str(caught.value)
