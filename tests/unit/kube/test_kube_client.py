from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from reconciler.errors import AlreadyExists, Conflict, Gone, NotFound, Refused, Transient, UserError
from reconciler.kube.api import Resource
from reconciler.kube.client import HttpCluster
from reconciler.kube.objects import CONFIG_MAPS, DEPLOYMENTS, NAMESPACES, SECRETS


@pytest.fixture
def cluster(server: Any) -> HttpCluster:
    return HttpCluster.for_url(server.url, "t0ken", user_agent="reconciler/9")


def query_of(peer: Any) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in peer.target.partition("?")[2].split("&") if pair)


def test_a_request_carries_the_token_and_says_who_asks(server: Any, cluster: HttpCluster) -> None:
    server.then(lambda peer: peer.answer(200, {"metadata": {"name": "a"}}))
    assert cluster.get(NAMESPACES, None, "a")["metadata"]["name"] == "a"
    assert server.targets() == ["GET /api/v1/namespaces/a"]
    assert "Authorization: Bearer t0ken" in server.seen[0].head
    assert "User-Agent: reconciler/9" in server.seen[0].head


def test_apply_sends_the_object_as_an_apply_patch_that_rejects_unknown_fields(
    server: Any, cluster: HttpCluster
) -> None:
    server.then(lambda peer: peer.answer(201, peer.body))
    body = {"metadata": {"name": "web"}}
    assert cluster.apply(DEPLOYMENTS, "shop", "web", body, dry_run=True) == body
    peer = server.seen[0]
    assert peer.target.startswith("/apis/apps/v1/namespaces/shop/deployments/web?")
    assert "Content-Type: application/apply-patch+yaml" in peer.head
    assert query_of(peer) == {
        "fieldManager": "reconciler",
        "fieldValidation": "Strict",
        "force": "true",
        "dryRun": "All",
    }


@pytest.mark.parametrize(
    ("kind", "patch", "content_type"),
    [
        ("merge", {"status": {"a": 1}}, "application/merge-patch+json"),
        ("json", [{"op": "test", "path": "/a", "value": 1}], "application/json-patch+json"),
        ("strategic", {"spec": {}}, "application/strategic-merge-patch+json"),
    ],
)
def test_patches_travel_under_their_own_type(
    server: Any, cluster: HttpCluster, kind: Any, patch: Any, content_type: str
) -> None:
    server.then(lambda peer: peer.answer(200, {}))
    cluster.patch(DEPLOYMENTS, "shop", "web", patch, kind=kind, subresource="status")
    peer = server.seen[0]
    assert peer.target.partition("?")[0].endswith("/deployments/web/status")
    assert f"Content-Type: {content_type}\r\n" in peer.head + "\r\n"
    assert json.loads(peer.body) == patch


def test_a_delete_names_the_object_that_it_means(server: Any, cluster: HttpCluster) -> None:
    server.then(lambda peer: peer.answer(200, {}))
    cluster.delete(CONFIG_MAPS, "shop", "a", uid="u1", resource_version="7", propagation="Foreground")
    options = json.loads(server.seen[0].body)
    assert options["preconditions"] == {"uid": "u1", "resourceVersion": "7"}
    assert options["propagationPolicy"] == "Foreground"


def a_page(version: str, token: str, *names: str) -> dict[str, Any]:
    return {
        "metadata": {"resourceVersion": version, "continue": token},
        "items": [{"metadata": {"name": name}} for name in names],
    }


def test_a_list_is_all_its_pages(server: Any, cluster: HttpCluster) -> None:
    server.then(
        lambda peer: peer.answer(200, a_page("5", "next page", "a", "b")),
        lambda peer: peer.answer(200, a_page("5", "", "c")),
    )
    found = cluster.list(CONFIG_MAPS, "shop", label_selector="app in (a,b)")
    assert [item["metadata"]["name"] for item in found] == ["a", "b", "c"]
    assert {item["kind"] for item in found} == {"ConfigMap"}
    first, second = map(query_of, server.seen)
    assert first == {"labelSelector": "app+in+%28a%2Cb%29", "limit": "500"}
    assert second["continue"] == "next+page"


def test_a_list_whose_token_expired_starts_again_and_at_last_without_pages(server: Any, cluster: HttpCluster) -> None:
    def page_or_gone(peer: Any) -> None:
        query = query_of(peer)
        if "continue" in query:
            peer.refuse(410, "Expired", "The provided continue parameter is too old")
        elif "limit" in query:
            peer.answer(200, a_page("5", "more", "a"))
        else:
            peer.answer(200, a_page("9", "", "a", "b"))

    server.then(page_or_gone)
    found = cluster.list_raw(CONFIG_MAPS)
    assert (len(found.items), found.resource_version) == (2, "9")
    assert len(server.seen) == 7


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        (400, "BadRequest", UserError),
        (401, "Unauthorized", Refused),
        (403, "Forbidden", Refused),
        (404, "NotFound", NotFound),
        (409, "Conflict", Conflict),
        (409, "AlreadyExists", AlreadyExists),
        (410, "Expired", Gone),
        (422, "Invalid", UserError),
        (429, "TooManyRequests", Transient),
        (500, "InternalError", Transient),
        (504, "Timeout", Transient),
    ],
)
def test_a_refusal_is_raised_with_the_object_and_the_servers_words(
    server: Any, cluster: HttpCluster, code: int, reason: str, error: type[Exception]
) -> None:
    server.then(lambda peer: peer.refuse(code, reason, "because of this"))
    with pytest.raises(error, match="create ConfigMap shop/a: because of this"):
        cluster.create(CONFIG_MAPS, "shop", {"metadata": {"name": "a"}})


def test_the_servers_wish_to_be_left_alone_is_passed_on(server: Any, cluster: HttpCluster) -> None:
    server.then(
        lambda peer: peer.refuse(429, "TooManyRequests", "slow down", "Retry-After: 3"),
        lambda peer: peer.refuse(503, "ServiceUnavailable", "starting", retryAfterSeconds=7),
    )
    waits = []
    for _ in range(2):
        with pytest.raises(Transient) as caught:
            cluster.get(CONFIG_MAPS, "shop", "a")
        waits.append(caught.value.retry_after)
    assert waits == [3, 7]


def test_no_server_is_transient() -> None:
    with pytest.raises(Transient, match="get ConfigMap shop/a: no answer from the API server"):
        HttpCluster.for_url("http://127.0.0.1:1").get(CONFIG_MAPS, "shop", "a")


def test_a_failed_test_of_a_json_patch_is_a_conflict(server: Any, cluster: HttpCluster) -> None:
    words = "the server rejected our request due to an error in our request"
    server.then(lambda peer: peer.refuse(422, "Invalid", words))
    with pytest.raises(Conflict):
        cluster.patch(CONFIG_MAPS, "shop", "a", [{"op": "test", "path": "/data/a", "value": "1"}], kind="json")
    with pytest.raises(UserError):
        cluster.patch(CONFIG_MAPS, "shop", "a", {}, kind="merge")


def test_what_a_secret_holds_is_in_no_error(server: Any, cluster: HttpCluster) -> None:
    cause = {"field": "data[key]", "reason": "FieldValueInvalid", "message": 'Invalid value: "hunter2"'}
    server.then(
        lambda peer: peer.refuse(422, "Invalid", 'Secret "a" is invalid: "hunter2"', causes=[cause]),
        lambda peer: peer.refuse(400, "BadRequest", "error found in #10 byte of ...|hunter2"),
        lambda peer: peer.refuse(500, "", 'failed to create typed patch object: .data: expected map, got "hunter2"'),
    )
    for _ in range(3):
        with pytest.raises(UserError) as caught:
            cluster.apply(SECRETS, "shop", "a", {"data": {"key": "hunter2"}})
        assert "hunter2" not in str(caught.value)
        assert "apply Secret shop/a" in str(caught.value)


@pytest.mark.parametrize("name", ["../../secrets/x", "..", "a?b", "a%2Fb"])
def test_a_name_cannot_lead_to_another_path(cluster: HttpCluster, name: str) -> None:
    with pytest.raises(UserError, match="cannot be a name"):
        cluster.get(CONFIG_MAPS, "shop", name)


def test_a_kind_is_found_by_discovery_and_asked_for_again_only_on_a_miss(server: Any, cluster: HttpCluster) -> None:
    old = {"name": "widgets", "kind": "Widget", "namespaced": True}
    status = {"name": "widgets/status", "kind": "Widget", "namespaced": True}
    new = {"name": "gadgets", "kind": "Gadget", "namespaced": False}
    server.then(
        lambda peer: peer.answer(200, {"resources": [status, old]}),
        lambda peer: peer.answer(200, {"resources": [old, new]}),
        lambda peer: peer.refuse(404, "NotFound", "404 page not found"),
    )
    for _ in range(2):
        assert cluster.find("x.io/v1", "Widget") == Resource("x.io", "v1", "Widget", "widgets")
    assert cluster.find("x.io/v1", "Gadget") == Resource("x.io", "v1", "Gadget", "gadgets", namespaced=False)
    with pytest.raises(NotFound, match=r"no kind Nope in y\.io/v1"):
        cluster.find("y.io/v1", "Nope")
    assert server.targets() == ["GET /apis/x.io/v1", "GET /apis/x.io/v1", "GET /apis/y.io/v1"]


def test_every_request_is_reported_even_one_without_an_answer(server: Any, cluster: HttpCluster) -> None:
    seen: list[tuple[str, str, int]] = []
    cluster.observe(lambda verb, plural, code, _seconds: seen.append((verb, plural, code)))
    server.then(lambda peer: peer.refuse(404, "NotFound", "no"), lambda peer: peer.sock.close())
    for error in (NotFound, Transient):
        with pytest.raises(error):
            cluster.get(CONFIG_MAPS, "shop", "a")
    assert seen == [("get", "configmaps", 404), ("get", "configmaps", 0)]


def test_the_client_library_is_not_loaded_before_a_kubeconfig_is_used() -> None:
    code = "import sys; import reconciler.kube.client; sys.exit('kubernetes' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
