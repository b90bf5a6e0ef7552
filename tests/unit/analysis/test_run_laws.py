"""Laws that hold for every metric and every sequence of verdicts."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.analysis.metric import Metric
from reconciler.analysis.model import Phase
from reconciler.analysis.run import ERROR_INTERVAL
from reconciler.analysis.storage import as_read
from tests.unit.analysis.test_run import T0, Life

VERDICTS = st.text("SFIEW", max_size=60)


@st.composite
def metrics(draw: st.DrawFn, name: str) -> Metric:
    successes = draw(st.integers(0, 3))
    failures = draw(st.integers(0 if successes == 0 else -1, 3))
    return Metric(
        name,
        interval=timedelta(seconds=draw(st.integers(1, 30))),
        initial_delay=draw(st.none() | st.just(timedelta(seconds=7))),
        count=draw(st.just(0) | st.integers(successes + max(failures, 0) + 3, 12)),
        failure_limit=failures,
        inconclusive_limit=draw(st.integers(0, 3)),
        consecutive_error_limit=draw(st.integers(0, 3)),
        consecutive_success_limit=successes,
        dry_run=draw(st.booleans()),
    )


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Two metrics; what is measured after the script's end is good, so that nothing waits for ever."""
    scripts = {name: draw(VERDICTS) + "S" * 2000 for name in ("a", "b")}
    return Life(draw(metrics("a")), draw(metrics("b")), **scripts)


@given(lives(), st.integers(0, 300))
@settings(max_examples=200, deadline=None)
def test_a_run_that_is_asked_to_end_ends_at_its_next_look(life: Life, second: int) -> None:
    life.live(second)
    life.asked = True
    life.at(second + 100)
    assert life.status.phase.complete
    assert life.at(second + 200) is None


@given(lives())
@settings(max_examples=200, deadline=None)
def test_counters_and_phases_tell_the_same_story(life: Life) -> None:
    life.live(500)
    for result in life.status.metric_results:
        assert result.count == result.successful + result.failed + result.inconclusive
        assert result.consecutive_error <= result.error
        assert result.consecutive_success <= result.successful
        assert len(result.measurements) <= 10
    bad = [
        r.phase
        for r in life.status.metric_results
        if not r.dry_run and r.phase.complete and r.phase is not Phase.SUCCESSFUL
    ]
    if bad:
        assert life.status.phase in bad
    if life.status.phase.complete and not bad:
        assert life.status.phase is Phase.SUCCESSFUL
    assert (life.status.completed_at is not None) == life.status.phase.complete


@given(lives())
@settings(max_examples=100, deadline=None)
def test_nothing_changes_between_two_wake_ups(life: Life) -> None:
    second: float = 0
    while second < 200 and (wake := life.at(second)) is not None:
        before, following = life.status, (wake - T0).total_seconds()
        if following - second > 0.002:
            assert life.at((second + following) / 2) == wake
            assert life.status == before
        second = following


@given(lives())
@settings(max_examples=100, deadline=None)
def test_a_completed_run_stays_as_it_is(life: Life) -> None:
    life.live(1000)
    if life.status.phase.complete:
        before = life.status
        assert life.at(5000) is None
        assert life.status == before


@given(lives(), st.integers(1, 200))
@settings(max_examples=100, deadline=None)
def test_a_restart_loses_less_than_a_second(life: Life, second: int) -> None:
    wake = life.live(second).at(second + 0.4)
    life.status = as_read(life.status)
    again = life.at(second + 0.4)
    assert (wake is None) == (again is None)
    if wake is not None and again is not None:
        assert timedelta() <= wake - again < timedelta(seconds=1) or again == T0 + timedelta(seconds=second + 0.4)


@given(lives())
@settings(max_examples=150, deadline=None)
def test_a_dry_run_changes_nothing_about_the_verdict(life: Life) -> None:
    """What counts is judged as if the dry metric, which cannot fail then, had measured well."""
    counting, dry = replace(life.metrics[0], dry_run=False), replace(life.metrics[1], dry_run=True)
    scripts = {"a": "SFIEWSFIEW" * 300, "b": "FEIFEI" * 500}
    judged = Life(counting, dry, **scripts).live(1000).status
    harmless = Life(counting, replace(dry, failure_limit=0), a=scripts["a"], b="S" * 3000).live(1000).status
    verdicts = [found.result("a") for found in (judged, harmless)]
    assert verdicts[0] and verdicts[1] and verdicts[0].phase is verdicts[1].phase
    if judged.phase.complete and harmless.phase.complete:
        assert judged.phase is harmless.phase


@given(lives())
@settings(max_examples=150, deadline=None)
def test_measurements_keep_their_distance(life: Life) -> None:
    """The interval after a verdict, ten seconds after an error; one that waits is asked again when it said."""
    life.live(300)
    by_name = {metric.name: metric for metric in life.metrics}
    for result in life.status.metric_results:
        metric = by_name[result.name]
        for before, after in pairwise(result.measurements):
            assert before.finished_at is not None and after.started_at is not None
            least = ERROR_INTERVAL if before.phase is Phase.ERROR else metric.interval
            assert least is not None and after.started_at - before.finished_at >= least


@given(lives())
@settings(max_examples=150, deadline=None)
def test_of_several_limits_the_last_that_trips_names_the_phase(life: Life) -> None:
    life.live(500)
    for metric in life.metrics:
        result = life.status.result(metric.name)
        if result is None or not result.phase.complete or result.phase is Phase.SUCCESSFUL:
            continue
        tripped = [
            phase
            for phase, over in (
                (Phase.FAILED, 0 <= metric.failure_limit < result.failed),
                (Phase.INCONCLUSIVE, result.inconclusive > metric.inconclusive_limit),
                (Phase.ERROR, result.consecutive_error > metric.consecutive_error_limit),
            )
            if over
        ]
        assert not tripped or result.phase is tripped[-1]


@given(lives(), st.integers(1, 200))
@settings(max_examples=100, deadline=None)
def test_at_most_the_last_measurement_is_in_flight_also_after_a_restart(life: Life, second: int) -> None:
    for later in (0, 7, 60):
        life.live(second + later)
        life.status = as_read(life.status)
        life.at(second + later + 0.5)
        for result in life.status.metric_results:
            assert all(measured.finished_at is not None for measured in result.measurements[:-1])
