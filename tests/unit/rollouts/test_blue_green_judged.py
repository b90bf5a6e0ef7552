"""Blue-green updates that are judged, aborted, retried or lose their pods: where traffic goes, what stays to see."""

from __future__ import annotations

from typing import Any

import pytest

from tests.properties.rollout_world import Cluster, Json
from tests.unit.rollouts.test_blue_green_updates import (
    BY_HAND,
    a_pushed,
    ask,
    promote,
    push,
    serves,
    sizes,
    stands,
    version,
)

ANALYSIS = {"templates": [{"templateName": "errors"}]}
PRE, POST = {"prePromotionAnalysis": ANALYSIS}, {"postPromotionAnalysis": ANALYSIS}


def runs(cluster: Cluster) -> dict[str, Any]:
    """Name → whether it was asked to end."""
    found = {name: body for (kind, name), body in cluster.objects.items() if kind == "AnalysisRun"}
    return {name: bool(body["spec"].get("terminate")) for name, body in found.items()}


def recorded(cluster: Cluster, kind: str) -> Json:
    found: Json = cluster.status["blueGreen"].get(f"{kind}PromotionAnalysisRunStatus", {})
    return found


def verdict(cluster: Cluster, phase: str, message: str = "") -> None:
    cluster.run_analyses(phase, message)
    cluster.converge()


def lose_all_pods(cluster: Cluster, number: int) -> None:
    cluster.broken.add(version(cluster, number)["metadata"]["labels"]["rollouts-pod-template-hash"])
    cluster.converge()


def aborted_because(cluster: Cluster) -> str:
    return str(next(c["message"] for c in cluster.status["conditions"] if c["reason"] == "RolloutAborted"))


def test_the_analysis_before_the_cutover_decides_about_it_and_is_named_after_it() -> None:
    cluster = a_pushed(PRE)
    pod_hash = cluster.status["currentPodHash"]
    assert (serves(cluster), runs(cluster)) == (1, {f"shop-{pod_hash}-2-pre": False})
    assert recorded(cluster, "pre") == {"name": f"shop-{pod_hash}-2-pre", "status": ""}
    verdict(cluster, "Successful")
    assert (serves(cluster), stands(cluster)) == (2, ("Healthy", ""))


def test_the_pause_comes_after_the_analysis_before_the_cutover() -> None:
    cluster = a_pushed({**PRE, **BY_HAND})
    assert "pauseConditions" not in cluster.status
    verdict(cluster, "Successful")
    assert (serves(cluster), stands(cluster)) == (1, ("Paused", "BlueGreenPause"))


def test_a_run_that_was_successful_and_is_gone_during_the_pause_is_not_done_again() -> None:
    cluster = a_pushed({**PRE, **BY_HAND})
    verdict(cluster, "Successful")
    del cluster.objects["AnalysisRun", recorded(cluster, "pre")["name"]]
    cluster.converge()
    assert (runs(cluster), stands(cluster)) == ({}, ("Paused", "BlueGreenPause"))
    promote(cluster)
    assert (serves(cluster), stands(cluster)) == (2, ("Healthy", ""))


def test_a_small_preview_is_judged_before_it_grows() -> None:
    cluster = a_pushed({**PRE, "previewReplicaCount": 1})
    assert (sizes(cluster), len(runs(cluster))) == ([3, 1], 1)
    verdict(cluster, "Successful")
    assert (sizes(cluster), serves(cluster)) == ([3, 3], 2)


@pytest.mark.parametrize("phase", ["Failed", "Error"])
def test_a_failure_before_the_cutover_aborts_and_says_why(phase: str) -> None:
    cluster = a_pushed(PRE)
    verdict(cluster, phase, "too many errors")
    assert (serves(cluster), cluster.status["phase"]) == (1, "Degraded")
    assert "Blue/green pre-promotion analysis phase error/failed: too many errors" in aborted_because(cluster)
    assert recorded(cluster, "pre")["status"] == phase


def test_the_version_to_come_back_to_stays_whole_until_the_analysis_after_the_cutover_is_successful() -> None:
    cluster = a_pushed({**POST, "scaleDownDelaySeconds": 5})
    assert (serves(cluster), stands(cluster)) == (2, ("Progressing", "waiting for analysis to complete"))
    cluster.wait(60)
    assert sizes(cluster) == [3, 3]
    verdict(cluster, "Successful")
    assert (sizes(cluster), stands(cluster)) == ([0, 3], ("Healthy", ""))


def test_a_delay_that_is_not_set_begins_after_the_analysis() -> None:
    cluster = a_pushed(POST)
    cluster.wait(60)
    verdict(cluster, "Successful")
    cluster.wait(29)
    assert sizes(cluster) == [3, 3]
    cluster.wait(2)
    assert sizes(cluster) == [0, 3]


def test_a_failure_after_the_cutover_gives_the_traffic_back_in_the_same_reconcile() -> None:
    cluster = a_pushed({**POST, "abortScaleDownDelaySeconds": 5})
    cluster.run_analyses("Failed", "too slow")
    cluster.reconcile()
    assert (serves(cluster), cluster.status["phase"]) == (1, "Degraded")
    assert "Blue/green post-promotion analysis phase error/failed: too slow" in aborted_because(cluster)
    cluster.converge()
    assert sizes(cluster) == [3, 3]
    cluster.wait(6)
    assert sizes(cluster) == [3, 0]


def test_an_abort_gives_the_traffic_back_although_the_new_version_is_broken() -> None:
    cluster = a_pushed(POST)
    lose_all_pods(cluster, 2)
    ask(cluster, abort=True)
    assert serves(cluster) == 1
    cluster.wait(40)
    assert (serves(cluster), sizes(cluster)) == (1, [3, 0])


def test_a_version_that_loses_every_pod_before_it_is_promoted_gives_the_traffic_back_until_it_is_whole() -> None:
    cluster = a_pushed(POST)
    lose_all_pods(cluster, 2)
    assert (serves(cluster), "abort" in cluster.status) == (1, False)
    cluster.broken.clear()
    cluster.converge()
    assert serves(cluster) == 2
    assert list(runs(cluster).values()) == [False], "the same analysis goes on"


def test_while_the_stable_version_has_no_pod_an_abort_takes_none_from_the_one_that_serves() -> None:
    cluster = a_pushed({**POST, "abortScaleDownDelaySeconds": 1})
    lose_all_pods(cluster, 1)
    ask(cluster, abort=True)
    cluster.wait(60)
    assert (serves(cluster), sizes(cluster)) == (2, [3, 3])
    cluster.user("scale", {"spec": {"replicas": 5}})
    cluster.converge()
    assert (serves(cluster), sizes(cluster)) == (2, [5, 5])
    cluster.broken.clear()
    cluster.converge()
    assert serves(cluster) == 1


def test_an_abort_delay_of_zero_keeps_the_preview_to_look_at() -> None:
    cluster = a_pushed({**BY_HAND, "abortScaleDownDelaySeconds": 0})
    ask(cluster, abort=True)
    cluster.wait(3600)
    assert (serves(cluster), serves(cluster, "prev"), sizes(cluster)) == (1, 2, [3, 3])


def test_an_inconclusive_analysis_waits_for_a_person_and_touches_nothing() -> None:
    cluster = a_pushed(PRE)
    verdict(cluster, "Inconclusive")
    cluster.wait(120)
    assert (serves(cluster), stands(cluster)) == (1, ("Paused", "InconclusiveAnalysisRun"))


def test_older_versions_outlive_their_delay_while_a_person_has_to_judge() -> None:
    cluster = a_pushed({**PRE, "scaleDownDelaySeconds": 5})
    verdict(cluster, "Successful")
    push(cluster, 3)
    verdict(cluster, "Inconclusive")
    cluster.wait(60)
    assert sizes(cluster) == [3, 3, 3]
    ask(cluster, abort=True)
    assert sizes(cluster) == [0, 3, 3]


def test_after_an_inconclusive_analysis_a_promotion_measures_again() -> None:
    cluster = a_pushed(PRE)
    verdict(cluster, "Inconclusive")
    promote(cluster)
    assert (serves(cluster), len(runs(cluster))) == (1, 2)
    verdict(cluster, "Successful")
    assert (serves(cluster), stands(cluster)) == (2, ("Healthy", ""))


def test_after_an_inconclusive_analysis_after_the_cutover_a_promotion_measures_again() -> None:
    cluster = a_pushed(POST)
    verdict(cluster, "Inconclusive")
    promote(cluster)
    assert (serves(cluster), len(runs(cluster))) == (2, 2)
    verdict(cluster, "Successful")
    assert (serves(cluster), stands(cluster)) == (2, ("Healthy", ""))


def test_a_retry_measures_again_instead_of_failing_by_the_old_verdict() -> None:
    cluster = a_pushed(POST)
    verdict(cluster, "Failed")
    ask(cluster, abort=False)
    assert (serves(cluster), len(runs(cluster))) == (2, 2)
    verdict(cluster, "Successful")
    assert stands(cluster) == ("Healthy", "")


def test_full_promotion_after_a_failure_promotes_and_ends_the_analyses() -> None:
    cluster = a_pushed(POST)
    verdict(cluster, "Failed")
    ask(cluster, promoteFull=True)
    assert (serves(cluster), stands(cluster)) == (2, ("Healthy", ""))


def test_full_promotion_ends_a_running_analysis_and_keeps_its_name_to_look_at() -> None:
    cluster = a_pushed(POST)
    ask(cluster, promoteFull=True)
    assert (list(runs(cluster).values()), stands(cluster)) == ([True], ("Healthy", ""))
    assert recorded(cluster, "post")["name"] in runs(cluster)


def test_a_version_that_was_given_up_is_never_a_fast_rollback() -> None:
    cluster = a_pushed({**BY_HAND, "abortScaleDownDelaySeconds": 60, "scaleDownDelaySeconds": 1})
    promote(cluster)
    cluster.wait(5)
    push(cluster, 1)
    ask(cluster, abort=True)
    ask(cluster, abort=False)
    assert (serves(cluster), stands(cluster)) == (2, ("Paused", "BlueGreenPause"))


def test_a_newer_version_supersedes_one_that_is_judged_and_serves_meanwhile() -> None:
    cluster = a_pushed({**POST, "scaleDownDelaySeconds": 5})
    push(cluster, 3, ready=False)
    assert (serves(cluster), sizes(cluster)) == (2, [3, 3, 3])
    cluster.converge()
    assert serves(cluster) == 3
    cluster.wait(10)
    assert sizes(cluster) == [3, 0, 3]


def test_the_version_that_serves_follows_the_number_of_replicas_although_it_is_superseded() -> None:
    cluster = a_pushed(POST)
    push(cluster, 3, ready=False)
    cluster.user("scale", {"spec": {"replicas": 5}})
    cluster.converge(ready=False)
    assert (serves(cluster), sizes(cluster)) == (2, [5, 5, 5])


def test_an_update_that_does_not_progress_is_given_up_if_asked_for() -> None:
    cluster = a_pushed(BY_HAND, progressDeadlineSeconds=20, progressDeadlineAbort=True)
    promote(cluster)
    push(cluster, 3, ready=False)
    lose_all_pods(cluster, 3)
    cluster.wait(60)
    assert (serves(cluster), cluster.status["phase"], cluster.status["abort"]) == (2, "Degraded", True)


def test_a_long_analysis_does_not_count_as_no_progress() -> None:
    cluster = a_pushed(PRE, progressDeadlineSeconds=20, progressDeadlineAbort=True)
    cluster.wait(300)
    assert cluster.status["phase"] == "Progressing"


def test_an_inconclusive_analysis_after_the_cutover_keeps_the_version_to_come_back_to() -> None:
    cluster = a_pushed({**POST, "scaleDownDelaySeconds": 1})
    verdict(cluster, "Inconclusive")
    cluster.wait(60)
    assert (serves(cluster), sizes(cluster), stands(cluster)) == (2, [3, 3], ("Paused", "InconclusiveAnalysisRun"))
    ask(cluster, abort=True)
    assert (serves(cluster), cluster.status["phase"]) == (1, "Degraded")


def test_undo_while_the_new_version_is_judged_gives_the_traffic_back_without_a_pause() -> None:
    """The version to come back to has no deadline yet: it is fast because it is the stable one."""
    cluster = a_pushed(BY_HAND | POST)
    promote(cluster)
    assert serves(cluster) == 2
    push(cluster, 1)
    assert (serves(cluster), cluster.status["phase"]) == (1, "Healthy")
