from typing import Any

import msgspec
import pytest

from reconciler.analysis.model import AnalysisRun
from reconciler.analysis.readings import Explanation, explain, readings


def a_run(**results: tuple[str, str]) -> AnalysisRun:
    """Each metric's phase and the value of its last measurement; `both` has both conditions."""
    metrics: list[dict[str, Any]] = [
        {"name": "errors", "successCondition": "result[0] < {{args.limit}}"},
        {"name": "latency", "failureCondition": "result[0] > 0.5"},
        {"name": "both", "successCondition": "result > 1", "failureCondition": "result < 0"},
    ]
    measured = [
        {
            "name": name,
            "phase": phase,
            "measurements": [
                {"phase": "Successful", "value": "[0]", "finishedAt": "2026-01-01T00:00:00Z"},
                {"phase": phase, "value": value, "finishedAt": "2026-01-01T00:01:00Z"},
            ],
        }
        for name, (phase, value) in results.items()
    ]
    spec = {"metrics": metrics, "args": [{"name": "limit", "value": "0.05"}]}
    return msgspec.convert({"spec": spec, "status": {"metricResults": measured}}, AnalysisRun)


def test_each_metric_shows_its_latest_value_and_the_condition_that_judges_it() -> None:
    shown = readings(a_run(errors=("Failed", "[0.2]"), both=("Failed", "-1")))
    assert [(r.name, r.phase, r.value, r.condition) for r in shown] == [
        ("errors", "Failed", "[0.2]", "result[0] < 0.05"),
        ("latency", "Pending", "", "result[0] > 0.5"),
        ("both", "Failed", "-1", "result < 0"),
    ]


def test_a_run_is_explained_by_its_worst_metric() -> None:
    run = a_run(errors=("Inconclusive", "[0.2]"), latency=("Failed", "[0.9]"))
    assert explain(run) == Explanation("latency", "[0.9]", "result[0] > 0.5", "Failed")


def test_a_good_run_needs_no_explanation() -> None:
    assert explain(a_run(errors=("Successful", "[0]"))) is None
    assert explain(a_run()) is None


@pytest.mark.parametrize(("bound", "condition"), [("> 0.05", "result[0] > 0.05"), ("fires", "")])
def test_an_alerting_rule_is_shown_by_its_own_bound(bound: str, condition: str) -> None:
    run = a_run(errors=("Failed", "[0.2]"))
    result = msgspec.structs.replace(run.status.metric_results[0], metadata={"RuleBound": bound})
    run = msgspec.structs.replace(run, status=msgspec.structs.replace(run.status, metric_results=(result,)))
    assert readings(run)[0].condition == condition
    assert explain(run) == Explanation("errors", "[0.2]", condition, "Failed")
