"""Webhooks: who is believed, what is ignored, and that no shape of request breaks anything."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.web.hooks import Hooks
from reconciler.web.limits import Misbehaviour, Seen
from reconciler.web.ports import HookRepository

SECRET = "a webhook secret"
SHOP = HookRepository("git@github.com:shop/deploy.git", "main", SECRET, "shop/deploy")
SHA = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"


def pushed(branch: str = "main", repo: str = "shop/deploy", sha: str = SHA) -> bytes:
    repository = {"full_name": repo, "clone_url": f"https://github.com/{repo}.git"}
    return json.dumps({"ref": f"refs/heads/{branch}", "after": sha, "repository": repository}).encode()


def signed(body: bytes, secret: str = SECRET, delivery: str = "", **headers: str) -> dict[str, str]:
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = {"x-github-event": "push", "x-hub-signature-256": f"sha256={mac}", "x-github-delivery": delivery}
    return given | {name.replace("_", "-"): value for name, value in headers.items()}


class Site:
    def __init__(self, *repositories: HookRepository) -> None:
        self.pushes: list[tuple[str, str, str]] = []
        self.hooks = Hooks(repositories or (SHOP,), lambda *push: self.pushes.append(push))
        self.now = 0.0

    def send(self, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, str]:
        verdict = self.hooks.judge(signed(body) if headers is None else headers, body, self.now)[1]
        return verdict.status, verdict.result


def test_a_signed_push_to_the_watched_branch_is_passed_on_with_the_configured_url():
    site = Site()
    assert site.send(pushed()) == (202, "accepted")
    assert site.pushes == [(SHOP.url, "main", SHA)]


@pytest.mark.parametrize(
    ("body", "headers", "answer"),
    [
        pytest.param(pushed("feature"), None, (202, "ignored"), id="another branch"),
        pytest.param(pushed(repo="shop/else"), None, (202, "ignored"), id="another repository"),
        pytest.param(b"[]", None, (202, "ignored"), id="no payload object"),
        pytest.param(b"{}", signed(b"{}", x_github_event="issues"), (202, "ignored"), id="another event"),
        pytest.param(b"{}", signed(b"{}", x_github_event="ping"), (200, "ping"), id="ping"),
        pytest.param(pushed(), signed(pushed(), secret="guess"), (401, "bad_signature"), id="wrong secret"),
        pytest.param(pushed(), signed(b"other"), (401, "bad_signature"), id="signature of another body"),
        pytest.param(pushed(), {"x-github-event": "push"}, (401, "bad_signature"), id="no signature"),
        pytest.param(pushed(), {}, (400, "unknown_forge"), id="no forge"),
    ],
)
def test_everything_else_is_answered_and_not_passed_on(body: bytes, headers: dict[str, str], answer: tuple[int, str]):
    site = Site()
    assert site.send(body, headers) == answer
    assert site.pushes == []


def test_without_a_secret_nothing_is_believed_and_the_answer_says_what_to_set():
    hooks = Hooks((HookRepository(SHOP.url, "main", secret=""),), lambda *push: pytest.fail("believed"))
    verdict = hooks.judge(signed(pushed(), secret=""), pushed(), 0.0)[1]
    assert verdict.status == 503 and "RECONCILER_WEBHOOK_SECRET" in verdict.text


def test_a_secret_vouches_only_for_its_own_repositories():
    other = HookRepository("https://github.com/other/deploy", "main", "another secret")
    site = Site(SHOP, other)
    body = pushed(repo="other/deploy")
    assert site.send(body, signed(body, SECRET)) == (202, "ignored")
    assert site.pushes == []


def test_a_gitea_delivery_is_believed_by_its_own_signature():
    site, body = Site(), pushed()
    mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-gitea-event": "push", "x-github-event": "push", "x-gitea-signature": mac, "x-gitea-delivery": "1"}
    assert site.send(body, headers) == (202, "accepted")


def test_a_replay_is_ignored_for_ten_minutes_even_under_a_new_delivery_id():
    site, body = Site(), pushed()
    assert site.send(body, signed(body, delivery="1")) == (202, "accepted")
    assert site.send(body, signed(body, delivery="2")) == (202, "replayed")
    assert site.send(pushed(sha="b" * 40), signed(pushed(sha="b" * 40), delivery="1")) == (202, "replayed")
    site.now = 601.0
    assert site.send(body, signed(body, delivery="1")) == (202, "accepted")
    assert len(site.pushes) == 2


def test_a_forged_delivery_cannot_use_up_the_id_of_the_real_one():
    site, body = Site(), pushed()
    assert site.send(body, signed(body, secret="guess", delivery="1"))[0] == 401
    assert site.send(body, signed(body, delivery="1")) == (202, "accepted")


SHAPES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["ref", "after", "repository", "clone_url", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(shape=SHAPES, ref=st.text(max_size=30), event=st.sampled_from(["push", "ping", "", "ü"]))
def test_no_shape_of_a_signed_payload_raises(shape: object, ref: str, event: str):
    body = json.dumps({"ref": f"refs/heads/{ref}", "repository": shape, "after": shape}).encode()
    status, _ = Site().send(body, signed(body, x_github_event=event))
    assert status in (200, 202)


@given(body=st.binary(max_size=100), headers=st.dictionaries(st.sampled_from(list(signed(b""))), st.text(max_size=40)))
def test_no_bytes_and_no_headers_raise(body: bytes, headers: dict[str, str]):
    assert Site().send(body, headers)[0] in (200, 202, 400, 401)


def test_what_was_seen_is_kept_within_bounds():
    seen = Seen(seconds=600, limit=100)
    assert all(seen.is_new((str(number),), now=number / 1000) for number in range(1000))
    assert len(seen._times) == 100


def test_a_source_of_refused_requests_is_held_off_and_forgiven_with_time():
    sources = Misbehaviour(burst=3, per_minute=60)
    for _ in range(3):
        assert sources.blocked_for("bad", 0) == 0
        sources.note("bad", 0)
    assert sources.blocked_for("bad", 0) == 1
    assert sources.blocked_for("good", 0) == 0
    assert sources.blocked_for("bad", 1) == 0
