from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from reconciler.errors import AlreadyExists, Conflict, Gone, NotFound, Refused, Transient, UserError
from reconciler.runtime.clock import SystemClock, VirtualClock
from reconciler.runtime.loop import IMMEDIATE_CONFLICTS, Engine
from reconciler.runtime.queue import WorkQueue


def raising(error: Exception | None) -> Callable[[str], None]:
    def reconcile(_key: str) -> None:
        if error is not None:
            raise error

    return reconcile


def an_engine(clock: VirtualClock, reconcile: Callable[[str], datetime | None]) -> Engine:
    return Engine("test", reconcile, WorkQueue(clock, rng=random.Random(1)), clock, slow_retry=300)


@pytest.mark.parametrize(
    ("error", "outcome", "not_before", "by"),
    [
        pytest.param(Transient("down"), "transient", 0.2, 0.5, id="transient backs off"),
        pytest.param(Transient("busy", retry_after=40), "transient", 39.9, 40, id="retry-after is obeyed"),
        pytest.param(NotFound("no namespace"), "transient", 0.2, 0.5, id="not found backs off"),
        pytest.param(Gone("too old"), "transient", 0.2, 0.5, id="gone backs off"),
        pytest.param(Refused("rbac"), "refused", 299.9, 300, id="refused is not hammered"),
        pytest.param(UserError("bad"), "user_error", 299.9, 300, id="user errors wait"),
        pytest.param(ValueError("bug"), "bug", 4.9, 5, id="bugs wait"),
    ],
)
def test_what_is_raised_says_when_the_key_runs_again(
    error: Exception, outcome: str, not_before: float, by: float
) -> None:
    clock = VirtualClock()
    engine = an_engine(clock, raising(error))
    engine.queue.add("a")
    assert engine.run_once() == outcome
    clock.advance(not_before)
    assert engine.run_once() is None
    clock.advance(by - not_before)
    assert engine.run_once() == outcome


def test_what_is_due_is_not_postponed_by_a_back_off() -> None:
    clock = VirtualClock()
    engine = an_engine(clock, lambda key: raise_(Transient("down", wake_at=clock.now() + timedelta(seconds=3))))
    engine.queue.add("a")
    for _ in range(8):  # by then the back-off is longer than a minute
        assert engine.run_once() == "transient"
        clock.advance(3)
    assert engine.run_once() == "transient"


def raise_(error: Exception) -> None:
    raise error


def test_a_bug_that_stays_is_tried_ever_more_slowly_but_one_that_went_does_not_stall_its_key() -> None:
    clock = VirtualClock()
    engine = an_engine(clock, raising(ValueError("bug")))
    engine.queue.add("a")
    waits = []
    for _ in range(5):
        assert engine.run_once() == "bug"
        before = clock.monotonic()
        while len(engine.queue) == 0:
            clock.advance(1)
        waits.append(clock.monotonic() - before)
    assert waits == [5, 20, 80, 300, 300]


@pytest.mark.parametrize("error", [Conflict("409"), AlreadyExists("409")])
def test_conflicts_run_again_at_once_but_not_for_ever(error: Exception) -> None:
    engine = an_engine(VirtualClock(), raising(error))
    engine.queue.add("a")
    assert [engine.run_once() for _ in range(IMMEDIATE_CONFLICTS + 1)] == ["conflict"] * (IMMEDIATE_CONFLICTS + 1)
    assert engine.run_once() is None


def test_a_wake_up_runs_the_key_at_its_time_and_not_earlier() -> None:
    clock = VirtualClock()
    wake_at = clock.now() + timedelta(seconds=30)
    engine = an_engine(clock, lambda _key: wake_at)
    engine.queue.add("a")
    engine.run_once()
    clock.advance(29.9)
    assert engine.run_once() is None
    clock.advance(0.1)
    assert engine.run_once() == "ok"


@pytest.mark.parametrize(
    "error", [Transient("busy", retry_after=200), Refused("rbac"), UserError("bad"), Conflict("409")]
)
def test_a_run_that_fails_before_a_wake_up_does_not_undo_it(error: Exception) -> None:
    clock = VirtualClock()
    wake_at, failing = clock.now() + timedelta(seconds=30), list[Exception]()

    def reconcile(_key: str) -> datetime | None:
        if failing:
            raise failing[0]
        return wake_at if clock.now() < wake_at else None

    engine = an_engine(clock, reconcile)
    engine.queue.add("a")
    assert engine.run_once() == "ok"
    clock.advance(10)
    failing.append(error)
    engine.queue.add("a")
    for _ in range(IMMEDIATE_CONFLICTS + 1):  # of which all but conflicts are one run
        engine.run_once()
    clock.advance(19.9)
    engine.run_once()  # a conflict has backed off meanwhile
    failing.clear()
    clock.advance(0.1)
    assert engine.run_once() == "ok"
    clock.advance(400)
    assert engine.run_once() is None


def test_a_key_that_raises_does_not_stop_other_keys(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def reconcile(key: str) -> None:
        if key == "bad":
            raise RuntimeError("boom")
        done.append(key)

    engine = an_engine(VirtualClock(), reconcile)
    for key in ("bad", "good"):
        engine.queue.add(key)
    with caplog.at_level(logging.ERROR):
        assert [engine.run_once(), engine.run_once()] == ["bug", "ok"]
    assert done == ["good"]
    assert caplog.records[0].exc_info is not None


def test_every_result_is_reported_and_a_broken_hook_costs_no_worker() -> None:
    seen: list[tuple[str, str, str]] = []

    def hook(engine: str, key: str, outcome: str, _seconds: float) -> None:
        seen.append((engine, key, outcome))
        raise RuntimeError("metrics are down")

    clock = VirtualClock()
    engine = Engine("sync", raising(None), WorkQueue(clock), clock, on_result=hook)
    engine.queue.add("a")
    assert engine.run_once() == "ok"
    assert seen == [("sync", "a", "ok")]


def test_stopping_lets_the_key_in_work_finish() -> None:
    entered, release, finished = threading.Event(), threading.Event(), threading.Event()

    def reconcile(_key: str) -> None:
        entered.set()
        release.wait(10)
        finished.set()

    clock = SystemClock()
    engine = Engine("test", reconcile, WorkQueue(clock), clock, threads=2)
    engine.start()
    engine.queue.add("a")
    assert entered.wait(10)
    assert engine.stop(timeout=0) is False
    release.set()
    assert engine.stop(timeout=10) is True
    assert finished.is_set()


def test_many_workers_lose_no_key_and_share_none() -> None:
    at_work: set[str] = set()
    runs: dict[str, int] = {}
    clashes: list[str] = []
    lock = threading.Lock()

    def reconcile(key: str) -> None:
        with lock:
            clashes.extend([key] if key in at_work else [])
            at_work.add(key)
        with lock:
            runs[key] = runs.get(key, 0) + 1
            at_work.discard(key)
        if runs[key] % 7 == 0:
            raise Conflict("again")

    clock = SystemClock()
    engine = Engine("test", reconcile, WorkQueue(clock, first_delay=0.001), clock, threads=8)
    engine.start()
    wanted = {f"key-{number}" for number in range(40)}
    for _ in range(50):
        for key in sorted(wanted):
            engine.queue.add(key)
    deadline = clock.monotonic() + 20
    while (len(engine.queue) or at_work or runs.keys() != wanted) and clock.monotonic() < deadline:
        clock.sleep(0.01)
    assert engine.stop(10)
    assert runs.keys() == wanted
    assert clashes == []
