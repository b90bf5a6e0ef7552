"""The product's doors to a forge, against a real Gitea: fetch a private repository, believe a webhook, set a status."""

from __future__ import annotations

import http.server
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.config.model import Credentials, Secret
from reconciler.errors import Refused
from reconciler.forges import forge_of_webhook
from reconciler.forges.gitea import status_answer, status_request
from reconciler.forges.model import CommitStatus, Delivered, Push, RetryAfter, State, StatusTarget
from reconciler.git.errors import EmptyRepository
from reconciler.git.mirror import Mirror
from reconciler.http.client import HttpClient
from tests.e2e.repository import Clone
from tests.e2e.world import FORGE_REPOSITORY, REPOSITORY, wait_for
from tests.testbed.gitea import Gitea
from tests.testbed.network import HOST

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def gitea() -> Iterator[Gitea]:
    with tempfile.TemporaryDirectory(prefix="forge-") as directory:
        Path(directory).chmod(0o755)
        with Gitea(Path(directory) / "gitea", HOST) as forge:
            forge.create_repository(REPOSITORY)
            forge.create_repository("empty")
            yield forge


@pytest.fixture(scope="module")
def clone(gitea: Gitea, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return Clone(tmp_path_factory.mktemp("clone") / "shop", gitea.push_url(REPOSITORY), HOST)


def test_a_private_repository_is_mirrored_with_a_token(gitea: Gitea, clone: Clone, tmp_path: Path) -> None:
    sha = clone.push("1")
    mirror = _mirror(gitea, REPOSITORY, gitea.token, tmp_path)
    assert mirror.fetch().sha == sha
    assert mirror.tree(sha).id("deploy/rollout.yaml")


def test_a_wrong_token_is_refused_without_showing_it(gitea: Gitea, clone: Clone, tmp_path: Path) -> None:
    clone.push("2")
    with pytest.raises(Refused) as refused:
        _mirror(gitea, REPOSITORY, "wrong-token", tmp_path).fetch()
    assert "wrong-token" not in str(refused.value)


def test_an_empty_repository_is_told_from_an_unreachable_one(gitea: Gitea, tmp_path: Path) -> None:
    with pytest.raises(EmptyRepository):
        _mirror(gitea, "empty", gitea.token, tmp_path).fetch()


def test_a_webhook_is_believed_only_with_its_signature(gitea: Gitea, clone: Clone) -> None:
    with _listening() as (port, heard):
        gitea.add_webhook(REPOSITORY, f"http://127.0.0.1:{port}/hooks/github", "the-secret")
        sha = clone.push("3")
        headers, body = wait_for(lambda: _about(sha, heard), 10, lambda: f"the forge did not call: {len(heard)}")
    _, forge = forge_of_webhook(headers) or pytest.fail("unknown forge")
    push = forge.parse_push(headers, body)
    assert isinstance(push, Push)
    assert (push.branch, push.sha, push.full_name) == ("main", sha, FORGE_REPOSITORY)
    assert forge.verify("the-secret", headers, body)
    assert not forge.verify("the-secret", headers, body + b" ")
    assert not forge.verify("another-secret", headers, body)


def test_a_status_that_was_delivered_can_be_read_next_to_the_commit(gitea: Gitea, clone: Clone) -> None:
    sha = clone.push("4")
    status = CommitStatus(sha, "reconciler/shop", State.FAILURE, "canary 25%, error-rate 0.31 ✗", "http://127.0.0.1/x")
    answer = status_answer(HttpClient("e2e").send(status_request(_target(gitea), status)), datetime.now(UTC))
    [read] = gitea.statuses(REPOSITORY, sha)
    assert isinstance(answer, Delivered)
    assert (read["status"], read["description"], read["target_url"]) == (
        "failure",
        status.description,
        status.target_url,
    )


def test_a_status_of_an_unknown_commit_is_not_taken_for_delivered(gitea: Gitea, clone: Clone) -> None:
    status = CommitStatus("0" * 40, "reconciler/shop", State.SUCCESS, "")
    answer = status_answer(HttpClient("e2e").send(status_request(_target(gitea), status)), datetime.now(UTC))
    assert not isinstance(answer, Delivered)


def test_a_token_without_rights_is_not_hammered_and_not_shown(gitea: Gitea, clone: Clone) -> None:
    sha = clone.push("5")
    status = CommitStatus(sha, "reconciler/shop", State.SUCCESS, "")
    request = status_request(replace(_target(gitea), token="wrong-token"), status)
    answer = status_answer(HttpClient("e2e").send(request), datetime.now(UTC))
    assert isinstance(answer, RetryAfter)
    assert (answer.seconds or 0) >= 60
    assert "wrong-token" not in answer.reason


def _mirror(gitea: Gitea, name: str, token: str, directory: Path) -> Mirror:
    url = f"{gitea.url}/{FORGE_REPOSITORY.partition('/')[0]}/{name}.git"
    return Mirror(url, "main", directory, Credentials(token=Secret(token)))


def _target(gitea: Gitea) -> StatusTarget:
    return StatusTarget("gitea", gitea.api, FORGE_REPOSITORY, gitea.token)


def _about(sha: str, heard: list[tuple[dict[str, str], bytes]]) -> tuple[dict[str, str], bytes] | None:
    """The call about this push; earlier pushes may be told late, to the new webhook too."""
    return next((call for call in heard if f'"after": "{sha}"'.encode() in call[1]), None)


@contextmanager
def _listening() -> Iterator[tuple[int, list[tuple[dict[str, str], bytes]]]]:
    """A port that remembers the headers (lower case) and raw bodies that were posted to it."""
    heard: list[tuple[dict[str, str], bytes]] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard.append((headers, self.rfile.read(int(headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port, heard
    finally:
        server.shutdown()
        server.server_close()
