"""Conditions as clients read them: what each says, and when it changes (spec rollouts §5.2-§5.4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.properties.rollout_world import Cluster, a_blue_green, a_cluster, merge, template
from tests.unit.rollouts.test_identity import a_foreign_installation

STEPS: list[dict[str, Any]] = [{"setWeight": 25}, {"pause": {}}]


def deployed(**spec: Any) -> Cluster:
    cluster = a_cluster(steps=STEPS, **spec)
    cluster.converge()
    return cluster


def updated(**spec: Any) -> Cluster:
    """Waits at the pause of an update."""
    cluster = deployed(**spec)
    cluster.user("update", {"spec": {"template": template("img:2")}})
    cluster.converge()
    return cluster


def just_created() -> Cluster:
    cluster = a_cluster(steps=STEPS)
    cluster.reconcile()
    return cluster


def found() -> Cluster:
    cluster = a_foreign_installation()
    cluster.put("ReplicaSet", {**cluster.objects["ReplicaSet", "shop-theirs"], "status": {}})
    cluster.reconcile()
    return cluster


def on_its_way() -> Cluster:
    cluster = just_created()
    cluster.reconcile()
    cluster.run_pods(most=2)
    cluster.now += timedelta(minutes=1)
    cluster.reconcile()
    return cluster


def lost_pods() -> Cluster:
    cluster = deployed()
    name, body = next((n, b) for (k, n), b in cluster.objects.items() if k == "ReplicaSet")
    cluster.put("ReplicaSet", merge(body, {"status": {"availableReplicas": 1, "readyReplicas": 1}}))
    cluster.now += timedelta(minutes=1)
    cluster.reconcile()
    assert name
    return cluster


def lost_a_pod_while_it_is_judged() -> Cluster:
    """Blue-green, after the cutover: whole once, and not delivered yet."""
    analysis = {"templates": [{"templateName": "t"}]}
    cluster = a_blue_green(blue_green={"postPromotionAnalysis": analysis})
    cluster.converge()
    cluster.user("update", {"spec": {"template": template("img:2")}})
    cluster.converge()
    known = condition(cluster, "Progressing")
    assert known is not None
    assert known["reason"] == "NewReplicaSetAvailable"
    name = f"shop-{cluster.status['currentPodHash']}"
    counts = {"availableReplicas": 3, "readyReplicas": 3}
    cluster.put("ReplicaSet", merge(cluster.objects["ReplicaSet", name], {"status": counts}))
    cluster.reconcile()
    return cluster


def resumed() -> Cluster:
    cluster = updated()
    cluster.user("pause", {"spec": {"paused": True}})
    cluster.reconcile()
    cluster.user("resume", {"spec": {"paused": False}, "status": {"pauseConditions": None}})
    cluster.reconcile()
    return cluster


def resumed_by_hand() -> Cluster:
    """In the middle of an update whose pods are still to come."""
    cluster = deployed()
    cluster.user("update", {"spec": {"template": template("img:2")}})
    cluster.converge(ready=False)
    for paused in (True, False):
        cluster.user("pause", {"spec": {"paused": paused}})
        cluster.reconcile()
    return cluster


def aborted() -> Cluster:
    cluster = updated()
    cluster.user("abort", {"status": {"abort": True}})
    cluster.converge()
    return cluster


def retried() -> Cluster:
    cluster = aborted()
    cluster.user("retry", {"status": {"abort": False}})
    cluster.reconcile()
    return cluster


def failed_judgement() -> Cluster:
    cluster = a_cluster(steps=[{"analysis": {"templates": [{"templateName": "t"}]}}])
    cluster.converge()
    cluster.user("update", {"spec": {"template": template("img:2")}})
    cluster.converge()
    cluster.run_analyses("Failed", "errors too high")
    cluster.converge()
    return cluster


def late() -> Cluster:
    cluster = deployed(progressDeadlineSeconds=5)
    cluster.user("update", {"spec": {"template": template("img:2")}})
    cluster.broken.add(cluster.world().template_hash)
    cluster.converge()
    cluster.wait(10)
    return cluster


def failing_to_create_pods() -> Cluster:
    cluster = deployed()
    (kind, name), body = next((key, body) for key, body in cluster.objects.items() if key[0] == "ReplicaSet")
    refused = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota"}
    cluster.put(kind, merge(body, {"status": {"conditions": [refused]}}))
    assert name
    cluster.reconcile()
    return cluster


@pytest.mark.parametrize(
    ("made", "kind", "expected"),
    [
        (just_created, "Progressing", ("True", "NewReplicaSetCreated", 'Created new replica set "NEW"')),
        (just_created, "Completed", ("False", "RolloutCompleted", "RolloutCompleted")),
        (just_created, "Available", ("False", "AvailableReason", "Rollout does not have minimum availability")),
        (found, "Progressing", ("True", "FoundNewReplicaSet", 'Found new replica set "NEW"')),
        (on_its_way, "Progressing", ("True", "ReplicaSetUpdated", 'ReplicaSet "NEW" is progressing.')),
        (deployed, "Progressing", ("True", "NewReplicaSetAvailable", 'ReplicaSet "NEW" has successfully progressed.')),
        (deployed, "Available", ("True", "AvailableReason", "Rollout has minimum availability")),
        (deployed, "Healthy", ("True", "RolloutHealthy", "Rollout is healthy")),
        (deployed, "Completed", ("True", "RolloutCompleted", "RolloutCompleted")),
        (lost_pods, "Progressing", ("True", "ReplicaSetNotAvailable", 'ReplicaSet "NEW" is not available.')),
        (
            lost_a_pod_while_it_is_judged,
            "Progressing",
            ("True", "ReplicaSetUpdated", 'ReplicaSet "NEW" is progressing.'),
        ),
        (lost_pods, "Healthy", ("False", "RolloutHealthy", "Rollout is not healthy")),
        (updated, "Progressing", ("Unknown", "RolloutPaused", "Rollout is paused")),
        (updated, "Paused", ("True", "RolloutPaused", "Rollout is paused")),
        (updated, "Completed", ("False", "RolloutCompleted", "RolloutCompleted")),
        (resumed, "Paused", ("False", "RolloutPaused", "Rollout is paused")),
        (resumed_by_hand, "Progressing", ("Unknown", "RolloutResumed", "Rollout is resumed")),
        (retried, "Progressing", ("Unknown", "RolloutRetry", "Retrying Rollout after abort")),
        (retried, "Paused", ("False", "RolloutPaused", "Rollout is paused")),
        (aborted, "Progressing", ("False", "RolloutAborted", "Rollout aborted update to revision 2")),
        (aborted, "Paused", ("True", "RolloutPaused", "Rollout is paused")),
        (
            late,
            "Progressing",
            ("False", "ProgressDeadlineExceeded", 'ReplicaSet "NEW" has timed out progressing.'),
        ),
        (failing_to_create_pods, "ReplicaFailure", ("True", "FailedCreate", "quota")),
    ],
    ids=lambda value: value.__name__ if callable(value) else value if isinstance(value, str) else "",
)
def test_a_condition_says_what_clients_know(made: Callable[[], Cluster], kind: str, expected: tuple[str, ...]) -> None:
    cluster = made()
    new = cluster.world().new
    known = condition(cluster, kind)
    assert known is not None
    said = (known["status"], known["reason"], known["message"])
    assert said == tuple(text.replace("NEW", new.name if new else "") for text in expected)


def condition(cluster: Cluster, kind: str) -> dict[str, str] | None:
    return next((each for each in cluster.status["conditions"] if each["type"] == kind), None)


def test_an_abort_by_a_verdict_says_the_cause() -> None:
    known = condition(failed_judgement(), "Progressing")
    assert known is not None
    assert known["message"].startswith("Rollout aborted update to revision 2: Step-based analysis phase")


@pytest.mark.parametrize("kind", ["Paused", "Healthy", "ReplicaFailure", "InvalidSpec"])
def test_a_condition_that_never_held_is_not_there(kind: str) -> None:
    assert condition(just_created(), kind) is None


def test_a_condition_goes_when_its_cause_goes() -> None:
    cluster = failing_to_create_pods()
    (kind, _), body = next((key, body) for key, body in cluster.objects.items() if key[0] == "ReplicaSet")
    cluster.put(kind, merge(body, {"status": {"conditions": None}}))
    cluster.reconcile()
    assert condition(cluster, "ReplicaFailure") is None


def test_the_time_of_a_transition_is_that_of_the_status_not_of_the_reason() -> None:
    cluster = just_created()
    created = condition(cluster, "Progressing")
    cluster.now += timedelta(minutes=1)
    cluster.converge()
    there = condition(cluster, "Progressing")
    assert created is not None
    assert there is not None
    assert (there["reason"], there["lastTransitionTime"]) == ("NewReplicaSetAvailable", created["lastTransitionTime"])
    assert there["lastUpdateTime"] > created["lastUpdateTime"]


def test_a_condition_that_changed_moves_to_the_end() -> None:
    cluster = updated()
    before = [each["type"] for each in cluster.status["conditions"]]
    cluster.user("abort", {"status": {"abort": True}})
    cluster.reconcile()
    assert before[-1] != "Available"
    assert [each["type"] for each in cluster.status["conditions"]][-1] == "Progressing"


def test_the_deadline_does_not_run_while_somebody_is_waited_for() -> None:
    cluster = updated(progressDeadlineSeconds=5)
    cluster.wait(60)
    assert cluster.status["phase"] == "Paused"


def test_progress_gives_the_update_new_time() -> None:
    cluster = late()
    cluster.broken.clear()
    cluster.converge()
    known = condition(cluster, "Progressing")
    assert known is not None
    assert known["reason"] == "RolloutPaused"
