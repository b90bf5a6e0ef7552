"""AnalysisRuns and the update that they judge."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.errors import UserError
from tests.properties.rollout_world import Cluster, FakeAnalyses, a_cluster, template

STEP = {"analysis": {"templates": [{"templateName": "errors"}]}}
BACKGROUND = {"templates": [{"templateName": "latency"}], "startingStep": 1}


def an_update(**world: Any) -> Cluster:
    """A Rollout of two pods at its analysis step, with a background analysis beside it."""
    canary = {"analysis": BACKGROUND, **world.pop("canary", {})}
    given = {"replicas": 2, "steps": [{"setWeight": 50}, STEP, {"pause": {"duration": 1}}], "canary": canary, **world}
    cluster = a_cluster(**given)
    cluster.converge()
    assert not runs(cluster), "the first version has nothing to be compared with"
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    cluster.converge()
    return cluster


def runs(cluster: Cluster) -> dict[str, Any]:
    return {name: body for (kind, name), body in cluster.objects.items() if kind == "AnalysisRun"}


def kinds(cluster: Cluster) -> dict[str, bool]:
    """rollout-type and step → whether the run was asked to end."""
    return {
        body["metadata"]["labels"]["rollout-type"] + body["metadata"]["labels"].get("step-index", ""): bool(
            body["spec"].get("terminate")
        )
        for body in runs(cluster).values()
    }


def in_use(cluster: Cluster) -> dict[str, Any]:
    return {key: value for key, value in cluster.status["canary"].items() if key.endswith("RunStatus")}


def test_step_and_background_runs_begin_together_and_are_named_after_version_and_step() -> None:
    cluster = an_update()
    pod_hash = cluster.status["currentPodHash"]
    assert set(runs(cluster)) == {f"shop-{pod_hash}-2", f"shop-{pod_hash}-2-1"}
    assert {slot: told["name"] for slot, told in in_use(cluster).items()} == {
        "currentBackgroundAnalysisRunStatus": f"shop-{pod_hash}-2",
        "currentStepAnalysisRunStatus": f"shop-{pod_hash}-2-1",
    }
    assert cluster.status["currentStepIndex"] == 1


@pytest.mark.parametrize(("starting", "begins"), [(None, 0), (0, 0), (1, 1), (2, 2)])
def test_the_background_analysis_begins_with_the_step_that_is_named(starting: int | None, begins: int) -> None:
    analysis = {"templates": [{"templateName": "latency"}]} | ({} if starting is None else {"startingStep": starting})
    cluster = an_update(steps=[{"pause": {}}] * 3, canary={"analysis": analysis})
    for index in range(3):
        assert (cluster.status["currentStepIndex"], bool(runs(cluster))) == (index, index >= begins)
        cluster.user("promote", {"status": {"pauseConditions": None}})
        cluster.converge()


def test_a_successful_step_run_completes_its_step_and_the_background_run_goes_on() -> None:
    cluster = an_update()
    cluster.run_analyses("Successful")
    cluster.converge()
    assert cluster.status["currentStepIndex"] == 2
    assert list(in_use(cluster)) == ["currentBackgroundAnalysisRunStatus"]


def test_promotion_ends_the_background_run() -> None:
    cluster = an_update()
    step = next(name for name in runs(cluster) if name.endswith("-1"))
    cluster.put("AnalysisRun", {**cluster.objects["AnalysisRun", step], "status": {"phase": "Successful"}})
    cluster.converge()
    cluster.wait(3)
    assert cluster.status["phase"] == "Healthy"
    assert kinds(cluster)["Background"] is True
    assert in_use(cluster) == {}


@pytest.mark.parametrize("phase", ["Failed", "Error"])
def test_a_failed_run_aborts_in_the_same_reconcile_and_says_what_was_measured(phase: str) -> None:
    cluster = an_update(traefik=True)
    cluster.run_analyses(phase, 'Metric "errors" assessed Failed', value="[0.42]")
    cluster.reconcile()
    status = cluster.status
    assert (status["abort"], status["currentStepIndex"], status["phase"]) == (True, 0, "Degraded")
    assert status["canary"]["weights"]["canary"]["weight"] == 0
    for part in ("Step-based analysis", 'Metric "errors"', "errors measured [0.42]", "result[0] < 0.1"):
        assert part in status["message"]
    cluster.converge()
    assert in_use(cluster) == {}
    assert [event for event in cluster.log if event[2:3] == ("RolloutAborted",)]


def test_a_run_that_cannot_measure_keeps_the_update_waiting_and_the_rollout_says_so() -> None:
    cluster = an_update()
    trouble = 'cannot measure "errors" since 2026-01-01T00:00:10Z: connection refused'
    cluster.run_analyses("Running", trouble, kind="Step")
    cluster.converge()
    assert (cluster.status["phase"], cluster.status["message"]) == ("Progressing", trouble)
    assert cluster.status["canary"]["currentStepAnalysisRunStatus"]["message"] == trouble
    assert (cluster.status["currentStepIndex"], cluster.status.get("abort")) == (1, None)
    cluster.run_analyses("Successful", kind="Step")
    cluster.converge()
    assert trouble not in str(cluster.status)


def test_an_abort_asks_running_analyses_to_end() -> None:
    cluster = an_update()
    cluster.user("abort", {"status": {"abort": True}})
    cluster.converge()
    assert kinds(cluster) == {"Background": True, "Step1": True}


def test_a_retry_judges_again_with_a_new_run() -> None:
    cluster = an_update()
    cluster.run_analyses("Failed")
    cluster.converge()
    before = set(runs(cluster))
    cluster.user("retry", {"status": {"abort": False}})
    cluster.converge()
    assert set(runs(cluster)) - before == {f"{name}.1" for name in before}
    assert cluster.status["currentStepIndex"] == 1


def test_an_inconclusive_run_waits_for_a_person_and_keeps_all_sizes() -> None:
    cluster = an_update()
    cluster.run_analyses("Inconclusive")
    cluster.converge()
    assert cluster.status["message"] == "InconclusiveAnalysisRun"
    assert len([e for e in cluster.log if e[2:3] == ("RolloutPaused",)]) == 1
    cluster.wait(100)
    assert cluster.status["currentStepIndex"] == 1


def test_resuming_after_an_inconclusive_run_repeats_it_and_skipping_does_not() -> None:
    cluster = an_update()
    cluster.run_analyses("Inconclusive")
    cluster.converge()
    count = len(runs(cluster))
    cluster.user("resume", {"status": {"pauseConditions": None}})
    cluster.converge()
    assert len(runs(cluster)) == count + 2
    cluster.run_analyses("Inconclusive")
    cluster.converge()
    skip = {"pauseConditions": None, "controllerPause": False, "currentStepIndex": 2}
    cluster.user("promote", {"status": skip})
    cluster.converge()
    assert cluster.status["message"] == "CanaryPauseStep"


def test_a_missing_template_is_the_users_problem_until_it_exists() -> None:
    missing = {"analysis": {"templates": [{"templateName": "missing"}]}}
    cluster = a_cluster(steps=[missing])
    decision = cluster.reconcile()
    assert decision.wake_at is not None
    assert 'spec.strategy.steps[0].analysis: Invalid value: "analysis": AnalysisTemplate "missing"' in str(
        cluster.status["message"]
    )
    cluster.analyses.problems = lambda *_: ()  # type: ignore[method-assign]
    cluster.converge()
    assert cluster.status["phase"] == "Healthy"


def test_an_analysis_that_cannot_be_built_is_trouble_and_keeps_the_step() -> None:
    class Unbuildable(FakeAnalyses):
        def build(self, **given: Any) -> Any:
            raise UserError("args.service was not resolved")

    cluster = a_cluster(replicas=2, steps=[{"setWeight": 50}, STEP])
    cluster.converge()
    cluster.analyses = Unbuildable()
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    cluster.converge()
    assert cluster.decide().troubles == ("Step analysis: args.service was not resolved",)
    assert cluster.status["currentStepIndex"] == 1


def test_old_runs_are_forgotten_beyond_the_history_limits() -> None:
    cluster = an_update(analysis={"successfulRunHistoryLimit": 1, "unsuccessfulRunHistoryLimit": 1})
    for _ in range(3):
        cluster.run_analyses("Failed")
        cluster.converge()
        cluster.user("retry", {"status": {"abort": False}})
        cluster.converge()
    phases = [body["status"]["phase"] for body in runs(cluster).values() if body.get("status")]
    assert phases.count("Failed") <= 1
