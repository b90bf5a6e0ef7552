"""Door 2 against a real kube-apiserver: what the scripted server of the unit tests can only assume."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from reconciler.errors import AlreadyExists, Conflict, NotFound, Refused, Transient, UserError
from reconciler.kube.api import Resource
from reconciler.kube.client import PAGE_SIZE, HttpCluster, connect
from reconciler.kube.events import EventRecorder
from reconciler.kube.happenings import ObjectRef
from reconciler.kube.informer import Informer
from reconciler.kube.leases import Lease
from reconciler.kube.objects import CONFIG_MAPS, DEPLOYMENTS, EVENTS, LEASES, NAMESPACES, SECRETS, Meta
from reconciler.runtime.clock import SystemClock
from tests.testbed.access import DAEMON, Access

pytestmark = pytest.mark.cluster


class Thing(msgspec.Struct, frozen=True):
    metadata: Meta
    data: dict[str, str] = {}


@pytest.fixture(scope="module")
def cluster(control_plane: Access) -> HttpCluster:
    return connect(str(control_plane.kubeconfig), user_agent="reconciler/door-test")


@pytest.fixture
def things(cluster: HttpCluster, namespace: str) -> Iterator[Informer[Thing]]:
    decode = msgspec.json.Decoder(Thing).decode
    informer = Informer(
        cluster, CONFIG_MAPS, decode, namespace=namespace, label_selector="app=door", clock=SystemClock()
    )
    informer.start()
    assert informer.wait_synced(10)
    yield informer
    informer.stop()


def a_config_map(name: str, **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"app": "door"}},
        "data": data,
    }


def a_deployment(**spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "does-not-exist"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template} | spec,
    }


def eventually(check: Any, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def test_an_applied_object_is_created_and_applying_it_again_changes_nothing(
    cluster: HttpCluster, namespace: str
) -> None:
    made = cluster.apply(DEPLOYMENTS, namespace, "web", a_deployment())
    again = cluster.apply(DEPLOYMENTS, namespace, "web", a_deployment())
    assert made["metadata"]["generation"] == again["metadata"]["generation"] == 1
    assert {entry["manager"] for entry in made["metadata"]["managedFields"]} == {"reconciler"}


def test_a_dry_run_changes_nothing(cluster: HttpCluster, namespace: str) -> None:
    cluster.apply(CONFIG_MAPS, namespace, "a", a_config_map("a"), dry_run=True)
    with pytest.raises(NotFound):
        cluster.get(CONFIG_MAPS, namespace, "a")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"nope": 1}, [".spec.nope: field not declared in schema"], id="unknown field"),
        pytest.param({"replicas": "many"}, [".spec.replicas: expected numeric"], id="wrong type"),
        pytest.param(
            {"replicas": "many", "minReadySeconds": "few"},
            [".spec.replicas: expected numeric", ".spec.minReadySeconds: expected numeric"],
            id="all at once",
        ),
        pytest.param({"replicas": -1}, ["spec.replicas: Invalid value: -1"], id="invalid value"),
    ],
)
def test_what_is_wrong_in_a_manifest_is_the_users_to_mend(
    cluster: HttpCluster, namespace: str, change: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(UserError) as caught:
        cluster.apply(DEPLOYMENTS, namespace, "web", a_deployment(**change))
    problems = [str(problem) for problem in caught.value.problems]
    assert len(problems) == len(words)
    assert all(any(word in problem for problem in problems) for word in words)


@pytest.fixture
def widgets(cluster: HttpCluster) -> Iterator[Resource]:
    """A kind that was not served before, with one field."""
    spec = {"type": "object", "properties": {"size": {"type": "integer"}}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.door.example.com"},
        "spec": {
            "group": "door.example.com",
            "names": {"kind": "Widget", "plural": "widgets"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
                }
            ],
        },
    }
    definitions = cluster.find("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    cluster.apply(definitions, None, "widgets.door.example.com", definition)
    yield Resource("door.example.com", "v1", "Widget", "widgets")
    cluster.delete(definitions, None, "widgets.door.example.com")


def test_a_kind_defined_meanwhile_is_found_and_its_unknown_fields_are_refused(
    cluster: HttpCluster, namespace: str, widgets: Resource
) -> None:
    def found() -> bool:
        try:
            return cluster.find("door.example.com/v1", "Widget") == widgets
        except NotFound:
            return False

    def refused() -> bool:
        try:
            cluster.apply(widgets, namespace, "w", {**widget, "spec": {"size": 1, "nope": 1}})
        except NotFound:
            return False  # discovery may be ahead of the handler
        except UserError as error:
            return ".spec.nope: field not declared" in str(error)
        return False

    widget = {"apiVersion": "door.example.com/v1", "kind": "Widget", "metadata": {"name": "w"}}
    eventually(found)
    eventually(refused)


@pytest.mark.parametrize(
    "data",
    [pytest.param({"key": "hunter2!"}, id="not base64"), pytest.param("hunter2!", id="not a mapping")],
)
def test_the_value_of_a_secret_is_in_no_error(cluster: HttpCluster, namespace: str, data: Any) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data}
    with pytest.raises(UserError) as caught:
        cluster.apply(SECRETS, namespace, "s", secret)
    assert "hunter2" not in str(caught.value)


def test_a_rival_manager_is_named_when_an_apply_is_not_forced(cluster: HttpCluster, namespace: str) -> None:
    cluster.apply(DEPLOYMENTS, namespace, "web", a_deployment())
    rival = a_deployment(replicas=3)
    with pytest.raises(Conflict, match=r'conflict with "reconciler".*\.spec\.replicas'):
        cluster.apply(DEPLOYMENTS, namespace, "web", rival, field_manager="rival", force=False)


def test_preconditions_that_do_not_hold_are_conflicts(cluster: HttpCluster, namespace: str) -> None:
    made = cluster.create(CONFIG_MAPS, namespace, a_config_map("a", k="1"))
    wrong_test = [{"op": "test", "path": "/data/k", "value": "2"}, {"op": "remove", "path": "/data/k"}]
    acts = [
        lambda: cluster.create(CONFIG_MAPS, namespace, a_config_map("a")),
        lambda: cluster.patch(CONFIG_MAPS, namespace, "a", {"metadata": {"resourceVersion": "1"}}),
        lambda: cluster.patch(CONFIG_MAPS, namespace, "a", wrong_test, kind="json"),
        lambda: cluster.delete(CONFIG_MAPS, namespace, "a", uid="00000000-0000-0000-0000-000000000000"),
        lambda: cluster.delete(CONFIG_MAPS, namespace, "a", resource_version="1"),
    ]
    for act, error in zip(acts, [AlreadyExists, Conflict, Conflict, Conflict, Conflict], strict=True):
        with pytest.raises(error):
            act()
    cluster.delete(CONFIG_MAPS, namespace, "a", uid=made["metadata"]["uid"])
    with pytest.raises(NotFound):
        cluster.get(CONFIG_MAPS, namespace, "a")


def test_who_may_not_is_refused_and_told_what_is_missing(control_plane: Access, namespace: str) -> None:
    poor = connect(str(control_plane.kubeconfig_of(DAEMON)), user_agent="reconciler/door-test")
    with pytest.raises(Refused, match='cannot get resource "deployments"'):
        poor.get(DEPLOYMENTS, namespace, "web")


def test_a_namespace_that_is_going_away_is_transient(cluster: HttpCluster, namespace: str) -> None:
    holding = a_config_map("held") | {"metadata": {"name": "held", "finalizers": ["example.com/wait"]}}
    cluster.create(CONFIG_MAPS, namespace, holding)
    cluster.delete(NAMESPACES, None, namespace)
    try:
        with pytest.raises(Transient, match="being terminated"):
            cluster.create(CONFIG_MAPS, namespace, a_config_map("late"))
    finally:
        cluster.patch(CONFIG_MAPS, namespace, "held", {"metadata": {"finalizers": None}})


def test_kinds_are_found_by_discovery(cluster: HttpCluster) -> None:
    assert cluster.find("apps/v1", "Deployment") == DEPLOYMENTS
    assert cluster.find("v1", "Namespace") == NAMESPACES
    with pytest.raises(NotFound):
        cluster.find("apps/v1", "Nope")
    assert cluster.server_version().startswith("v1.")


def test_a_list_of_several_pages_is_whole(cluster: HttpCluster, namespace: str) -> None:
    names = {f"m{number:03}" for number in range(PAGE_SIZE + 5)}
    for name in names:
        cluster.create(CONFIG_MAPS, namespace, a_config_map(name))
    found = cluster.list(CONFIG_MAPS, namespace, label_selector="app=door")
    assert {item["metadata"]["name"] for item in found} == names
    assert found[0]["kind"] == "ConfigMap"


def test_the_store_follows_the_cluster(cluster: HttpCluster, namespace: str, things: Informer[Thing]) -> None:
    cluster.create(CONFIG_MAPS, namespace, a_config_map("a", k="1"))
    eventually(lambda: things.store.get(namespace, "a"))
    cluster.patch(CONFIG_MAPS, namespace, "a", {"data": {"k": "2"}})
    eventually(lambda: things.store.get(namespace, "a").data == {"k": "2"})  # type: ignore[union-attr]
    cluster.delete(CONFIG_MAPS, namespace, "a")
    eventually(lambda: things.store.get(namespace, "a") is None)
    assert things.failing == ""


def test_our_own_write_is_in_the_store_at_once(cluster: HttpCluster, namespace: str, things: Informer[Thing]) -> None:
    for number in range(50):
        written = cluster.apply(CONFIG_MAPS, namespace, "a", a_config_map("a", k=str(number)))
        things.store.put_answer(written)
        assert things.store.get(namespace, "a").data == {"k": str(number)}  # type: ignore[union-attr]


def test_an_object_that_loses_the_label_leaves_the_store(
    cluster: HttpCluster, namespace: str, things: Informer[Thing]
) -> None:
    cluster.create(CONFIG_MAPS, namespace, a_config_map("a"))
    eventually(lambda: things.store.get(namespace, "a"))
    cluster.patch(CONFIG_MAPS, namespace, "a", {"metadata": {"labels": {"app": None}}})
    eventually(lambda: things.store.get(namespace, "a") is None)
    cluster.patch(CONFIG_MAPS, namespace, "a", {"metadata": {"labels": {"app": "door"}}})
    eventually(lambda: things.store.get(namespace, "a"))


def test_stopping_an_informer_is_prompt(things: Informer[Thing]) -> None:
    started = time.monotonic()
    things.stop()
    assert time.monotonic() - started < 2


def test_a_kind_that_is_not_served_is_told_and_harms_nobody(cluster: HttpCluster) -> None:
    missing = Resource("example.com", "v1", "Nothing", "nothings")
    informer = Informer(cluster, missing, msgspec.json.Decoder(Thing).decode, clock=SystemClock())
    informer.start()
    try:
        eventually(lambda: informer.failing)
        assert not informer.synced()
    finally:
        informer.stop()


def test_of_many_candidates_one_holds_a_lease(cluster: HttpCluster, namespace: str) -> None:
    candidates = [Lease(cluster, namespace, "leader", f"candidate-{number}", SystemClock()) for number in range(5)]
    threads = [threading.Thread(target=candidate.step) for candidate in candidates]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (holder,) = [candidate for candidate in candidates if candidate.held()]
    holder.step()
    assert holder.held()
    holder.release()
    assert cluster.get(LEASES, namespace, "leader")["spec"]["holderIdentity"] == ""


def test_events_can_be_read_back_with_their_count(cluster: HttpCluster, namespace: str) -> None:
    recorder = EventRecorder(cluster, "rollouts-controller", SystemClock())
    about = ObjectRef("v1", "ConfigMap", namespace, "a", "u1")
    for _ in range(2):
        recorder.event(about, "Warning", "Tried", "and failed")
        recorder.event(about, "Warning", "Tried", "and failed")
        assert recorder.send_next()
    (event,) = cluster.list(EVENTS, namespace, field_selector="involvedObject.name=a")
    assert (event["count"], event["type"], event["reason"]) == (4, "Warning", "Tried")
    assert recorder.dropped == 0
