"""What pictures of a run are drawn from: numbers over time and the thresholds of conditions."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from reconciler.analysis.model import AnalysisRun
from reconciler.analysis.series import MOST_VALUES, series
from reconciler.analysis.thresholds import thresholds

CASES: list[tuple[str, list[float]]] = [
    ("result[0] < 0.05", [0.05]),
    ("0.1 < result[0]", [0.1]),
    ("result >= 0.95 && result < 2 * 3", [0.95, 6]),
    ("all(result, # <= -1.5)", [-1.5]),
    ("default(result, 0) < 0.05", [0.05]),
    ("!(isNaN(result[0])) or result[0] > 1_000", [1000]),
    ("result[0] < 0.1 ? true : false", [0.1]),
    ("len(result) == 0 || result[0] < 0.2", [0.2]),
    ("result[0] * 100 < 5", [0.05]),
    ("100 - result[0] >= 99", [1]),
    ("asFloat(result) / 1000 < 0.5", [500]),
    ("mean(result) < 0.3 and max(result) < 0.9", [0.3, 0.9]),
    ("any(result, # * 2 > 3)", [1.5]),
    ("result[3] < 7", [7]),
    ("result[0] in 1..5", [1, 5]),
    ("result[0] not in 1..5", [1, 5]),
    ("result[0] not in [1, 2]", []),
    ("0 <= result[0] and result[0] <= 1", [0, 1]),
    ("count(result, # > 2) < 3", [2]),
    ("result[0] / result[1] < 0.01", []),
    ("result[0] ^ 2 < 4", []),
    ("result matches '4..'", []),
    ("result.status == 'ok'", []),
    ("result[0] < result[1]", []),
    ("1 < 2", []),
    ("result <", []),
    ("", []),
]


@pytest.mark.parametrize(("condition", "expected"), CASES, ids=[case[0] or "none" for case in CASES])
def test_thresholds_are_the_constants_that_results_are_compared_with(condition: str, expected: list[float]) -> None:
    assert [each.value for each in thresholds(condition, "successCondition")] == expected


def measured(*values: str, **metric: Any) -> AnalysisRun:
    times = [f"2026-01-01T00:00:{10 * index:02}Z" for index in range(len(values))]
    measurements = [
        {"phase": "Successful", "startedAt": at, "finishedAt": at, "value": value}
        for at, value in zip(times, values, strict=True)
    ]
    return msgspec.convert(
        {
            "spec": {"metrics": [{"name": "m", **metric}], "args": [{"name": "limit", "value": "0.3"}]},
            "status": {"metricResults": [{"name": "m", "phase": "Running", "measurements": measurements}]},
        },
        AnalysisRun,
    )


VALUES: list[tuple[str, tuple[float, ...]]] = [
    ("0.5", (0.5,)),
    ("[0.1,0.2]", (0.1, 0.2)),
    ("[]", ()),
    ("[NaN]", ()),
    ("true", ()),
    ('{"rate": 1}', ()),
    ('["a",2]', (2.0,)),
    ("not JSON", ()),
    (str(list(range(100))), tuple(map(float, range(MOST_VALUES)))),
]


@pytest.mark.parametrize(("text", "expected"), VALUES, ids=[value[0][:20] for value in VALUES])
def test_values_are_the_numbers_that_were_measured(text: str, expected: tuple[float, ...]) -> None:
    assert series(measured(text))[0].points[0].values == expected


def test_arguments_are_filled_into_conditions_before_thresholds_are_read() -> None:
    found = series(measured("0.5", failureCondition="result > {{args.limit}}"))[0]
    assert [(each.value, each.condition) for each in found.thresholds] == [(0.3, "failureCondition")]
    assert found.conditions == ("failure: result > 0.3",)


def test_two_conditions_are_told_apart_and_one_that_must_hold_stands_alone() -> None:
    both = series(measured("1", successCondition="result < 2", failureCondition="result > 3"))[0]
    assert both.conditions == ("success: result < 2", "failure: result > 3")
    assert series(measured("1", successCondition="result < 2"))[0].conditions == ("result < 2",)


def test_an_alerting_rule_shows_its_own_bound_and_not_the_conditions_of_other_engines() -> None:
    run = measured("[0.1]", successCondition="len(result) == 0")
    told = {"Rule": "shop/HighErrorRate, for 120 s", "RuleBound": "> 0.05"}
    result = msgspec.structs.replace(run.status.metric_results[0], metadata=told)
    run = msgspec.structs.replace(run, status=msgspec.structs.replace(run.status, metric_results=(result,)))
    [found] = series(run)
    assert [(each.value, each.condition) for each in found.thresholds] == [(0.05, "failureCondition")]
    assert found.conditions == ("shop/HighErrorRate, for 120 s: > 0.05",)


def test_a_metric_without_measurements_is_there_without_points() -> None:
    found = series(msgspec.convert({"spec": {"metrics": [{"name": "later"}]}}, AnalysisRun))
    assert [(each.metric, each.points) for each in found] == [("later", ())]
