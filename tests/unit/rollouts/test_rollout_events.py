"""What is told of an update, in the words that people and notifications know (spec rollouts §11.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.properties.rollout_world import Cluster, a_cluster, template
from tests.unit.rollouts.test_phase import a_healthy_blue_green

STEPS: list[dict[str, Any]] = [{"setWeight": 25}, {"pause": {}}]
JUDGED: list[dict[str, Any]] = [{"analysis": {"templates": [{"templateName": "t"}]}}]
NGINX = {"canaryService": "ca", "stableService": "st", "trafficRouting": {"nginx": {"stableIngress": "web"}}}


def deployed(steps: list[dict[str, Any]] = STEPS, **how: Any) -> Cluster:
    cluster = a_cluster(steps=steps, **how)
    cluster.converge()
    return cluster


def updated(steps: list[dict[str, Any]] = STEPS, **how: Any) -> Cluster:
    cluster = deployed(steps, **how)
    cluster.user("update", {"spec": {"template": template("img:2")}})
    cluster.converge()
    return cluster


def then(cluster: Cluster, patch: dict[str, Any]) -> Cluster:
    cluster.user("next", patch)
    cluster.converge()
    return cluster


def promoted() -> Cluster:
    return then(updated(), {"status": {"pauseConditions": None}})


def fully_promoted() -> Cluster:
    return then(updated(), {"status": {"promoteFull": True}})


def aborted() -> Cluster:
    return then(updated(), {"status": {"abort": True}})


def turned_back() -> Cluster:
    return then(updated(), {"spec": {"template": template("img:1")}})


def back_within_the_window() -> Cluster:
    cluster = then(updated(traefik=True, rollbackWindow={"revisions": 3}), {"status": {"promoteFull": True}})
    return then(cluster, {"spec": {"template": template("img:1")}})


def routed() -> Cluster:
    return updated(traefik=True)


def unroutable() -> Cluster:
    cluster = deployed(traefik=True)
    cluster.patch("TraefikService", "shop", {"spec": {"weighted": None}})
    cluster.reconcile()
    return cluster


def by_ingress() -> Cluster:
    cluster = a_cluster(steps=STEPS, canary=NGINX)
    for name in ("ca", "st"):
        cluster.put("Service", {"metadata": {"name": name}, "spec": {"selector": {"app": "shop"}}})
    backend = {"service": {"name": "st", "port": {"number": 80}}}
    rule = {"host": "shop", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    cluster.put("Ingress", {"metadata": {"name": "web"}, "spec": {"rules": [rule]}})
    cluster.converge()
    return then(cluster, {"spec": {"template": template("img:2")}})


def judged(phase: str) -> Callable[[], Cluster]:
    def made() -> Cluster:
        cluster = updated(JUDGED)
        cluster.run_analyses("Running")
        cluster.converge()
        cluster.run_analyses(phase)
        cluster.converge()
        return cluster

    made.__name__ = f"judged_{phase}"
    return made


SWITCHED = "Switched selector for service '{service}' from '{before}' to '{after}'"
RUN = "Step Analysis Run 'shop-NEW-2-0' Status New: '{}' Previous: '{}'"


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (deployed, ("Normal", "RolloutUpdated", "Rollout updated to revision 1")),
        (
            deployed,
            ("Normal", "NewReplicaSetCreated", "Created ReplicaSet shop-OLD (revision 1), scaled up from 0 to 4"),
        ),
        (deployed, ("Normal", "RolloutNotCompleted", "Rollout not completed, started update to revision 1 (OLD)")),
        (deployed, ("Normal", "RolloutCompleted", "Rollout completed update to revision 1 (OLD): Initial deploy")),
        (updated, ("Normal", "RolloutNotCompleted", "Rollout not completed, started update to revision 2 (NEW)")),
        (updated, ("Normal", "ScalingReplicaSet", "Scaled down ReplicaSet shop-OLD (revision 1) from 4 to 3")),
        (updated, ("Normal", "RolloutStepCompleted", "Rollout step 1/2 completed (setWeight: 25)")),
        (updated, ("Normal", "RolloutPaused", "Rollout is paused (CanaryPauseStep)")),
        (promoted, ("Normal", "RolloutResumed", "Rollout is resumed")),
        (promoted, ("Normal", "RolloutStepCompleted", "Rollout step 2/2 completed (pause)")),
        (
            promoted,
            (
                "Normal",
                "RolloutCompleted",
                "Rollout completed update to revision 2 (NEW): Completed all 2 canary steps",
            ),
        ),
        (
            fully_promoted,
            ("Normal", "RolloutCompleted", "Rollout completed update to revision 2 (NEW): Full promotion requested"),
        ),
        (aborted, ("Warning", "RolloutAborted", "Rollout aborted update to revision 2")),
        (turned_back, ("Normal", "SkipSteps", "Rollback to stable ReplicaSets")),
        (routed, ("Normal", "SwitchService", SWITCHED.format(service="ca", before="OLD", after="NEW"))),
        (routed, ("Normal", "TrafficWeightUpdated", "Traffic weight updated from 0 to 25")),
        (by_ingress, ("Normal", "CreatingCanaryIngress", "Creating canary ingress `shop-web-canary` with weight 0")),
        (by_ingress, ("Normal", "PatchingCanaryIngress", "Patching canary ingress `shop-web-canary` to weight 25")),
        (
            a_healthy_blue_green,
            ("Normal", "SwitchService", SWITCHED.format(service="active", before="", after="OLD")),
        ),
        (judged("Successful"), ("Normal", "AnalysisRunRunning", RUN.format("Running", ""))),
        (judged("Successful"), ("Normal", "AnalysisRunSuccessful", RUN.format("Successful", "Running"))),
        (judged("Failed"), ("Warning", "AnalysisRunFailed", RUN.format("Failed", "Running"))),
        (judged("Error"), ("Warning", "AnalysisRunError", RUN.format("Error", "Running"))),
        (judged("Inconclusive"), ("Normal", "AnalysisRunInconclusive", RUN.format("Inconclusive", "Running"))),
    ],
    ids=lambda value: value.__name__ if callable(value) else value[1],
)
def test_it_is_told_once(made: Callable[[], Cluster], told: tuple[str, str, str]) -> None:
    cluster = made()
    sets = [body["metadata"]["labels"] for (kind, _), body in cluster.objects.items() if kind == "ReplicaSet"]
    names = dict(zip(("OLD", "NEW"), (labels["rollouts-pod-template-hash"] for labels in sets), strict=False))
    kind, reason, message = told
    for word, pod_hash in names.items():
        message = message.replace(word, pod_hash)
    assert [entry[1:] for entry in cluster.log if entry[0] == "event"].count((kind, reason, message)) == 1


def test_a_router_that_cannot_carry_the_weight_is_a_warning() -> None:
    events = [entry[1:3] for entry in unroutable().log if entry[0] == "event"]
    assert ("Warning", "TrafficRoutingError") in events


def test_a_rollback_within_the_window_to_pods_that_are_still_there_says_so() -> None:
    events = [entry[2:] for entry in back_within_the_window().log if entry[0] == "event"]
    assert ("SkipSteps", "Rollback to active ReplicaSets within RollbackWindow") in events


def test_a_timed_pause_that_ends_is_a_resumption_and_an_abort_is_none() -> None:
    ended = updated([{"setWeight": 25}, {"pause": {"duration": "5s"}}])
    ended.wait(10)
    assert [reasons(cluster).count("RolloutResumed") for cluster in (ended, aborted())] == [1, 0]


INCONCLUSIVE_PROMOTED: dict[str, Any] = {
    "status": {"controllerPause": False, "currentStepIndex": 1, "pauseConditions": None}
}


def test_a_resumption_is_told_however_a_client_ends_the_pause() -> None:
    """The established client clears all that says there was one when it promotes after an inconclusive analysis."""
    inconclusive = then(judged("Inconclusive")(), INCONCLUSIVE_PROMOTED)
    by_hand = then(then(deployed(), {"spec": {"paused": True}}), {"spec": {"paused": False}})
    assert [reasons(cluster).count("RolloutResumed") for cluster in (inconclusive, by_hand)] == [1, 1]


def test_a_retry_after_the_abort_of_a_paused_update_resumes_nothing() -> None:
    assert reasons(then(aborted(), {"status": {"abort": False}})).count("RolloutResumed") == 0


def test_a_pause_that_gives_way_to_another_is_no_resumption() -> None:
    cluster = updated([{"pause": {}}, {"pause": {}}])
    assert reasons(then(cluster, {"status": {"pauseConditions": None}})).count("RolloutResumed") == 0


def reasons(cluster: Cluster) -> list[str]:
    return [entry[2] for entry in cluster.log if entry[0] == "event"]
