from __future__ import annotations

from reconciler.runtime.pace import Pace


def test_a_few_at_once_do_not_wait_and_the_rest_keep_the_pace() -> None:
    pace = Pace(10.0, 3)
    assert [round(pace.take(100.0), 6) for _ in range(5)] == [0.0, 0.0, 0.0, 0.1, 0.2]


def test_time_saves_up_for_the_next_burst_and_no_more_than_one() -> None:
    pace = Pace(10.0, 2)
    for _ in range(2):
        pace.take(0.0)
    assert [round(pace.take(1000.0), 6) for _ in range(3)] == [0.0, 0.0, 0.1]


def test_who_waits_as_told_keeps_the_pace() -> None:
    pace, now = Pace(10.0, 1), 0.0
    for _ in range(101):
        now += pace.take(now)
    assert round(now, 6) == 10.0
