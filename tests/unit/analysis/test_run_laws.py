"""Laws that hold for every metric and every sequence of verdicts."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.analysis.metric import Metric
from reconciler.analysis.model import Phase
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
