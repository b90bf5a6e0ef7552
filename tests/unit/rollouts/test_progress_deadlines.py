"""Updates that get nowhere: what is told, what is given up, and what comes back by itself (spec rollouts §5.4)."""

from __future__ import annotations

from datetime import timedelta

from tests.properties.rollout_world import Cluster, a_cluster, template
from tests.unit.rollouts.test_requests_of_users import an_update, condition, push, sizes


def test_a_stuck_update_is_degraded_at_its_deadline_and_recovers_by_progress() -> None:
    cluster = a_cluster(progressDeadlineSeconds=60)
    cluster.converge()
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    cluster.reconcile()
    broken = cluster.status["currentPodHash"]
    cluster.broken.add(broken)
    cluster.converge()
    cluster.wait(59)
    assert cluster.status["phase"] == "Progressing"
    cluster.wait(5)
    assert condition(cluster, "Progressing") == ("False", "ProgressDeadlineExceeded")
    assert cluster.status["message"].endswith("has timed out progressing.")
    cluster.broken.clear()
    cluster.converge()
    assert cluster.status["phase"] == "Healthy"


def test_a_background_analysis_does_not_keep_a_stuck_update_from_being_seen() -> None:
    background = {"analysis": {"templates": [{"templateName": "errors"}]}}
    cluster = a_cluster(progressDeadlineSeconds=60, steps=[{"setWeight": 50}], canary=background)
    cluster.converge()
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    cluster.reconcile()
    cluster.broken.add(cluster.status["currentPodHash"])
    cluster.converge()
    cluster.run_analyses("Running")
    cluster.converge()
    cluster.wait(70)
    assert condition(cluster, "Progressing") == ("False", "ProgressDeadlineExceeded")


def test_progress_deadline_abort_gives_the_update_up() -> None:
    cluster = a_cluster(progressDeadlineSeconds=60, progressDeadlineAbort=True, steps=[{"setWeight": 50}])
    cluster.converge()
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    cluster.reconcile()
    cluster.broken.add(cluster.status["currentPodHash"])
    cluster.converge()
    cluster.wait(70)
    assert cluster.status["abort"] is True
    assert "timed out progressing" in cluster.status["message"]
    assert sorted(sizes(cluster)) == [0, 4]


def test_a_first_version_that_takes_too_long_is_not_given_up_for_there_is_none_before_it() -> None:
    cluster = a_cluster(progressDeadlineSeconds=60, progressDeadlineAbort=True, steps=[{"setWeight": 50}])
    cluster.reconcile()
    cluster.broken.add(cluster.status["currentPodHash"])
    cluster.converge()
    cluster.wait(70)
    assert condition(cluster, "Progressing") == ("False", "ProgressDeadlineExceeded")
    cluster.broken.clear()
    cluster.converge()
    assert cluster.status["phase"] == "Healthy"


def test_the_deadline_does_not_run_while_an_old_version_has_its_time_of_grace() -> None:
    steps = [{"setWeight": 60}, {"pause": {}}, {"setWeight": 80}, {"pause": {}}]
    delay = {"scaleDownDelaySeconds": 20}
    cluster = an_update(steps, traefik=True, replicas=5, progressDeadlineSeconds=5, canary=delay)
    push(cluster, 3)
    cluster.user("promote", {"status": {"pauseConditions": None}})
    waits(cluster, 10)
    assert condition(cluster, "Progressing")[0] != "False"
    waits(cluster, 10)
    waits(cluster, 10)
    assert condition(cluster, "Progressing") == ("False", "ProgressDeadlineExceeded")


def waits(cluster: Cluster, seconds: int) -> None:
    """No further pod becomes available meanwhile."""
    for _ in range(4):
        cluster.reconcile()
        cluster.run_pods(ready=False)
    for each in (3, seconds):  # first what is held back for a moment is written, which is progress
        cluster.now += timedelta(seconds=each)
        cluster.reconcile()
