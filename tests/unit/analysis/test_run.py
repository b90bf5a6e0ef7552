"""Runs under a clock that the test owns: `Life` plays the controller with verdicts that are given beforehand."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.analysis import run as engine
from reconciler.analysis.metric import Metric
from reconciler.analysis.model import Measurement, MetricResult, Phase, RunStatus

T0 = datetime(2026, 1, 1, tzinfo=UTC)
PHASES = {"S": Phase.SUCCESSFUL, "F": Phase.FAILED, "E": Phase.ERROR, "I": Phase.INCONCLUSIVE, "W": Phase.RUNNING}


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def a_metric(name: str = "m", **fields: Any) -> Metric:
    return Metric(name, **{"count": 1, "interval": seconds(60), **fields})


class Life:
    """One run. `scripts` says what each metric will measure, one letter a measurement."""

    def __init__(self, *metrics: Metric, **scripts: str) -> None:
        self.metrics = metrics
        self.status = RunStatus()
        self.asked = False
        self.taken_at: list[float] = []
        self.happenings: list[engine.Happening] = []
        self._scripts: dict[str, Iterator[str]] = {name: iter(script) for name, script in scripts.items()}

    def at(self, second: float) -> datetime | None:
        """One reconcile; returns when the next one is wanted."""
        now = T0 + seconds(second)
        self.status = engine.begun(self.status, now)
        taken = [self._take(task, now) for task in engine.due(self.status, self.metrics, self.asked, now)]
        self.taken_at += [second] * len(taken)
        self.status = engine.record(self.status, self.metrics, taken)
        assessment = engine.assess(self.status, self.metrics, self.asked, now)
        self.status = assessment.status
        self.happenings += assessment.happenings
        return assessment.wake_at

    def live(self, longest: float = 100_000) -> "Life":
        """Goes from wake-up to wake-up until nothing is left to wait for."""
        second: float = 0
        while second < longest and (wake := self.at(second)) is not None:
            second = (wake - T0).total_seconds()
        return self

    def result(self, name: str = "m") -> MetricResult:
        result = self.status.result(name)
        assert result is not None
        return result

    def _take(self, task: engine.Task, now: datetime) -> engine.Taken:
        if task.ending:
            return engine.ended(task, now)
        phase = PHASES[next(self._scripts[task.metric.name])]
        waiting = phase is Phase.RUNNING
        measurement = Measurement(
            phase=phase,
            message="broken" if phase is Phase.ERROR else "",
            started_at=now,
            finished_at=None if waiting else now,
            resume_at=now + seconds(5) if waiting else None,
        )
        return engine.Taken(task.metric.name, measurement)


@pytest.mark.parametrize(
    ("script", "limits", "phase", "message"),
    [
        ("S", {}, Phase.SUCCESSFUL, ""),
        ("F", {}, Phase.FAILED, 'Metric "m" assessed Failed due to failed (1) > failureLimit (0)'),
        ("FSS", {"count": 3, "failure_limit": 1}, Phase.SUCCESSFUL, ""),
        ("FSF", {"count": 3, "failure_limit": 1}, Phase.FAILED, "failed (2) > failureLimit (1)"),
        ("FFF", {"count": 3, "failure_limit": -1, "consecutive_success_limit": 1}, Phase.FAILED, "consecutiveSuccess"),
        ("I", {}, Phase.INCONCLUSIVE, "inconclusive (1) > inconclusiveLimit (0)"),
        ("IS", {"count": 2, "inconclusive_limit": 1}, Phase.SUCCESSFUL, ""),
        ("EEEEE", {}, Phase.ERROR, 'consecutiveErrors (5) > consecutiveErrorLimit (4): "Error Message: broken"'),
        ("EEEESEEEES", {"count": 2}, Phase.SUCCESSFUL, ""),
        ("SSS", {"count": 9, "consecutive_success_limit": 3}, Phase.SUCCESSFUL, ""),
        ("SSFSSESSS", {"count": 0, "failure_limit": 5, "consecutive_success_limit": 3}, Phase.SUCCESSFUL, ""),
        (
            "SFSF",
            {"count": 4, "failure_limit": 2, "consecutive_success_limit": 2},
            Phase.INCONCLUSIVE,
            "Success (0) < ",
        ),
        ("SFSF", {"count": 4, "failure_limit": -1, "consecutive_success_limit": 2}, Phase.FAILED, "Success (0) < "),
    ],
)
def test_limits_decide(script: str, limits: dict[str, Any], phase: Phase, message: str) -> None:
    life = Life(a_metric(**limits), m=script).live()
    assert life.status.phase is phase
    assert message in life.status.message
    assert bool(message) == bool(life.status.message)
    assert life.status.completed_at is not None
    with pytest.raises(StopIteration):
        next(life._scripts["m"])


def test_an_error_goes_before_inconclusive_before_failed() -> None:
    result = MetricResult(
        name="m",
        failed=1,
        inconclusive=1,
        consecutive_error=1,
        measurements=(Measurement(phase=Phase.ERROR, finished_at=T0),),
    )
    phases = []
    for limits in ({}, {"consecutive_error_limit": 9}, {"consecutive_error_limit": 9, "inconclusive_limit": 9}):
        metrics = (a_metric(**{"consecutive_error_limit": 0, **limits}),)
        assessed = engine.assess(RunStatus(metric_results=(result,)), metrics, False, T0)
        phases.append(assessed.status.metric_results[0].phase)
    assert phases == [Phase.ERROR, Phase.INCONCLUSIVE, Phase.FAILED]


def test_measurements_keep_their_interval_after_the_initial_delay() -> None:
    life = Life(a_metric(count=3, interval=seconds(60), initial_delay=seconds(30)), m="SSS").live()
    assert life.taken_at == [30, 90, 150]


def test_an_error_is_tried_again_after_ten_seconds_whatever_the_interval() -> None:
    life = Life(a_metric(count=2, interval=seconds(300)), m="ESES").live()
    assert life.taken_at == [0, 10, 310, 320]


def test_nothing_is_measured_before_it_is_due() -> None:
    life = Life(a_metric(count=2), m="SS")
    life.at(0)
    assert life.at(59.9) == T0 + seconds(60)
    assert life.taken_at == [0]


def test_without_a_count_it_goes_on_until_it_is_ended() -> None:
    life = Life(a_metric(count=0), m="S" * 50)
    for minute in range(50):
        assert life.at(60 * minute) == T0 + seconds(60 * minute + 60)
    life.asked = True
    assert life.at(3000) is None
    assert (life.status.phase, life.status.message) == (Phase.SUCCESSFUL, "Run Terminated")
    assert len(life.taken_at) == 50


def test_one_bad_metric_ends_the_run_at_once_and_nothing_more_is_measured() -> None:
    life = Life(a_metric("bad", count=0), a_metric("good", count=0), bad="SF", good="SS").live()
    assert life.taken_at == [0, 0, 60, 60]
    assert life.status.phase is Phase.FAILED
    assert [(h.subject, h.phase) for h in life.happenings] == [
        ("", Phase.RUNNING),
        ("bad", Phase.FAILED),
        ("good", Phase.SUCCESSFUL),
        ("", Phase.FAILED),
    ]


def test_the_worst_metric_names_the_run() -> None:
    life = Life(a_metric("a"), a_metric("b"), a_metric("c"), a="I", b="F", c="S").live()
    assert life.status.phase is Phase.FAILED
    assert 'Metric "b"' in life.status.message
    summary = life.status.run_summary
    assert summary is not None
    assert (summary.count, summary.successful, summary.failed, summary.inconclusive) == (3, 1, 1, 1)


def test_a_dry_run_metric_never_decides_but_says_what_it_would_have() -> None:
    life = Life(a_metric("dry", dry_run=True), a_metric("real"), dry="F", real="S").live()
    assert (life.status.phase, life.status.message) == (Phase.SUCCESSFUL, "")
    assert "failed (1) > failureLimit (0)" in life.result("dry").message
    assert life.result("dry").dry_run
    assert life.status.dry_run_summary is not None
    assert (life.status.dry_run_summary.failed, life.status.run_summary.failed) == (1, 0)  # type: ignore[union-attr]


def test_a_run_waits_for_its_dry_metrics() -> None:
    life = Life(a_metric("dry", dry_run=True, count=3), a_metric("real"), dry="SSS", real="S").live()
    assert life.status.completed_at == T0 + seconds(120)


def test_a_measurement_that_waits_is_asked_again_and_takes_one_place() -> None:
    life = Life(a_metric(), m="WWS").live()
    assert life.taken_at == [0, 5, 10]
    assert (life.result().count, len(life.result().measurements)) == (1, 1)


def test_ending_a_run_ends_what_is_in_flight() -> None:
    life = Life(a_metric(), m="W")
    life.at(0)
    life.asked = True
    life.at(1)
    last = life.result().last
    assert last is not None
    assert (last.phase, last.message, last.resume_at) == (Phase.SUCCESSFUL, "Metric Terminated", None)
    assert life.status.phase is Phase.SUCCESSFUL


def test_a_bad_metric_ends_what_is_in_flight_before_the_run_completes() -> None:
    life = Life(a_metric("bad"), a_metric("slow"), bad="F", slow="W")
    assert life.at(0) == T0
    assert life.status.phase is Phase.RUNNING
    life.at(0)
    assert life.status.phase is Phase.FAILED
    assert life.result("slow").phase is Phase.SUCCESSFUL


def test_only_the_last_measurements_are_kept() -> None:
    life = Life(a_metric(count=30), m="S" * 30).live()
    assert (life.result().count, len(life.result().measurements)) == (30, 10)
    assert len(Life(a_metric(count=5, retention=2), m="SSSSS").live().result().measurements) == 2


def test_an_ended_metric_is_not_measured_again() -> None:
    life = Life(a_metric("a"), a_metric("b", count=3), a="S", b="SSS").live()
    assert life.result("a").count == 1


def test_a_busy_metric_wakes_the_run_by_its_answer_not_by_time() -> None:
    status = engine.begun(RunStatus(), T0)
    assert engine.assess(status, (a_metric(),), False, T0, busy={"m"}).wake_at is None


def test_after_a_restart_a_run_goes_on_from_what_is_stored() -> None:
    metrics = (a_metric(count=3),)
    exact = Life(*metrics, m="SSS")
    exact.at(0.4)
    restarted = Life(*metrics, m="SS")
    restarted.status = replace(
        exact.status,
        metric_results=tuple(
            replace(r, measurements=tuple(replace(m, finished_at=T0) for m in r.measurements))
            for r in exact.status.metric_results
        ),
    )
    assert restarted.at(1) == T0 + seconds(60)
    assert restarted.live().result().count == 3


def test_a_run_says_since_when_it_cannot_measure_until_it_can_again() -> None:
    life = Life(a_metric(count=0, retention=2, consecutive_error_limit=9), m="SEEEES" + "S" * 9)
    life.at(0)
    for second in (60, 70, 80, 90):
        life.at(second)
        assert life.status.phase is Phase.RUNNING
        assert life.status.message == 'cannot measure "m" since 2026-01-01T00:01:00Z: broken'
    life.at(100)
    assert (life.status.message, life.result().metadata) == ("", {})


def test_a_run_that_gives_up_names_the_limit_and_not_the_trouble() -> None:
    life = Life(a_metric(consecutive_error_limit=1), m="EE").live()
    assert life.status.phase is Phase.ERROR
    assert life.status.message.startswith('Metric "m" assessed Error due to consecutiveErrors (2) >')


def test_a_dry_run_that_cannot_be_measured_is_no_trouble_of_the_run() -> None:
    life = Life(a_metric("dry", dry_run=True, count=0), a_metric(count=0), dry="E", m="S")
    life.at(0)
    assert life.status.message == ""
