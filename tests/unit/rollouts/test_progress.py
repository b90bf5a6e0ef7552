"""What people are told of a Rollout on its way."""

from __future__ import annotations

from typing import Any

import orjson

from reconciler.apps.delivery import Health, MetricReading, WorkloadProgress
from reconciler.rollouts.model import decode_rollout
from reconciler.rollouts.progress import workload_progress
from tests.properties.rollout_world import Cluster, a_blue_green, a_cluster, template

STEPS = [{"setWeight": 25}, {"pause": {}}, {"analysis": {"templates": [{"templateName": "errors"}]}}]


def told(cluster: Cluster) -> WorkloadProgress:
    rollout = decode_rollout(orjson.dumps(cluster.rollout))
    return workload_progress(rollout, cluster.runs(rollout), cluster.replica_sets(rollout))


def paused_at_25(**world: Any) -> Cluster:
    cluster = a_cluster(steps=STEPS, **world)
    cluster.converge()
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    cluster.converge()
    return cluster


def test_a_paused_canary_tells_its_weight_step_and_images() -> None:
    progress = told(paused_at_25())
    assert (progress.health, progress.phase, progress.message) == (Health.SUSPENDED, "Paused", "CanaryPauseStep")
    assert (progress.weight, progress.step, progress.steps) == (25, 1, 3)
    assert progress.step_texts == ("setWeight: 25", "pause", "analysis")
    assert (progress.images, progress.stable_images) == (("img:2",), ("img:1",))
    assert (progress.desired, progress.updated, progress.paused, progress.promoted) == (4, 1, True, False)


def test_with_a_router_the_weight_is_what_the_router_was_told() -> None:
    cluster = paused_at_25(traefik=True)
    assert told(cluster).weight == 25
    cluster.user("abort", {"status": {"abort": True}})
    cluster.converge()
    assert (told(cluster).weight, told(cluster).aborted, told(cluster).health) == (0, True, Health.DEGRADED)


def test_a_delivered_version_is_promoted_and_has_all_traffic() -> None:
    cluster = paused_at_25(traefik=True)
    cluster.user("full", {"status": {"promoteFull": True}})
    cluster.converge()
    progress = told(cluster)
    assert (progress.health, progress.promoted, progress.weight, progress.step) == (Health.HEALTHY, True, 100, 3)


def test_a_status_about_an_older_spec_is_not_believed() -> None:
    cluster = a_cluster(steps=STEPS)
    cluster.converge()
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    progress = told(cluster)
    assert (progress.health, progress.promoted) == (Health.PROGRESSING, False)
    assert progress.message == "waiting for rollout spec update to be observed"


def test_the_abort_of_an_older_version_is_not_told_of_the_next_one() -> None:
    """The commit of the next version would be failed before anybody looked at it."""
    cluster = paused_at_25(traefik=True)
    cluster.user("abort", {"status": {"abort": True}})
    cluster.converge()
    cluster.user("image 3", {"spec": {"template": template("img:3")}})
    assert (told(cluster).health, told(cluster).aborted) == (Health.PROGRESSING, False)


def test_the_latest_reading_of_each_metric_is_told_with_its_condition() -> None:
    cluster = paused_at_25()
    cluster.user("promote", {"status": {"pauseConditions": None}})
    cluster.converge()
    cluster.run_analyses("Running", value="[0.07]")
    [reading] = told(cluster).metrics
    assert reading == MetricReading("errors", "Running", "[0.07]", "result[0] < 0.1", measurement="Running")


def test_a_blue_green_rollout_tells_its_stages_and_all_or_none_of_the_traffic() -> None:
    judged = {"templates": [{"templateName": "errors"}]}
    by_hand = {"autoPromotionEnabled": False, "prePromotionAnalysis": judged, "postPromotionAnalysis": judged}
    cluster = a_blue_green(blue_green=by_hand)
    cluster.converge()
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    stages = []
    for verdict, patch in [("Running", {}), ("Successful", {}), ("Running", {"pauseConditions": None})]:
        cluster.user("status", {"status": patch})
        cluster.converge()
        cluster.run_analyses(verdict)
        cluster.converge()
        progress = told(cluster)
        stages.append((progress.step_texts[progress.step or 0], progress.weight))
    assert stages == [("pre-promotion analysis", 0), ("pause", 0), ("post-promotion analysis", 100)]
    assert (told(cluster).strategy, told(cluster).stable_images) == ("BlueGreen", ("img:1",))
