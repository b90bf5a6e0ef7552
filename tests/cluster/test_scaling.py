"""Autoscalers, disruption budgets and crowds of events, on a real API server and its controllers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.kube.client import connect
from reconciler.kube.events import EventRecorder
from reconciler.kube.happenings import ObjectRef
from reconciler.kube.objects import EVENTS, ROLLOUTS, Meta
from reconciler.runtime.clock import SystemClock
from tests.cluster.test_rollouts import Rollouts, a_rollout, pod_uids, running, until
from tests.testbed.access import Access

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("rollout_crds")]


@pytest.fixture
def rollouts(control_plane: Access, namespace: str) -> Iterator[Rollouts]:
    yield from running(control_plane, namespace)


def test_an_autoscaler_scales_an_update_that_waits_and_reads_what_it_needs(rollouts: Rollouts) -> None:
    body = a_rollout([{"setWeight": 50}, {"pause": {}}])
    del body["spec"]["replicas"]
    rollouts.create(body)
    rollouts.reaches("Healthy")
    assert rollouts.cluster.get(ROLLOUTS, rollouts.namespace, "shop")["spec"]["replicas"] == 1
    scale(rollouts, 4)
    rollouts.reaches("Healthy", availableReplicas=4)
    rollouts.push("shop:2")
    rollouts.reaches("Paused", currentStepIndex=1)
    scale(rollouts, 6)
    rollouts.reaches("Paused", currentStepIndex=1, availableReplicas=6)
    until(lambda: rollouts.pods() == {"shop:1": 3, "shop:2": 3}, lambda: str(rollouts.pods()))
    read = rollouts.cluster.get(ROLLOUTS, rollouts.namespace, "shop", subresource="scale")
    assert (read["spec"]["replicas"], read["status"]) == (6, {"replicas": 6, "selector": "app=shop"})


def scale(rollouts: Rollouts, replicas: int) -> None:
    """As an HPA and `kubectl scale` do."""
    rollouts.patch({"spec": {"replicas": replicas}}, "scale")


def test_a_restart_honours_a_disruption_budget_and_goes_on_when_it_allows_it(
    rollouts: Rollouts, control_plane: Access
) -> None:
    rollouts.create(a_rollout([]))
    rollouts.reaches("Healthy")
    budget(control_plane, rollouts.namespace, 4)
    before = pod_uids(rollouts)
    time.sleep(1.1)  # the API keeps whole seconds: the pods have to be older than the request
    asked = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    rollouts.patch({"spec": {"restartAt": asked}})
    rollouts.reaches("Progressing", message="rollout is restarting")
    time.sleep(2)
    assert pod_uids(rollouts) == before
    budget(control_plane, rollouts.namespace, 1)
    rollouts.queue.add(f"{rollouts.namespace}/shop")  # instead of the half minute after which it asks again
    until(lambda: not before <= pod_uids(rollouts), lambda: "no pod was evicted")


def budget(control_plane: Access, namespace: str, least: int) -> None:
    spec = {"minAvailable": least, "selector": {"matchLabels": {"app": "shop"}}}
    body = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "shop"}, "spec": spec}
    control_plane.kubectl("apply", "-n", namespace, "-f", "-", stdin=json.dumps(body))
    told = "{.status.observedGeneration}/{.metadata.generation}/{.status.expectedPods}"
    arguments = ("get", "pdb", "shop", "-n", namespace, "-o", f"jsonpath={told}")

    def observed() -> bool:
        seen, generation, pods = control_plane.kubectl(*arguments).split("/")
        return seen == generation and pods == "4"

    until(observed, lambda: control_plane.kubectl(*arguments))


def test_a_burst_of_events_about_one_object_arrives_whole(control_plane: Access, namespace: str) -> None:
    """Established controllers lose those after the 25th."""
    cluster = connect(str(control_plane.kubeconfig), user_agent="reconciler/burst-test")
    recorder = EventRecorder(cluster, "rollouts-controller", SystemClock())
    recorder.start()
    about = ObjectRef.of(ROLLOUTS, Meta(name="shop", namespace=namespace, uid="1-2-3"))
    for number in range(60):
        recorder.event(about, "Normal", "RolloutStepCompleted", f"Rollout step {number + 1}/60 completed")
        for _ in range(number % 3):
            recorder.event(about, "Warning", "TrafficRoutingError", f"no route {number % 5}")
    recorder.stop(30)
    found = cluster.list(EVENTS, namespace)
    told = " ".join(str(event["message"]) for event in found if event["reason"] == "RolloutStepCompleted")
    assert [number for number in range(60) if f"step {number + 1}/60 completed" not in told] == []
    assert times(found, "TrafficRoutingError") == sum(number % 3 for number in range(60))
    assert recorder.dropped == 0


def times(events: list[dict[str, Any]], reason: str) -> int:
    return sum(event.get("count", 1) for event in events if event["reason"] == reason)
