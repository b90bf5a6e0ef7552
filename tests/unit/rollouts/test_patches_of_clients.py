"""The patches of established clients, as the engine heeds them (spec rollouts §4.10)."""

from __future__ import annotations

import pytest

from tests.properties.rollout_world import Cluster, Json, a_cluster, merge, template
from tests.unit.rollouts.test_requests_of_users import an_update, ask, condition, push, sizes
from tests.unit.rollouts.test_traffic_safety import replica_set, weights

PAUSE: Json = {"pause": {}}
STEPS = [{"setWeight": 25}, PAUSE, {"setWeight": 50}, PAUSE]


def stands(cluster: Cluster) -> tuple[str, int, list[int]]:
    return cluster.status["phase"], cluster.status["currentStepIndex"], sizes(cluster)


def test_promote_ends_the_pause_and_the_update_goes_on_to_the_next() -> None:
    cluster = an_update(STEPS)
    ask(cluster, pauseConditions=None)
    assert stands(cluster) == ("Paused", 3, [2, 2])


def test_promote_skips_a_step_that_takes_too_long() -> None:
    cluster = a_cluster(steps=[{"setWeight": 25}, {"pause": {}}])
    cluster.converge()
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    cluster.broken.add(cluster.world().template_hash)
    cluster.converge()
    assert cluster.status["currentStepIndex"] == 0
    ask(cluster, pauseConditions=None, currentStepIndex=1)
    assert (cluster.status["phase"], cluster.status["currentStepIndex"]) == ("Paused", 1)


def test_promote_beside_a_pause_by_hand_takes_effect_when_that_is_taken_back() -> None:
    cluster = an_update(STEPS)
    cluster.user("pause", {"spec": {"paused": True}})
    cluster.converge()
    ask(cluster, pauseConditions=None)
    assert stands(cluster) == ("Paused", 1, [1, 3])
    cluster.user("resume", {"spec": {"paused": False}})
    cluster.converge()
    assert stands(cluster) == ("Paused", 3, [2, 2])


def test_promote_of_the_current_step_alone_moves_the_index_past_its_pause() -> None:
    """`promote -c` leaves the pause condition where it is."""
    cluster = an_update(STEPS)
    ask(cluster, currentStepIndex=2)
    assert stands(cluster) == ("Paused", 3, [2, 2])
    assert len(cluster.status["pauseConditions"]) == 1


def test_promote_of_all_steps_promotes() -> None:
    """`promote -a`."""
    cluster = an_update(STEPS)
    ask(cluster, currentStepIndex=4)
    assert stands(cluster) == ("Healthy", 4, [4, 0])
    assert "pauseConditions" not in cluster.status


@pytest.mark.parametrize(("index", "phase", "step"), [(-3, "Paused", 1), (99, "Healthy", 4)])
def test_an_index_that_no_step_has_is_the_nearest_that_one_has(index: int, phase: str, step: int) -> None:
    cluster = an_update(STEPS)
    ask(cluster, currentStepIndex=index, pauseConditions=None, controllerPause=False)
    assert stands(cluster)[:2] == (phase, step)


def test_promote_full_from_a_pause_ends_all_pauses() -> None:
    cluster = an_update(STEPS)
    ask(cluster, promoteFull=True)
    assert stands(cluster) == ("Healthy", 4, [4, 0])
    assert not {"promoteFull", "pauseConditions", "controllerPause"} & cluster.status.keys()
    [promoted] = [line[1] for line in cluster.log if line[0] == "status" and "promoteFull" in line[1]][1:]
    assert promoted["stableRS"] == cluster.status["stableRS"], "one write says that it is done"


@pytest.mark.parametrize("paused", [False, True])
def test_a_full_promotion_of_what_is_promoted_is_dropped(paused: bool) -> None:
    cluster = a_cluster(steps=STEPS)
    cluster.converge()
    cluster.user("pause", {"spec": {"paused": paused}})
    ask(cluster, promoteFull=True)
    assert "promoteFull" not in cluster.status


def test_a_full_promotion_is_for_the_version_that_it_was_asked_for() -> None:
    cluster = an_update(STEPS)
    cluster.broken.add(cluster.status["currentPodHash"])
    ask(cluster, promoteFull=True)
    push(cluster, 3)
    assert (cluster.status["phase"], cluster.status["currentStepIndex"]) == ("Paused", 1)
    assert "promoteFull" not in cluster.status


def test_a_retry_takes_the_deadline_of_the_abort_from_the_canary() -> None:
    cluster = an_update(STEPS, traefik=True)
    ask(cluster, abort=True)
    assert deadlines(cluster) == 1
    ask(cluster, abort=False)
    assert deadlines(cluster) == 0
    cluster.wait(60)
    assert stands(cluster) == ("Paused", 1, [1, 4])


def test_an_abort_stays_whatever_applies_the_same_version_again() -> None:
    """As git does with every sync."""
    cluster = an_update(STEPS)
    ask(cluster, abort=True)
    cluster.put("Rollout", merge(cluster.rollout, {"metadata": {"annotations": {"synced": "again"}, "generation": 9}}))
    push(cluster, 2)
    assert stands(cluster) == ("Degraded", 0, [0, 4])
    assert condition(cluster, "Progressing") == ("False", "RolloutAborted")


def test_a_restart_that_was_asked_for_before_an_update_does_not_come_after_it() -> None:
    cluster = a_cluster(steps=[])
    cluster.converge()
    asked = "2026-01-01T01:00:00Z"
    cluster.user("restart and update", {"spec": {"restartAt": asked, "template": template("img:2")}})
    cluster.converge()
    assert cluster.status["restartedAt"] == asked


def deadlines(cluster: Cluster) -> int:
    sets = (body for (kind, _), body in cluster.objects.items() if kind == "ReplicaSet")
    return sum("scale-down-deadline" in body["metadata"]["annotations"] for body in sets)


def test_a_pause_by_hand_keeps_the_traffic_of_the_step_and_its_analysis() -> None:
    background = {"analysis": {"templates": [{"templateName": "errors"}]}}
    cluster = an_update([{"setWeight": 20}, PAUSE], traefik=True, canary=background)
    cluster.run_analyses("Running")
    cluster.user("pause", {"spec": {"paused": True}})
    cluster.converge()
    undone = {"services": [{"name": "st", "weight": 100}, {"name": "ca", "weight": 0}]}
    cluster.patch("TraefikService", "shop", {"spec": {"weighted": undone}})
    cluster.converge()
    assert weights(cluster) == {"st": 80, "ca": 20}
    [run] = [body for (kind, _), body in cluster.objects.items() if kind == "AnalysisRun"]
    assert "terminate" not in run["spec"]


def test_an_aborted_canary_keeps_its_size_while_the_number_of_replicas_changes() -> None:
    cluster = an_update([{"setWeight": 50}, PAUSE], traefik=True)
    ask(cluster, abort=True)
    cluster.user("scale", {"spec": {"replicas": 6}})
    cluster.converge()
    canary = replica_set(cluster, "img:2")
    assert (sizes(cluster), canary["metadata"]["annotations"]["rollout.argoproj.io/desired-replicas"]) == ([2, 6], "6")
    cluster.wait(31)
    assert sizes(cluster) == [0, 6]
