"""What clients show of a Rollout (spec rollouts §11.4): weights, images by role, and the tree of its objects."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from reconciler.analysis.model import AnalysisRun, decode_run
from reconciler.rollouts.model import Rollout, decode_rollout
from reconciler.rollouts.views.nodes import ShownPod, decode_shown_pod
from reconciler.rollouts.views.overview import overview, roles
from reconciler.rollouts.views.tree import history, tree
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet, decode_replica_set

Json = dict[str, Any]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
STEPS = [{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}]
ROUTED = {"trafficRouting": {"traefik": {"weightedTraefikServiceName": "x"}}}


def a_rollout(status: Json, **canary: Any) -> Rollout:
    seen = {"observedGeneration": "1", "currentPodHash": "new", "stableRS": "old", "availableReplicas": 8}
    body = {
        "metadata": {"name": "shop", "namespace": "ns", "generation": 1},
        "spec": {"strategy": {"canary": {"steps": STEPS, **canary}}},
        "status": seen | status,
    }
    return decode_rollout(orjson.dumps(body))


def a_replica_set(pod_hash: str, available: int, revision: int = 1, **annotations: str) -> ReplicaSet:
    body = {
        "metadata": {
            "name": f"shop-{pod_hash}",
            "uid": pod_hash,
            "labels": {keys.HASH: pod_hash},
            "annotations": {keys.REVISION: str(revision), **annotations},
        },
        "spec": {"replicas": available, "template": {"spec": {"containers": [{"image": f"shop:{pod_hash}"}]}}},
        "status": {"replicas": available, "availableReplicas": available},
    }
    return decode_replica_set(orjson.dumps(body))


BOTH = (a_replica_set("old", 6), a_replica_set("new", 2, 2))
WEIGHTS = {"canary": {"weights": {"canary": {"weight": 33}, "stable": {"weight": 67}}}}


@pytest.mark.parametrize(
    ("rollout", "asked", "actual"),
    [
        pytest.param(a_rollout({"currentStepIndex": 1}), 20, 25, id="share of pods"),
        pytest.param(a_rollout({"currentStepIndex": 2}), 60, 25, id="a weight being set counts"),
        pytest.param(a_rollout({"currentStepIndex": 3}), 100, 100, id="all steps done"),
        pytest.param(a_rollout({"currentStepIndex": 0, "abort": True}), 0, 25, id="aborted"),
        pytest.param(a_rollout({"currentStepIndex": 1} | WEIGHTS, **ROUTED), 20, 33, id="as the router was told"),
        pytest.param(a_rollout({"currentStepIndex": 1}, **ROUTED), 20, 20, id="not told yet"),
    ],
)
def test_weights(rollout: Rollout, asked: int, actual: int) -> None:
    shown = overview(rollout, BOTH)
    assert (shown.set_weight, shown.actual_weight) == (asked, actual)


def test_images_are_those_with_pods_or_a_role_newest_first() -> None:
    gone = a_replica_set("gone", 0)
    shown = overview(a_rollout({"currentStepIndex": 1}), (*BOTH, gone))
    assert [(image.name, image.roles) for image in shown.images] == [
        ("shop:new", ("canary",)),
        ("shop:old", ("stable",)),
    ]


def test_a_status_about_an_older_spec_is_no_end() -> None:
    shown = overview(a_rollout({"phase": "Healthy", "observedGeneration": "0"}))
    assert (shown.phase, shown.ended) == ("Progressing", False)


@pytest.mark.parametrize(("pod_hash", "expected"), [("b", ("preview",)), ("a", ("stable", "active")), ("c", ())])
def test_roles_of_blue_green(pod_hash: str, expected: tuple[str, ...]) -> None:
    body = {
        "spec": {"strategy": {"blueGreen": {"activeService": "x"}}},
        "status": {"stableRS": "a", "blueGreen": {"activeSelector": "a", "previewSelector": "b"}},
    }
    assert roles(decode_rollout(orjson.dumps(body)), a_replica_set(pod_hash, 1)) == expected


def a_pod(**status: Any) -> ShownPod:
    owner = {"kind": "ReplicaSet", "uid": "new", "controller": True}
    return decode_shown_pod(orjson.dumps({"metadata": {"name": "pod", "ownerReferences": [owner]}, "status": status}))


def a_run() -> AnalysisRun:
    result = {"name": "errors", "phase": "Failed", "successful": 3, "failed": 1}
    body = {
        "metadata": {"name": "run", "labels": {keys.HASH: "new"}},
        "status": {"phase": "Failed", "message": "too many", "metricResults": [result]},
    }
    return decode_run(orjson.dumps(body))


def test_the_tree_has_every_object_below_its_revision() -> None:
    waiting = {"ready": False, "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    old = a_replica_set("old", 6, **{keys.DEADLINE: "2026-01-01T00:00:25Z"})
    pods = [a_pod(phase="Running", containerStatuses=[waiting])]
    second, first = tree(a_rollout({}), (old, BOTH[1]), pods, [a_run()], NOW)
    assert (second.name, first.name) == ("revision:2", "revision:1")
    new, run = second.children
    assert (new.status, new.info) == ("Healthy", ("canary",))
    assert [(pod.status, pod.info) for pod in new.children] == [("CrashLoopBackOff", ("ready:0/1", "restarts:2"))]
    assert (run.status, run.info) == ("Failed", ("✔ 3", "✖ 1", "too many"))
    assert first.children[0].info == ("stable", "delay:25s")


@pytest.mark.parametrize(
    ("deadline", "said"), [("2026-01-01T00:00:25Z", "delay:25s"), ("2025-12-31T23:59:59Z", "delay:passed")]
)
def test_a_version_that_waits_to_go_says_for_how_long(deadline: str, said: str) -> None:
    old = a_replica_set("old", 0, **{keys.DEADLINE: deadline})
    _, first = tree(a_rollout({}), [old, BOTH[1]], [], [], NOW)
    assert said in first.children[0].info


def test_an_image_that_runs_nowhere_is_not_shown() -> None:
    shown = overview(a_rollout({}), (a_replica_set("old", 0), BOTH[1]))
    assert [image.roles for image in shown.images] == [("canary",)]


def test_history_is_newest_first() -> None:
    assert [each.revision for each in history(a_rollout({}), BOTH)] == [2, 1]
