"""An alert fires for a few pods when its expression has held for as long as the rule says, and not earlier."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.analysis.rules.alert import MOST_STEPS, judge, span
from reconciler.analysis.rules.catalogue import Rule
from reconciler.analysis.rules.comparison import Comparison

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ABOVE = Comparison("x", ">", 0.05)
HELD_A_MINUTE = Rule("A", "x > 0.05", "g", "f", timedelta(seconds=15), alerting=True, hold=timedelta(minutes=1))


def series(*values: float | None, job: str = "shop") -> dict[str, object]:
    """Values 15 s apart, the last of them now; None where there was none."""
    first = NOW.timestamp() - 15 * (len(values) - 1)
    points = [[first + 15 * index, str(value)] for index, value in enumerate(values) if value is not None]
    return {"metric": {"job": job}, "values": points}


@pytest.mark.parametrize(
    ("values", "held", "fires"),
    [
        ((0.1, 0.1, 0.1, 0.1, 0.1), 5, True),
        ((0.01, 0.1, 0.1, 0.1, 0.1), 4, False),
        ((0.1, 0.1, 0.1, 0.01, 0.1), 1, False),
        ((0.1, 0.1, 0.1, 0.1, 0.01), 0, False),
        ((0.1, 0.1, None, 0.1, 0.1), 2, False),
        ((0.1, 0.1, 0.1, 0.1, None), 0, False),
        ((0.1, 0.1, 0.1, 0.1, float("nan")), 0, False),
        ((None, None, None, None, 0.1), 1, False),
    ],
)
def test_every_evaluation_up_to_now_must_find_it(values: tuple[float | None, ...], held: int, fires: bool) -> None:
    judged = judge([series(*values)], span(HELD_A_MINUTE, NOW), ABOVE)
    assert (judged.firing is not None) == fires
    assert (judged.pending is not None) == (held > 0 and not fires)
    if judged.pending:
        assert judged.since == NOW - timedelta(seconds=15) * (held - 1)


def test_without_a_comparison_being_there_is_holding() -> None:
    judged = judge([series(0.0, 0.0, 0.0, 0.0, 0.0)], span(HELD_A_MINUTE, NOW), None)
    assert judged.firing is not None
    assert judged.values == (0.0,)


def test_the_worst_of_several_sets_of_labels_decides() -> None:
    good, bad = series(*[0.01] * 5, job="good"), series(*[0.1] * 5, job="bad")
    judged = judge([good, bad], span(HELD_A_MINUTE, NOW), ABOVE)
    assert judged.firing is not None
    assert judged.firing.labels == {"job": "bad"}
    assert judged.values == (0.01, 0.1)


def test_nan_is_no_sample() -> None:
    assert judge([series(float("nan"))], span(HELD_A_MINUTE, NOW), ABOVE).samples == 0


@pytest.mark.parametrize(
    ("hold", "steps"), [(0, 0), (10, 1), (60, 4), (100, 7), (86400, MOST_STEPS)], ids=lambda value: str(value)
)
def test_evaluations_are_as_far_apart_as_those_of_the_group_and_no_more_than_can_be_asked(
    hold: int, steps: int
) -> None:
    rule = Rule("A", "x", "g", "f", timedelta(seconds=15), alerting=True, hold=timedelta(seconds=hold))
    over = span(rule, NOW)
    assert over.steps == steps
    assert over.index(NOW.timestamp()) == steps
    assert not steps or timedelta() <= NOW - (over.start + over.step * steps) < timedelta(milliseconds=1) * steps
