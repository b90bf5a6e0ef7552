"""A bake: all traffic and pods are on the new version, and the previous one stays stable until the verdict."""

from __future__ import annotations

from typing import Any

import pytest

from tests.properties.rollout_world import Cluster, Json, a_blue_green, a_cluster, template
from tests.unit.rollouts.test_analysis_coupling import runs

TEMPLATES = "templates: [{templateName: errors}]"
STEPS = [{"setWeight": 50}]


def a_bake(duration: str = "", **world: Any) -> Cluster:
    """An update that has come to its bake."""
    text = f"{TEMPLATES}\n{f'duration: {duration}' if duration else ''}"
    cluster = a_cluster(**{"steps": STEPS, "annotations": {"reconciler.dev/bake-analysis": text}, **world})
    cluster.converge()
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    cluster.converge()
    return cluster


def stable(cluster: Cluster) -> bool:
    return bool(cluster.status["stableRS"] == cluster.status["currentPodHash"])


def sizes(cluster: Cluster) -> dict[str, int]:
    """Image → pods."""
    sets = [body for (kind, _), body in cluster.objects.items() if kind == "ReplicaSet"]
    return {rs["spec"]["template"]["spec"]["containers"][0]["image"]: rs["spec"]["replicas"] for rs in sets}


def bake_run(cluster: Cluster) -> Json:
    [name] = [name for name in runs(cluster) if name.endswith("-bake")]
    return cluster.objects["AnalysisRun", name]


@pytest.mark.parametrize(
    ("world", "previous"),
    [({}, 0), ({"traefik": True}, 4), ({"traefik": True, "canary": {"dynamicStableScale": True}}, 0)],
    ids=["without a router", "with a router", "with dynamicStableScale"],
)
def test_all_is_on_the_new_version_while_the_previous_one_is_stable(world: Json, previous: int) -> None:
    cluster = a_bake(**world)
    assert sizes(cluster) == {"img:1": previous, "img:2": 4}
    assert not stable(cluster)
    cluster.wait(3)
    assert ("the previous one keeps its pods" in cluster.status["message"]) == (previous > 0)
    assert bake_run(cluster)["metadata"]["labels"]["rollout-type"] == "Bake"
    if world:
        assert cluster.status["canary"]["weights"]["canary"]["weight"] == 100


def test_a_routed_update_without_steps_bakes_with_all_the_traffic() -> None:
    cluster = a_bake(traefik=True, steps=[])
    assert cluster.status["canary"]["weights"]["canary"]["weight"] == 100
    assert not stable(cluster)
    cluster.run_analyses("Successful")
    cluster.converge()
    assert stable(cluster)


def test_a_successful_bake_without_a_duration_promotes() -> None:
    cluster = a_bake()
    cluster.wait(3)
    assert cluster.status["message"].startswith("baking since 00:00:00 until shop-")
    cluster.run_analyses("Successful")
    cluster.converge()
    assert stable(cluster)
    assert cluster.status["phase"] == "Healthy"
    assert "currentStepAnalysisRunStatus" not in cluster.status["canary"]


def test_a_bake_lasts_its_duration_and_ends_a_run_that_has_no_end() -> None:
    cluster = a_bake("30m")
    cluster.wait(3)
    assert cluster.status["message"].startswith("baking since 00:00:00 until 00:30:00 UTC")
    assert cluster.status["phase"] == "Progressing"
    cluster.wait(1796)
    assert not bake_run(cluster)["spec"].get("terminate")
    cluster.wait(2)
    assert bake_run(cluster)["spec"]["terminate"] is True
    cluster.run_analyses("Running")
    cluster.converge()
    assert stable(cluster)


def test_a_bake_waits_for_a_job_that_would_else_be_inconclusive() -> None:
    cluster = a_bake("30m")
    job: Json = {"phase": "Running", "metadata": {"job-name": "uid.smoke.1"}}
    name = bake_run(cluster)["metadata"]["name"]
    for ended in (False, True):
        measurement = job | ({"finishedAt": "2026-01-01T00:31:00Z"} if ended else {})
        results = [{"name": "smoke", "phase": "Running", "measurements": [measurement]}]
        cluster.patch("AnalysisRun", name, {"status": {"phase": "Running", "metricResults": results}})
        cluster.wait(1900)
        assert bool(bake_run(cluster)["spec"].get("terminate")) is ended


def test_a_run_that_is_done_early_does_not_shorten_the_bake_and_is_not_stuck() -> None:
    cluster = a_bake("1h", progressDeadlineSeconds=60)
    cluster.run_analyses("Successful")
    cluster.wait(3500)
    assert (stable(cluster), cluster.status["phase"]) == (False, "Progressing")
    cluster.wait(200)
    assert stable(cluster)


@pytest.mark.parametrize("world", [{}, {"traefik": True}, {"traefik": True, "canary": {"dynamicStableScale": True}}])
def test_a_failed_bake_brings_the_previous_version_back_and_keeps_it(world: Json) -> None:
    cluster = a_bake("30m", **world)
    cluster.run_analyses("Failed", 'Metric "errors" assessed Failed', value="[0.42]")
    cluster.converge()
    assert cluster.status["message"].count("Bake analysis phase error/failed: Metric") == 1
    assert "errors measured [0.42]" in cluster.status["message"]
    assert sizes(cluster)["img:1"] == 4
    assert (cluster.status["phase"], cluster.status["abort"], stable(cluster)) == ("Degraded", True, False)
    if world:
        assert cluster.status["canary"]["weights"]["canary"]["weight"] == 0
    cluster.user("git again", {"spec": {"template": template("img:2")}})
    cluster.wait(100)
    assert (cluster.status["phase"], sizes(cluster)["img:1"]) == ("Degraded", 4)


def test_a_retry_bakes_again_with_a_new_run() -> None:
    cluster = a_bake()
    cluster.run_analyses("Failed")
    cluster.converge()
    cluster.user("retry", {"status": {"abort": False}})
    cluster.converge()
    assert [name.rpartition("-")[2] for name in runs(cluster)] == ["bake", "bake.1"]
    assert not stable(cluster)


def test_a_full_promotion_ends_a_bake() -> None:
    cluster = a_bake("30m")
    cluster.user("promote --full", {"status": {"promoteFull": True}})
    cluster.converge()
    assert stable(cluster)
    assert bake_run(cluster)["spec"]["terminate"] is True


def test_a_bake_goes_on_although_a_pod_is_lost() -> None:
    cluster = a_bake("30m")
    name = next(
        name
        for (kind, name) in cluster.objects
        if kind == "ReplicaSet" and name.endswith(cluster.status["currentPodHash"])
    )
    body = cluster.objects["ReplicaSet", name]
    cluster.put("ReplicaSet", {**body, "status": {**body["status"], "availableReplicas": 3}})
    cluster.reconcile()
    assert not bake_run(cluster)["spec"].get("terminate")
    assert "currentStepAnalysisRunStatus" in cluster.status["canary"]


def test_the_run_of_a_last_step_that_was_skipped_is_not_taken_for_the_bake() -> None:
    cluster = a_bake(steps=[{"setWeight": 50}, {"analysis": {"templates": [{"templateName": "errors"}]}}])
    cluster.user("promote", {"status": {"currentStepIndex": 2}})
    cluster.converge()
    step, bake = runs(cluster)
    assert bake.endswith("-bake")
    assert cluster.objects["AnalysisRun", step]["spec"]["terminate"] is True
    cluster.run_analyses("Successful")
    cluster.converge()
    assert stable(cluster)


def test_an_inconclusive_bake_waits_for_a_person() -> None:
    cluster = a_bake()
    cluster.run_analyses("Inconclusive")
    cluster.converge()
    assert cluster.status["phase"] == "Paused"
    assert not stable(cluster)


def test_a_rollback_to_the_stable_version_is_not_baked() -> None:
    cluster = a_bake()
    cluster.user("undo", {"spec": {"template": template("img:1")}})
    cluster.converge()
    assert stable(cluster)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[1]", "must be a mapping"),
        ("{", "metadata.annotations[reconciler.dev/bake-analysis]: Invalid value"),
        ("duration: 5m", "templates: Required value: name at least one template"),
        (f"{TEMPLATES}\nduration: soon", ".duration: Invalid value"),
        (f"{TEMPLATES}\nduration: 0s", "must be more than nothing"),
        (f"{TEMPLATES}\nstartingStep: 1", "unknown field"),
        ("templates: [{templateName: 5}]", "Expected `str`, got `int`"),
        ("templates: [{templateName: missing}]", 'AnalysisTemplate "missing" not found'),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(text: str, problem: str) -> None:
    cluster = a_cluster(annotations={"reconciler.dev/bake-analysis": text})
    cluster.converge()
    assert cluster.status["phase"] == "Degraded"
    assert problem in cluster.status["message"]


def test_blue_green_has_its_own_way_to_bake() -> None:
    cluster = a_blue_green(annotations={"reconciler.dev/bake-analysis": TEMPLATES})
    cluster.converge()
    assert "postPromotionAnalysis" in cluster.status["message"]


def test_an_alert_that_fires_is_told_without_the_conditions_of_other_engines() -> None:
    cluster = a_bake()
    name = bake_run(cluster)["metadata"]["name"]
    result = {
        "name": "errors",
        "phase": "Failed",
        "metadata": {"RuleBound": "> 0.05"},
        "measurements": [{"value": "[0.4]"}],
    }
    status = {"phase": "Failed", "message": "HighErrorRate fires", "metricResults": [result]}
    cluster.put("AnalysisRun", {**cluster.objects["AnalysisRun", name], "status": status})
    cluster.converge()
    assert cluster.status["message"].endswith("HighErrorRate fires (errors measured [0.4])")
