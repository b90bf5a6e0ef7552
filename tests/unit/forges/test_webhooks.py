"""What webhooks of the forges are read as; the payloads are the vendors' published examples."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import UserError
from reconciler.forges import forge, forge_of_webhook, gitea, github
from reconciler.forges.model import Ping, Push

GOLDEN = Path(__file__).parents[2] / "golden" / "forges"
SECRET = "a webhook secret"


def payload(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


def mac(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_a_push_to_a_branch_names_repository_branch_and_commit():
    push = github.parse_push({"x-github-event": "push"}, payload("github-push-branch"))
    assert isinstance(push, Push)
    assert (push.branch, push.sha) == ("master", "6113728f27ae82c7b1a177c8d03f9e96e0adf246")
    assert "https://github.com/Codertocat/Hello-World.git" in push.repo_urls
    assert push.full_name == "Codertocat/Hello-World"


@pytest.mark.parametrize("name", ["github-push-tag", "github-push-tag-deleted"])
def test_a_push_of_a_tag_is_not_a_push_to_a_branch(name: str):
    assert github.parse_push({"x-github-event": "push"}, payload(name)) is None


def test_a_ping_is_recognised_whatever_it_carries():
    assert github.parse_push({"x-github-event": "ping"}, payload("github-ping")) == Ping()


def test_a_deleted_branch_is_a_push_without_a_commit():
    body = json.dumps({**json.loads(payload("github-push-branch")), "deleted": True, "after": "0" * 40}).encode()
    push = github.parse_push({"x-github-event": "push"}, body)
    assert isinstance(push, Push) and push.sha == ""


def test_a_payload_sent_as_a_form_is_read_like_json():
    headers = {"x-github-event": "push", "content-type": "application/x-www-form-urlencoded"}
    body = urlencode({"payload": payload("github-push-branch").decode()}).encode()
    assert github.parse_push(headers, body) == github.parse_push(
        {"x-github-event": "push"}, payload("github-push-branch")
    )


def test_gitea_says_the_same_in_its_own_headers():
    push = gitea.parse_push({"x-gitea-event": "push"}, payload("gitea-push"))
    assert isinstance(push, Push)
    assert (push.full_name, push.branch, push.sha[:8]) == ("shop/deploy", "main", "bffeb742")


def test_gitea_is_recognised_although_it_also_sends_the_headers_of_github():
    found = forge_of_webhook({"x-github-event": "push", "x-gitea-event": "push", "x-hub-signature-256": "sha256=0"})
    assert found is not None and found[0] == "gitea"


@pytest.mark.parametrize(
    ("kind", "header", "value"),
    [
        pytest.param("github", "x-hub-signature-256", "sha256={mac}", id="github"),
        pytest.param("gitea", "x-gitea-signature", "{mac}", id="gitea"),
    ],
)
def test_a_signature_holds_only_for_its_secret_its_body_and_its_scheme(kind: str, header: str, value: str):
    body = b'{"ref": 1}'
    signature = value.format(mac=mac(body))
    verify = forge(kind).verify
    assert verify(SECRET, {header: signature}, body)
    assert not verify("another", {header: signature}, body)
    assert not verify(SECRET, {header: signature}, body + b" ")
    assert not verify(SECRET, {header: "sha1=" + mac(body)}, body)
    assert not verify(SECRET, {header: "ü" + signature}, body)
    assert not verify(SECRET, {}, body)


def test_an_empty_secret_verifies_nothing():
    assert not github.verify("", {"x-hub-signature-256": "sha256=" + mac(b"", "")}, b"")


def test_an_unknown_forge_names_the_known_ones():
    with pytest.raises(UserError, match="gitea, github"):
        forge("sourcehut")


SHAPES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["ref", "after", "repository", "clone_url", "full_name", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(shape=SHAPES, kind=st.sampled_from(["github", "gitea"]), form=st.booleans())
def test_no_shape_of_payload_makes_a_parser_raise(shape: object, kind: str, form: bool):
    body = json.dumps(shape).encode()
    content_type = "application/x-www-form-urlencoded" if form else "application/json"
    headers = {f"x-{kind}-event": "push", "content-type": content_type}
    found = forge(kind).parse_push(headers, b"payload=" + body if form else body)
    assert found is None or isinstance(found, Push)


@given(body=st.binary(max_size=200), form=st.booleans())
def test_no_bytes_make_a_parser_raise(body: bytes, form: bool):
    headers = {"x-github-event": "push"} | ({"content-type": "application/x-www-form-urlencoded"} if form else {})
    assert github.parse_push(headers, body) is None
