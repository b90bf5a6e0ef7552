from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.analysis.expr.types import FLOATS, type_of
from reconciler.analysis.metric import Metric
from reconciler.analysis.model import Phase
from reconciler.analysis.providers.contract import Answer, Verdict
from reconciler.analysis.verdict import judge

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAN = float("nan")


@pytest.mark.parametrize(
    ("success", "failure", "phase"),
    [
        ("", "", Phase.SUCCESSFUL),
        ("result[0] == 1", "", Phase.SUCCESSFUL),
        ("result[0] == 2", "", Phase.FAILED),
        ("", "result[0] == 1", Phase.FAILED),
        ("", "result[0] == 2", Phase.SUCCESSFUL),
        ("result[0] == 1", "result[0] == 1", Phase.FAILED),
        ("result[0] == 2", "result[0] == 1", Phase.FAILED),
        ("result[0] == 1", "result[0] == 2", Phase.SUCCESSFUL),
        ("result[0] == 2", "result[0] == 2", Phase.INCONCLUSIVE),
    ],
)
def test_the_conditions_make_the_verdict(success: str, failure: str, phase: Phase) -> None:
    metric = Metric("m", success_condition=success, failure_condition=failure)
    assert judge(metric, Answer([1.0], "", FLOATS), NOW).phase is phase


@pytest.mark.parametrize(
    ("condition", "value", "message"),
    [
        ("result[0] < 1", [], 'could not evaluate successCondition "result[0] < 1": index out of range: 0'),
        ("result[0] < 1", [], "no data was returned"),
        ("result.a > 1", {}, "invalid operation"),
        ("result.a.b > 1", {}, "no data was returned"),
        ("result +", {}, "syntax error"),
        ("len(result)", [], "expected bool, but got int"),
        ("result.a", {"a": 1.0}, "expected bool, but got float64"),
    ],
)
def test_what_cannot_be_evaluated_is_an_error_that_says_why(condition: str, value: Any, message: str) -> None:
    verdict = judge(Metric("m", success_condition=condition), Answer(value, "", type_of(value)), NOW)
    assert verdict.phase is Phase.ERROR
    assert message in verdict.message


@pytest.mark.parametrize("value", [[], [NAN], [NAN, NAN]], ids=["empty", "NaN", "NaNs"])
@pytest.mark.parametrize(
    ("rule", "phase"),
    [
        ("wait", Phase.RUNNING),
        ("pass", Phase.SUCCESSFUL),
        ("fail", Phase.FAILED),
        ("inconclusive", Phase.INCONCLUSIVE),
    ],
)
def test_missing_data_means_what_the_rule_says(rule: Any, phase: Phase, value: list[float]) -> None:
    metric = Metric("m", success_condition="result[0] < 1", on_no_data=rule)
    verdict = judge(metric, Answer(value, "", FLOATS), NOW)
    assert verdict.phase is phase
    assert "no data was returned" in verdict.message


def test_without_a_rule_missing_data_means_what_it_means_upstream() -> None:
    assert judge(Metric("m", success_condition="result[0] < 1"), Answer([], "", FLOATS), NOW).phase is Phase.ERROR
    assert (
        judge(Metric("m", success_condition="len(result) == 0"), Answer([], "", FLOATS), NOW).phase is Phase.SUCCESSFUL
    )
    assert judge(Metric("m", success_condition="result[0] < 1"), Answer([NAN], "", FLOATS), NOW).phase is Phase.FAILED


def test_too_few_samples_are_no_data() -> None:
    metric = Metric("m", failure_condition="mean(result) > 1", on_no_data="wait", min_samples=3)
    assert judge(metric, Answer([9.0, NAN, 9.0], "", FLOATS), NOW).phase is Phase.RUNNING
    assert "2 of 3 samples" in judge(metric, Answer([9.0, NAN, 9.0], "", FLOATS), NOW).message
    assert judge(metric, Answer([9.0, 9.0, 9.0], "", FLOATS), NOW).phase is Phase.FAILED


def test_a_provider_that_judges_itself_needs_no_conditions_but_data() -> None:
    metric = Metric("m", success_condition="result[0] < 1")
    answer = Answer([9.0], "[9]", FLOATS, verdict=Verdict(Phase.SUCCESSFUL))
    assert judge(metric, answer, NOW) == Verdict(Phase.SUCCESSFUL)
    nothing = replace(answer, value=[], samples=0)
    assert judge(replace(metric, on_no_data="wait"), nothing, NOW).phase is Phase.RUNNING


def test_samples_that_the_value_does_not_show_are_counted_by_the_provider() -> None:
    metric = Metric("m", on_no_data="wait", min_samples=3)
    answer = Answer([], "[]", FLOATS, verdict=Verdict(Phase.SUCCESSFUL), samples=2)
    assert judge(metric, answer, NOW).message.startswith("only 2 of 3 samples")
    assert judge(metric, replace(answer, samples=3), NOW).phase is Phase.SUCCESSFUL
