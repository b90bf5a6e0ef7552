"""Runs that were started together do not stay in step; what they promise is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.analysis.metric import Metric, spread
from tests.unit.analysis.test_run import Life, a_metric, seconds

ENDLESS = Metric("m", interval=timedelta(seconds=10))


def test_a_thousand_runs_spread_over_a_tenth_of_the_interval() -> None:
    spreads = sorted(spread(ENDLESS, f"uid-{number}").total_seconds() for number in range(1000))
    assert spreads[0] >= 0
    assert spreads[-1] < 1
    busiest = max(sum(1 for each in spreads if at <= each < at + 0.1) for at in (n / 10 for n in range(10)))
    assert busiest < 150


def test_a_run_gets_the_same_spread_whenever_it_is_asked_and_other_metrics_another() -> None:
    assert spread(ENDLESS, "u") == spread(ENDLESS, "u") != spread(replace(ENDLESS, name="other"), "u")


@pytest.mark.parametrize(
    ("metric", "most"),
    [
        (replace(ENDLESS, count=5), 0.0),
        (Metric("m", count=1), 0.0),
        (replace(ENDLESS, interval=timedelta(hours=1)), 5.0),
    ],
    ids=["somebody waits for the end", "measured once", "a long interval"],
)
def test_the_spread_is_small(metric: Metric, most: float) -> None:
    assert all(spread(metric, f"uid-{n}").total_seconds() <= most for n in range(100))


def test_it_moves_the_second_measurement_once_and_keeps_every_interval() -> None:
    life = Life(a_metric(count=0, interval=seconds(60), spread=seconds(6)), m="SSSF").live()
    assert life.taken_at == [0, 66, 126, 186]


def test_an_error_is_tried_again_in_its_own_time() -> None:
    life = Life(a_metric(count=0, interval=seconds(60), spread=seconds(6)), m="ESSF").live()
    assert life.taken_at == [0, 10, 70, 130]
