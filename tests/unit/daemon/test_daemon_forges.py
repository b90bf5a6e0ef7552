"""Statuses go to the repository's own forge with its own token, and no secret is ever shown."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from reconciler.config.model import Credentials, Forge, GitHubApp, Repository, Secret
from reconciler.daemon.forges import Forges
from reconciler.forges.model import StatusTarget
from reconciler.http.model import Request, Response
from reconciler.runtime.clock import VirtualClock
from reconciler.telemetry import log

URL = "https://github.example/acme/shop"
KEY = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
APP = GitHubApp("1", "2", Secret(KEY), "https://api.github.example")


class GitHub:
    """Hands out installation tokens."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def send(self, request: Request) -> Response:
        self.asked.append(request.url)
        body = b'{"token": "installation-token", "expires_at": "2026-01-01T01:00:00Z"}'
        return Response(201, {"content-type": "application/json"}, body)


def forges(*repositories: Repository, github: GitHub | None = None) -> Forges:
    return Forges(repositories, (github or GitHub()).send, VirtualClock())


def test_a_token_goes_to_its_own_forge_and_repository() -> None:
    shop = Repository(URL, forge=Forge("gitea", "https://git.example/api/v1/", "acme/shop", Secret("t0ken-of-shop")))
    assert forges(shop).target(URL) == StatusTarget("gitea", "https://git.example/api/v1", "acme/shop", "t0ken-of-shop")


@pytest.mark.parametrize(
    "repository",
    [Repository("https://other.example/x/y"), Repository(URL), Repository(URL, forge=Forge())],
    ids=["unknown", "no forge", "no name there"],
)
def test_without_a_forge_there_is_nowhere_to_send(repository: Repository) -> None:
    assert forges(repository).target(URL) is None


def test_an_app_is_asked_for_its_token_once_for_cloning_and_for_statuses() -> None:
    github = GitHub()
    shop = Repository(URL, credentials=Credentials(github_app=APP), forge=Forge(repo="acme/shop", github_app=APP))
    found = forges(shop, github=github)
    clone = found.clone_token(shop)
    assert clone is not None
    target = found.target(URL)
    assert target is not None
    assert (clone(), target.token) == ("installation-token", "installation-token")
    assert github.asked == ["https://api.github.example/app/installations/2/access_tokens"]


def test_other_credentials_are_not_the_business_of_an_app() -> None:
    assert forges().clone_token(Repository(URL, credentials=Credentials(token=Secret("abcd")))) is None


def test_hooks_are_believed_by_the_repository_s_own_secret() -> None:
    shop = Repository(URL, "release", forge=Forge(repo="acme/shop", webhook_secret=Secret("h00k-secret")))
    (hook,) = forges(shop).hooks()
    assert (hook.url, hook.branch, hook.secret, hook.forge_repo) == (URL, "release", "h00k-secret", "acme/shop")
    assert "h00k-secret" not in repr(hook)


def test_every_secret_is_masked_in_the_logs() -> None:
    credentials = Credentials(
        token=Secret("clone-token"), ssh_key=Secret("ssh-key-text"), ssh_passphrase=Secret("pass-phrase")
    )
    forge = Forge(repo="acme/shop", token=Secret("status-token"), webhook_secret=Secret("hook-secret-2"))
    found = forges(Repository(URL, credentials=credentials, forge=forge))
    told = log.redacted(" ".join(found.secrets()))
    assert set(found.secrets()) == {"clone-token", "ssh-key-text", "pass-phrase", "status-token", "hook-secret-2"}
    assert set(told.split()) == {log.MASK}
