"""What the sandbox cannot do is refused in so many words, never answered with something that looks right."""

from __future__ import annotations

import time

import pytest

from reconciler.sandbox.server import Sandbox
from tests.sandbox.builders import config_map, deployment
from tests.sandbox.client import APPLY, Api
from tests.sandbox.test_definitions import DEFINITIONS, definition


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/namespaces/default/pods/p/log"),
        ("POST", "/api/v1/namespaces/default/pods/p/eviction"),
        ("POST", "/api/v1/namespaces/default/pods/p/exec"),
        ("POST", "/api/v1/namespaces/default/pods/p/binding"),
        ("POST", "/api/v1/namespaces/default/serviceaccounts/s/token"),
        ("GET", "/api/v1/watch/pods"),
        ("GET", "/api/v1/namespaces/default/pods/p?watch=true"),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
        ("POST", "/apis/authentication.k8s.io/v1/tokenreviews"),
        ("GET", "/openapi/v2"),
    ],
)
def test_what_is_not_there_is_said_not_to_be(fake: Api, method: str, path: str) -> None:
    answer = fake.call(method, path, {} if method == "POST" else None)
    assert (answer.code, answer.body["reason"]) == (501, "NotImplemented")
    assert "does not implement" in answer.message


def test_protobuf_is_not_read(fake: Api) -> None:
    answer = fake.call("POST", fake.path("configmaps"), b"k8s\x00", "application/vnd.kubernetes.protobuf")
    assert (answer.code, answer.reason) == (415, "UnsupportedMediaType")
    assert "not application/vnd.kubernetes.protobuf" in answer.message


def test_rules_that_are_not_evaluated_are_named(fake: Api) -> None:
    body = definition(f"{fake.namespace}.example.com")
    schema = body["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["x-kubernetes-validations"] = [{"rule": "self.spec.size < 5"}]
    answer = fake.post(DEFINITIONS, body)
    assert answer.code == 201
    assert "does not evaluate" in answer.headers["Warning"]
    fake.delete(f"{DEFINITIONS}/{body['metadata']['name']}").ok()


def test_a_scale_cannot_be_applied(fake: Api) -> None:
    fake.post(fake.path("deployments", api="apps/v1"), deployment()).ok()
    answer = fake.patch(fake.path("deployments", "web", "apps/v1", "scale"), {}, APPLY, fieldManager="x")
    assert answer.code == 501


def test_a_body_beyond_the_limit_is_refused(fake: Api) -> None:
    answer = fake.post(fake.path("configmaps"), config_map("a", {"k": "x" * 4_000_000}))
    assert (answer.code, answer.reason) == (413, "RequestEntityTooLarge")


def test_only_the_loopback_interface_is_served(sandbox: Sandbox) -> None:
    assert sandbox.url.startswith("http://127.0.0.1:")


def test_a_port_is_free_again_after_stop() -> None:
    with Sandbox() as first:
        port = int(first.url.rpartition(":")[2])
    with Sandbox(port=port) as second:
        assert second.url == first.url


def test_a_thousand_objects_are_created_in_two_seconds(fake: Api) -> None:
    started = time.process_time(), time.monotonic()
    for number in range(1000):
        fake.post(fake.path("configmaps"), config_map(f"a{number}", {"k": "v"})).ok()
    busy = time.process_time() - started[0]
    assert min(busy, time.monotonic() - started[1]) < 2
