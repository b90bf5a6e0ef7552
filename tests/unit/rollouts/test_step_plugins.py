"""Steps of third parties: when they are called, what an answer leads to, and that nothing is forgotten in between."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.rollouts.step_plugins.contract import Result
from tests.properties.rollout_world import Cluster, Json, template
from tests.unit.rollouts.test_requests_of_users import an_update, ask, push

RUNNING = Result("Running", "busy", {"n": 1}, requeue_after=20)
PAUSE: Json = {"pause": {}}
PAUSED_FIRST = [{"setWeight": 25}, PAUSE]


def plugin(name: str = "x", config: Any = None) -> Json:
    return {"plugin": {"name": name} | ({} if config is None else {"config": config})}


def an_update_with(*steps: Json, **says: Result) -> Cluster:
    """An update to version 2 that has come as far as it can with plugins that say so; by default they succeed."""
    cluster = an_update([*PAUSED_FIRST, *steps])
    cluster.plugins.says = says
    ask(cluster, pauseConditions=None)
    return cluster


def records(cluster: Cluster) -> list[Json]:
    found: list[Json] = (cluster.status.get("canary") or {}).get("stepPluginStatuses") or []
    return found


def asked(cluster: Cluster) -> list[tuple[str, int]]:
    return [(call.id.operation, call.id.index) for call in cluster.plugins.calls]


def told(cluster: Cluster, reason: str) -> list[str]:
    return [line[3] for line in cluster.log if line[0] == "event" and line[2] == reason]


def test_a_plugin_that_succeeds_is_called_once_with_its_configuration_and_the_step_is_done() -> None:
    cluster = an_update_with(plugin(config={"a": [1]}), PAUSE)
    (call,) = cluster.plugins.calls
    assert (call.config, call.status, call.rollout["status"]["currentStepIndex"]) == ({"a": [1]}, None, 2)
    assert cluster.status["currentStepIndex"] == 3
    assert "Rollout step 3/4 completed (plugin: x)" in told(cluster, "RolloutStepCompleted")
    assert told(cluster, "StepPluginTransition") == [
        "Step plugin x (step 3/4) Run: Running",
        "Step plugin x (step 3/4) Run: Successful",
    ]


def test_a_plugin_that_takes_its_time_is_asked_again_when_it_said_and_gets_its_status_back() -> None:
    cluster = an_update_with(plugin(), Run=RUNNING)
    (record,) = records(cluster)
    assert (record["phase"], record["backoff"], record["executions"]) == ("Running", "20s", 1)
    assert cluster.status["message"] == "step plugin x: busy"
    cluster.wait(19)
    assert len(asked(cluster)) == 1
    cluster.plugins.says = {}
    cluster.wait(2)
    assert (len(asked(cluster)), cluster.plugins.calls[1].status) == (2, {"n": 1})
    assert cluster.status["phase"] == "Healthy"


@pytest.mark.parametrize(("wanted", "seconds"), [(None, 30), (1, 10), (90, 90)])
def test_it_is_not_asked_all_the_time(wanted: float | None, seconds: int) -> None:
    cluster = an_update_with(plugin(), Run=Result("Running", requeue_after=wanted))
    assert records(cluster)[0]["backoff"] == f"{seconds}s"


def test_an_error_is_tried_again_and_the_last_status_is_kept() -> None:
    cluster = an_update_with(plugin(), Run=RUNNING)
    cluster.plugins.says = {"Run": Result("Error", "no route")}
    cluster.wait(21)
    (record,) = records(cluster)
    assert (record["phase"], record["message"], record["status"]) == ("Error", "no route", {"n": 1})
    cluster.plugins.says = {}
    cluster.wait(31)
    assert cluster.status["phase"] == "Healthy"


def test_a_step_that_failed_aborts_the_update_and_says_which() -> None:
    cluster = an_update_with(plugin(), Run=Result("Failed", "smoke test red"))
    assert cluster.status["abort"]
    assert "Step Plugin 3 (x) failed: smoke test red" in cluster.status["message"]
    assert asked(cluster) == [("Run", 2)]


def test_an_abort_undoes_what_ran_in_reverse_order_once_each() -> None:
    cluster = an_update_with(plugin("a"), plugin("b"), PAUSE)
    ask(cluster, abort=True)
    cluster.wait(100)
    assert asked(cluster) == [("Run", 2), ("Run", 3), ("Abort", 3), ("Abort", 2)]


@pytest.mark.parametrize("answer", ["Running", "Error"])
def test_undoing_is_not_asked_twice_whatever_it_answers(answer: Any) -> None:
    cluster = an_update_with(plugin(), PAUSE)
    cluster.plugins.says = {"Abort": Result(answer)}
    ask(cluster, abort=True)
    cluster.wait(100)
    assert asked(cluster).count(("Abort", 2)) == 1
    assert records(cluster)[-1]["phase"] == ("Failed" if answer == "Running" else "Error")


def test_a_full_promotion_ends_the_step_that_runs() -> None:
    cluster = an_update_with(plugin("a"), PAUSE, Run=RUNNING)
    ask(cluster, promoteFull=True)
    assert (cluster.status["phase"], asked(cluster)) == ("Healthy", [("Run", 2), ("Terminate", 2)])


def test_a_step_that_somebody_skips_is_ended_too() -> None:
    cluster = an_update_with(plugin("a"), PAUSE, Run=RUNNING)
    ask(cluster, currentStepIndex=3)
    assert asked(cluster) == [("Run", 2), ("Terminate", 2)]


@pytest.mark.parametrize("how", ["retry", "new version"])
def test_an_update_that_begins_again_asks_again(how: str) -> None:
    cluster = an_update_with(plugin(), PAUSE)
    ask(cluster, abort=True)
    if how == "retry":
        ask(cluster, abort=False)
    else:
        push(cluster, 3)
    assert records(cluster) == []
    ask(cluster, pauseConditions=None)
    assert asked(cluster)[-1] == ("Run", 2)
    assert cluster.status["currentStepIndex"] == 3


def test_a_retry_of_a_step_that_failed_runs_it_again() -> None:
    cluster = an_update([{"setWeight": 25}, plugin()])
    assert cluster.status["phase"] == "Healthy"
    cluster.plugins.says = {"Run": Result("Failed", "red")}
    push(cluster, 3)
    assert cluster.status["abort"]
    cluster.plugins.says = {}
    ask(cluster, abort=False)
    assert cluster.status["phase"] == "Healthy"


def test_nothing_is_asked_while_the_rollout_is_paused() -> None:
    cluster = an_update([{"setWeight": 25}, PAUSE, plugin()])
    cluster.user("pause", {"spec": {"paused": True}})
    ask(cluster, pauseConditions=None)
    cluster.wait(100)
    assert asked(cluster) == []


def test_a_disabled_plugin_is_passed_over_and_one_that_is_missing_is_waited_for() -> None:
    cluster = an_update_with(plugin("disabled"), plugin("missing"))
    assert asked(cluster) == []
    assert [(each["name"], each.get("disabled", False)) for each in records(cluster)] == [
        ("disabled", True),
        ("missing", False),
    ]
    assert cluster.status["currentStepIndex"] == 3
    assert told(cluster, "ReconciliationError") == ["step plugin missing: no installed package provides it"]
    cluster.wait(31)
    assert records(cluster)[1]["executions"] == 2


def test_a_call_is_written_down_before_it_is_made() -> None:
    cluster = an_update([*PAUSED_FIRST, plugin(), PAUSE])
    cluster.user("promote", {"status": {"pauseConditions": None}})
    for _ in range(10):
        cluster.reconcile()
        cluster.run_pods()
        if cluster.plugins.calls:
            break
    (record,) = records(cluster)
    assert (record["phase"], record["executions"]) == ("Running", 1)


def test_a_call_whose_answer_died_with_the_process_is_made_again() -> None:
    cluster = an_update([*PAUSED_FIRST, plugin(), PAUSE])
    cluster.plugins.lost = True
    cluster.user("promote", {"status": {"pauseConditions": None}})
    for _ in range(10):
        cluster.reconcile()
        cluster.run_pods()
    cluster.plugins.lost = False
    cluster.converge()
    assert (cluster.status["currentStepIndex"], records(cluster)[0]["executions"]) == (3, 1)


def test_an_answer_to_an_update_before_is_not_taken_for_one_to_this() -> None:
    """Both updates are made within one second, the finest time that the status knows."""
    cluster = an_update([plugin(), PAUSE])
    cluster.plugins.lost = True
    for version in (3, 4):
        cluster.user("image", {"spec": {"template": template(f"img:{version}")}})
        for _ in range(4):
            cluster.reconcile()
            cluster.run_pods()
    before, now = (call.id for call in (cluster.plugins.calls[1], cluster.plugins.calls[-1]))
    assert (before.version, before.started_at) != (now.version, before.started_at) == (now.version, now.started_at)
    cluster.plugins.said = {before: Result("Failed", "of version 3")}
    cluster.reconcile()
    assert not cluster.status.get("abort")


def test_a_plugin_that_takes_long_does_not_run_into_the_progress_deadline() -> None:
    cluster = an_update_with(plugin(), Run=RUNNING)
    cluster.wait(700)
    assert cluster.status["phase"] == "Progressing"
