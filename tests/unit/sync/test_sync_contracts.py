"""What sync leaves to others: weights to the rollouts engine, an idle cluster to itself, a half-known one to nobody."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from sync_builders import Rendered, target
from sync_world import SHA, World

from reconciler.apps.delivery import Delivery, Health, WorkloadProgress
from reconciler.errors import NotFound, Transient
from reconciler.kube.api import ROLLOUTS_MANAGER, Resource

CRDS = Resource("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False)


def traefik(world: World, port: int = 80) -> Rendered:
    services = [{"name": "web", "port": port, "weight": 100}, {"name": "web-canary", "port": port, "weight": 0}]
    return world.here(target("TraefikService", "web", "traefik.io/v1alpha1", spec={"weighted": {"services": services}}))


def definition(group: str, kind: str, plural: str) -> Rendered:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return target(
        "CustomResourceDefinition",
        f"{plural}.{group}",
        "apiextensions.k8s.io/v1",
        namespace="",
        spec={
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": [
                {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}},
            ],
        },
    )


def install(world: World, group: str, kind: str, plural: str, **subresources: Any) -> Resource:
    """Defines a kind beside the Application, and waits until it is served."""
    crd = definition(group, kind, plural).object
    crd["spec"]["versions"][0]["subresources"] = subresources
    world.cluster.apply(CRDS, None, crd["metadata"]["name"], crd)
    deadline = time.monotonic() + 10
    while True:
        try:
            resource = world.cluster.find(f"{group}/v1alpha1", kind)
            world.cluster.list(resource, world.namespace)
            return resource
        except (NotFound, Transient):
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture
def routed(world: World) -> World:
    world.resource = install(world, "traefik.io", "TraefikService", "traefikservices")
    return world


def weights(world: World) -> list[int]:
    live = world.get("web", world.resource)
    assert live is not None
    return [item["weight"] for item in live["spec"]["weighted"]["services"]]


def shift(world: World, stable: int, canary: int) -> None:
    services = traefik(world).object["spec"]["weighted"]["services"]
    services[0]["weight"], services[1]["weight"] = stable, canary
    patch = {"spec": {"weighted": {"services": services}}}
    world.cluster.patch(world.resource, world.namespace, "web", patch, field_manager=ROLLOUTS_MANAGER)


def steered(world: World) -> None:
    world.controller.stop()
    world.start(engine_owned=lambda key: key.kind == "TraefikService")


def test_a_weight_of_the_engine_is_not_drift(routed: World) -> None:
    steered(routed)
    routed.git.push("a", traefik(routed), routed.config_map("one", k="1"))
    routed.sync()
    shift(routed, 80, 20)
    routed.git.push("b", traefik(routed), routed.config_map("one", k="2"))
    found = routed.until(lambda d: d.sync == "Synced" and d.applied_sha == SHA["b"])
    assert found.drifted == 0
    assert weights(routed) == [80, 20]


def test_a_change_beside_the_weights_keeps_them(routed: World) -> None:
    steered(routed)
    routed.git.push("a", traefik(routed))
    routed.sync()
    shift(routed, 80, 20)
    routed.git.push("b", traefik(routed, port=8080))
    routed.until(lambda d: d.sync == "Synced" and d.applied_sha == SHA["b"])
    live = routed.get("web", routed.resource)
    assert live is not None
    assert [item["port"] for item in live["spec"]["weighted"]["services"]] == [8080, 8080]
    assert weights(routed) == [80, 20]


def test_weights_that_no_rollout_steers_are_those_of_git(routed: World) -> None:
    routed.git.push("a", traefik(routed))
    routed.sync()
    shift(routed, 80, 20)
    routed.git.push("b", traefik(routed, port=8080))
    routed.until(lambda d: d.applied_sha == SHA["b"])
    assert weights(routed) == [100, 0]


def test_a_definition_and_its_first_object_in_one_commit_need_no_second_push(world: World) -> None:
    widget = world.here(target("Widget", "w", f"{world.namespace}.io/v1alpha1", spec={"size": 1}))
    world.git.push("a", widget, definition(f"{world.namespace}.io", "Widget", "widgets"))
    world.until(lambda d: d.applied_sha == SHA["a"])
    assert world.get("w", world.cluster.find(f"{world.namespace}.io/v1alpha1", "Widget")) is not None


def test_a_kind_that_nobody_serves_is_told_with_what_to_do(world: World) -> None:
    world.git.push("a", world.here(target("Gadget", "g", "nowhere.io/v1", spec={})))
    found = world.sync()
    assert found.operation is not None
    assert "install its CRD" in str(found.operation.problems[0])
    wake_at = world.controller.reconcile("shop")
    assert wake_at is not None
    assert found.operation.finished_at is not None
    assert (wake_at - found.operation.finished_at).total_seconds() == pytest.approx(60, abs=1)


def test_an_idle_application_makes_no_request(world: World) -> None:
    requests: list[str] = []
    world.git.push("a", world.config_map("one", k="1"), world.config_map("two", k="1"))
    world.until(lambda d: d.health is Health.HEALTHY and d.sync == "Synced")
    world.sync()
    world.cluster.observe(lambda *seen: requests.append(str(seen)))
    told = len(world.told)
    for _ in range(3):
        world.sync()
    assert requests == []
    assert len(world.told) == told


def test_an_old_abort_does_not_fail_the_commit_that_mends_it(world: World) -> None:
    """The engine has not looked at the new generation yet: its words are about the version before."""
    stale = WorkloadProgress("Rollout", world.namespace, "web", Health.DEGRADED, aborted=True, message="aborted")
    install(world, "argoproj.io", "Rollout", "rollouts", status={})
    world.controller.stop()
    world.start(progress=lambda namespace, name: stale)
    world.git.push("a", world.here(target("Rollout", "web", "argoproj.io/v1alpha1", spec={"replicas": 1})))
    found = world.until(lambda d: d.applied_sha == SHA["a"])
    (work,) = found.workloads
    assert (work.health, work.aborted) == (Health.PROGRESSING, False)


def test_an_object_that_moves_to_another_application_is_not_deleted(world: World) -> None:
    moved = world.config_map("moved", k="1")
    kept = world.config_map("kept", k="1")
    world.others = (world.second("billing"),)
    world.restart()
    world.git.split = {"shop": [moved, kept], "billing": []}
    world.git.push("a")
    world.sync()
    world.controller.reconcile("billing")
    before = world.get("moved")
    world.git.split = {"shop": [kept], "billing": [moved]}
    world.git.push("b")
    wake_at = world.controller.reconcile("shop")
    assert wake_at is not None, "it must look again by itself once billing is through"
    for _ in range(3):
        world.controller.reconcile("billing")
        world.controller.reconcile("shop")
    live = world.get("moved")
    assert before is not None
    assert live is not None
    assert live["metadata"]["uid"] == before["metadata"]["uid"]
    assert live["metadata"]["annotations"]["reconciler.dev/owner"].startswith("billing;")


def phases(told: list[Delivery]) -> list[Any]:
    return [found.operation.phase for found in told if found.operation]


def test_progress_is_told_while_a_commit_is_being_applied(world: World) -> None:
    world.git.push("a", world.config_map("one", k="1"))
    world.sync()
    assert [str(phase) for phase in phases(world.told)] == ["Applying", "Applied"]


def test_a_push_in_the_middle_of_an_apply_stops_it_between_two_objects(world: World) -> None:
    names = ["a-first", "b-second", "c-third"]
    pushed: list[str] = []

    def push_once(key: object) -> bool:
        if not pushed:
            pushed.append(world.git.push("b", *[world.config_map(name, k="b") for name in names]))
        return False

    world.controller.stop()
    world.start(engine_owned=push_once)
    world.git.push("a", *[world.config_map(name, k="a") for name in names])
    world.controller.reconcile("shop")
    assert world.get("a-first") is not None
    assert world.get("c-third") is None
    found = world.until(lambda d: d.applied_sha == SHA["b"])
    assert [(old.sha, old.superseded_by) for old in found.superseded] == [(SHA["a"], SHA["b"])]
    assert [(world.get(name) or {})["data"] for name in names] == [{"k": "b"}] * 3


def watching(kind: str) -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == f"watch-{kind}"]


def test_objects_of_one_kind_in_two_versions_are_watched_once_per_version_and_healed(world: World) -> None:
    group = f"{world.namespace}.io"
    crd = definition(group, "Widget", "widgets")
    (first,) = crd.object["spec"]["versions"]
    crd.object["spec"]["versions"].append({**first, "name": "v1beta1", "storage": False})
    old = world.here(target("Widget", "old", f"{group}/v1alpha1", spec={"size": 1}))
    new = world.here(target("Widget", "new", f"{group}/v1beta1", spec={"size": 1}))
    world.git.push("a", crd, old, new)
    world.until(lambda d: d.applied_sha == SHA["a"] and d.sync == "Synced")
    for _ in range(3):
        world.sync()
    assert watching("widgets") == ["watch-widgets"] * 2
    resource = world.cluster.find(f"{group}/v1alpha1", "Widget")
    world.cluster.patch(resource, world.namespace, "new", {"spec": {"size": 2}}, field_manager="somebody")
    world.until(lambda d: (world.get("new", resource) or {})["spec"]["size"] == 1)


def test_a_kind_that_is_no_longer_managed_is_no_longer_watched(world: World) -> None:
    group = f"{world.namespace}.io"
    install(world, group, "Gizmo", "gizmos")
    gizmo = world.here(target("Gizmo", "g", f"{group}/v1alpha1", spec={"size": 1}))
    keep = [world.config_map(f"keep-{n}", k="1") for n in range(3)]
    world.git.push("a", gizmo, *keep)
    world.until(lambda d: d.sync == "Synced")
    assert watching("gizmos")
    world.git.push("b", *keep)
    world.until(lambda d: d.applied_sha == SHA["b"] and d.sync == "Synced")
    world.sync()
    assert not watching("gizmos")
