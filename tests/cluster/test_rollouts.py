"""Canary Rollouts on a real API server: real ReplicaSets, pods of fake nodes, requests as clients make them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.errors import UserError
from reconciler.kube.client import HttpCluster, connect
from reconciler.kube.events import EventRecorder
from reconciler.kube.informer import Informer
from reconciler.kube.objects import PODS, REPLICA_SETS, ROLLOUTS, SERVICES
from reconciler.rollouts import wiring
from reconciler.rollouts.carry import Carrier
from reconciler.rollouts.controller import RolloutController
from reconciler.rollouts.intents import AdoptReplicaSet
from reconciler.rollouts.ports import NoAnalyses
from reconciler.runtime.clock import SystemClock
from reconciler.runtime.loop import Engine
from reconciler.runtime.queue import WorkQueue
from tests.testbed import traefik
from tests.testbed.access import Access

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("rollout_crds")]
Json = dict[str, Any]


class Rollouts:
    """The engine as the daemon composes it, for one namespace, with what users do to it."""

    def __init__(self, control_plane: Access, namespace: str) -> None:
        clock = SystemClock()
        self.namespace = namespace
        self.cluster: HttpCluster = connect(str(control_plane.kubeconfig), user_agent="reconciler/rollouts-test")
        self.informers = {
            watched.resource.kind: Informer(
                self.cluster, watched.resource, watched.decode, namespace=namespace, clock=clock
            )
            for watched in wiring.watched()
        }
        self.queue = WorkQueue(clock)
        self.events = EventRecorder(self.cluster, "rollouts-controller", clock)
        self.outcomes: list[str] = []
        self.stores = wiring.stores_of(lambda kind: self.informers[kind].store)
        wiring.subscribe(self.stores, self.queue.add)
        controller = RolloutController(self.cluster, self.stores, clock, self.events, NoAnalyses())
        self.engine = Engine(
            "rollouts",
            controller.reconcile,
            self.queue,
            clock,
            threads=2,
            on_result=lambda *result: self.outcomes.append(result[2]),
        )

    def start(self) -> None:
        self.events.start()
        for informer in self.informers.values():
            informer.start()
        for informer in self.informers.values():
            assert informer.wait_synced(20)
        self.engine.start()

    def stop(self) -> None:
        self.engine.stop()
        self.events.stop()
        for informer in self.informers.values():
            informer.stop()

    def create(self, body: Json) -> None:
        self.cluster.create(ROLLOUTS, self.namespace, body)

    def push(self, image: str) -> None:
        containers = [{"name": "shop", "image": image}]
        self.patch({"spec": {"template": {"spec": {"containers": containers}}}})

    def patch(self, patch: Json, subresource: str | None = None) -> None:
        self.cluster.patch(ROLLOUTS, self.namespace, "shop", patch, subresource=subresource)

    def status(self) -> Json:
        status: Json = self.cluster.get(ROLLOUTS, self.namespace, "shop").get("status", {})
        return status

    def pods(self) -> dict[str, int]:
        """Available pods by image."""
        sets = self.cluster.list(REPLICA_SETS, self.namespace)
        available = {_image(rs): rs.get("status", {}).get("availableReplicas", 0) for rs in sets}
        return {image: count for image, count in available.items() if count}

    def reaches(self, phase: str, **expected: Any) -> Json:
        """Waits for a phase and other values of the status; returns it."""
        until(lambda: self._is(phase, expected), lambda: f"{phase} {expected}: {json.dumps(self.status(), indent=1)}")
        return self.status()

    def _is(self, phase: str, expected: Json) -> bool:
        status = self.status()
        generation = self.cluster.get(ROLLOUTS, self.namespace, "shop")["metadata"]["generation"]
        seen = status.get("observedGeneration") == str(generation) and status.get("phase") == phase
        return seen and all(status.get(key) == value for key, value in expected.items())


def until(holds: Callable[[], bool], otherwise: Callable[[], str], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(otherwise())
        time.sleep(0.1)


def _image(rs: Json) -> str:
    return str(rs["spec"]["template"]["spec"]["containers"][0]["image"])


def a_rollout(steps: list[Json], **canary: Any) -> Json:
    template = {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [{"name": "shop", "image": "shop:1"}]}}
    return {
        "apiVersion": ROLLOUTS.api_version,
        "kind": ROLLOUTS.kind,
        "metadata": {"name": "shop"},
        "spec": {
            "replicas": 4,
            "selector": {"matchLabels": {"app": "shop"}},
            "template": template,
            "strategy": {"canary": {"steps": steps, **canary}},
        },
    }


def running(control_plane: Access, namespace: str) -> Iterator[Rollouts]:
    """The engine, and the definitions of what it watches."""
    traefik.define(control_plane)
    rollouts = Rollouts(control_plane, namespace)
    rollouts.start()
    yield rollouts
    rollouts.stop()


@pytest.fixture
def rollouts(control_plane: Access, namespace: str) -> Iterator[Rollouts]:
    yield from running(control_plane, namespace)


def test_deploy_update_pause_promote(rollouts: Rollouts) -> None:
    rollouts.create(a_rollout([{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "1s"}}]))
    rollouts.reaches("Healthy", availableReplicas=4)
    rollouts.push("shop:2")
    rollouts.reaches("Paused", currentStepIndex=1)
    assert rollouts.pods() == {"shop:1": 3, "shop:2": 1}
    rollouts.patch({"status": {"pauseConditions": None}}, "status")
    status = rollouts.reaches("Healthy", currentStepIndex=4)
    assert status["stableRS"] == status["currentPodHash"]
    until(lambda: rollouts.pods() == {"shop:2": 4}, lambda: str(rollouts.pods()))
    assert set(rollouts.outcomes) <= {"ok", "conflict"}


def test_abort_returns_to_stable_and_retry_tries_again(rollouts: Rollouts) -> None:
    rollouts.create(a_rollout([{"setWeight": 50}, {"pause": {}}]))
    rollouts.reaches("Healthy")
    rollouts.push("shop:2")
    rollouts.reaches("Paused", currentStepIndex=1)
    rollouts.patch({"status": {"abort": True}}, "status")
    status = rollouts.reaches("Degraded", currentStepIndex=0)
    assert status["message"] == "RolloutAborted: Rollout aborted update to revision 2"
    until(lambda: rollouts.pods() == {"shop:1": 4}, lambda: str(rollouts.pods()))
    rollouts.patch({"status": {"abort": False}}, "status")
    rollouts.reaches("Paused", currentStepIndex=1)
    rollouts.patch({"status": {"promoteFull": True}}, "status")
    rollouts.reaches("Healthy")
    until(lambda: rollouts.pods() == {"shop:2": 4}, lambda: str(rollouts.pods()))


def test_an_invalid_rollout_says_so_and_recovers(rollouts: Rollouts) -> None:
    rollouts.create(a_rollout([{"setWeight": 120}], canaryService="nowhere"))
    status = rollouts.reaches("Degraded")
    assert "spec.strategy.steps[0].setWeight: Invalid value: 120" in status["message"]
    rollouts.patch({"spec": {"strategy": {"canary": {"steps": [], "canaryService": None}}}})
    rollouts.reaches("Healthy")


def test_pods_carry_the_metadata_of_their_role(rollouts: Rollouts) -> None:
    roles = {"canaryMetadata": {"labels": {"role": "canary"}}, "stableMetadata": {"labels": {"role": "stable"}}}
    rollouts.create(a_rollout([{"setWeight": 25}, {"pause": {}}], **roles))
    rollouts.reaches("Healthy")
    rollouts.push("shop:2")
    rollouts.reaches("Paused")
    until(lambda: roles_of(rollouts) == {"shop:1": {"stable"}, "shop:2": {"canary"}}, lambda: str(roles_of(rollouts)))
    rollouts.patch({"status": {"promoteFull": True}}, "status")
    rollouts.reaches("Healthy")
    until(lambda: roles_of(rollouts) == {"shop:2": {"stable"}}, lambda: str(roles_of(rollouts)))


def test_a_restart_evicts_every_pod_once(rollouts: Rollouts) -> None:
    rollouts.create(a_rollout([]))
    rollouts.reaches("Healthy")
    before = pod_uids(rollouts)
    time.sleep(1.1)  # the API keeps whole seconds: the pods have to be older than the request
    asked = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    rollouts.patch({"spec": {"restartAt": asked}})
    until(lambda: rollouts.status().get("restartedAt") == asked, lambda: str(rollouts.status()))
    until(lambda: not before & pod_uids(rollouts), lambda: str(before))
    rollouts.reaches("Healthy")


def test_a_matching_replica_set_without_owner_is_adopted_and_not_restarted(rollouts: Rollouts) -> None:
    body = a_rollout([])
    rollouts.create(body)
    rollouts.reaches("Healthy")
    before = pod_uids(rollouts)
    rollouts.cluster.delete(ROLLOUTS, rollouts.namespace, "shop", propagation="Orphan")
    until(lambda: not rollouts.cluster.list(ROLLOUTS, rollouts.namespace), lambda: "not deleted")
    rollouts.create(body)
    rollouts.reaches("Healthy")
    assert pod_uids(rollouts) == before
    assert owners(rollouts) == ["shop"]


def test_a_replica_set_that_another_controller_took_first_stays_with_it(rollouts: Rollouts) -> None:
    rollouts.create(a_rollout([]))
    rollouts.reaches("Healthy")
    [rs] = rollouts.cluster.list(REPLICA_SETS, rollouts.namespace)
    body = a_rollout([])
    spec = {**body["spec"], "paused": True, "replicas": 0}
    rollouts.cluster.create(ROLLOUTS, rollouts.namespace, {**body, "metadata": {"name": "other"}, "spec": spec})
    until(lambda: rollouts.stores.rollouts.get(rollouts.namespace, "other") is not None, lambda: "not seen")
    slower = rollouts.stores.rollouts.get(rollouts.namespace, "other")
    assert slower is not None
    carrier = Carrier(rollouts.cluster, rollouts.stores, rollouts.events, slower)
    with pytest.raises(UserError, match="controller"):
        carrier.carry_out(AdoptReplicaSet(rs["metadata"]["name"], rs["metadata"]["uid"]))
    assert owners(rollouts).count("shop") == 1


def test_services_of_a_deleted_rollout_select_all_pods_again(rollouts: Rollouts) -> None:
    spec = {"selector": {"app": "shop"}, "ports": [{"port": 80}]}
    rollouts.cluster.create(SERVICES, rollouts.namespace, named("v1", "Service", "stable", spec))
    rollouts.create(a_rollout([], stableService="stable"))
    rollouts.reaches("Healthy")
    until(lambda: bool(selected(rollouts, "stable")), lambda: "never selected")
    rollouts.cluster.delete(ROLLOUTS, rollouts.namespace, "shop")
    until(lambda: not selected(rollouts, "stable"), lambda: "still selected")


def test_an_idle_rollout_causes_no_requests(rollouts: Rollouts) -> None:
    rollouts.create(a_rollout([{"setWeight": 50}]))
    rollouts.reaches("Healthy")
    time.sleep(3.0)  # the last decision may ask to look again when held counters are due
    before = rollouts.cluster.get(ROLLOUTS, rollouts.namespace, "shop")["metadata"]["resourceVersion"]
    count = len(rollouts.outcomes)
    time.sleep(2.0)
    assert rollouts.cluster.get(ROLLOUTS, rollouts.namespace, "shop")["metadata"]["resourceVersion"] == before
    assert len(rollouts.outcomes) == count


def roles_of(rollouts: Rollouts) -> dict[str, set[str | None]]:
    """The label `role` of the pods of each image."""
    found: dict[str, set[str | None]] = {}
    for pod in rollouts.cluster.list(PODS, rollouts.namespace):
        found.setdefault(pod["spec"]["containers"][0]["image"], set()).add(pod["metadata"]["labels"].get("role"))
    return found


def pod_uids(rollouts: Rollouts) -> set[str]:
    return {pod["metadata"]["uid"] for pod in rollouts.cluster.list(PODS, rollouts.namespace)}


def owners(rollouts: Rollouts) -> list[str]:
    sets = rollouts.cluster.list(REPLICA_SETS, rollouts.namespace)
    return [owner["name"] for rs in sets for owner in rs["metadata"].get("ownerReferences", ())]


def selected(rollouts: Rollouts, service: str) -> str | None:
    selector = rollouts.cluster.get(SERVICES, rollouts.namespace, service)["spec"]["selector"]
    return selector.get("rollouts-pod-template-hash")


def named(api_version: str, kind: str, name: str, spec: Json) -> Json:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}
