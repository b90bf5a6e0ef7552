from __future__ import annotations

import random
import threading
import tracemalloc

import pytest

from reconciler.runtime.clock import SystemClock, VirtualClock
from reconciler.runtime.queue import WorkQueue, back_off


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def queue(clock: VirtualClock) -> WorkQueue:
    return WorkQueue(clock, rng=random.Random(1))


def test_many_reasons_for_one_key_are_one_run(queue: WorkQueue) -> None:
    for key in ("a", "b", "a", "a"):
        queue.add(key)
    assert [queue.get(0), queue.get(0), queue.get(0)] == ["a", "b", None]


def test_a_key_added_during_its_run_runs_once_more_and_not_at_the_same_time(queue: WorkQueue) -> None:
    queue.add("a")
    assert queue.get(0) == "a"
    queue.add("a")
    queue.add("a")
    assert queue.get(0) is None
    queue.done("a")
    assert queue.get(0) == "a"
    queue.done("a")
    assert queue.get(0) is None


def test_of_two_delays_the_earliest_holds_whatever_their_order(queue: WorkQueue, clock: VirtualClock) -> None:
    for key, first, second in (("a", 10, 20), ("b", 20, 10)):
        queue.add_at(key, first)
        queue.add_at(key, second)
    clock.advance(9.9)
    assert len(queue) == 0
    clock.advance(0.1)
    assert {queue.get(0), queue.get(0)} == {"a", "b"}
    queue.done("a")
    queue.done("b")
    clock.advance(60)
    assert queue.get(0) is None


def test_a_delay_that_falls_due_during_the_run_is_run_afterwards(queue: WorkQueue, clock: VirtualClock) -> None:
    queue.add("a")
    queue.get(0)
    queue.add_at("a", 5)
    clock.advance(6)
    assert queue.get(0) is None
    queue.done("a")
    assert queue.get(0) == "a"


def test_back_off_grows_to_its_limit_and_forget_resets_it(queue: WorkQueue) -> None:
    delays = [queue.retry("a") for _ in range(60)]
    assert 0.25 <= delays[0] <= 0.5
    assert all(60 <= delay <= 120 for delay in delays[10:])
    queue.forget("a")
    assert queue.retry("a") <= 0.5


def test_a_retry_waits_at_least_as_long_as_it_was_asked_to(queue: WorkQueue, clock: VirtualClock) -> None:
    assert queue.retry("a", at_least=30) == 30
    clock.advance(29)
    assert queue.get(0) is None
    clock.advance(1)
    assert queue.get(0) == "a"


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_jitter_never_lengthens_a_back_off_nor_halves_it_twice(jitter: float) -> None:
    assert 8.0 <= back_off(5, 1.0, 60.0, jitter) <= 16.0


def test_a_waiting_worker_gets_a_key_that_another_thread_adds() -> None:
    queue = WorkQueue(SystemClock())
    got: list[str | None] = []
    worker = threading.Thread(target=lambda: got.append(queue.get(10)))
    worker.start()
    queue.add("a")
    worker.join(10)
    assert got == ["a"]


def test_a_wake_up_in_a_thousand_years_harms_no_waiter() -> None:
    queue = WorkQueue(SystemClock())
    queue.add_at("a", SystemClock().monotonic() + 3e10)
    threading.Timer(0.05, queue.add, ["b"]).start()
    assert queue.get() == "b"


def test_closing_wakes_everybody_who_waits() -> None:
    queue = WorkQueue(SystemClock())
    got: list[str | None] = []
    workers = [threading.Thread(target=lambda: got.append(queue.get(None))) for _ in range(3)]
    for worker in workers:
        worker.start()
    queue.close()
    for worker in workers:
        worker.join(10)
    assert got == [None, None, None]


def test_a_poll_does_not_undo_a_back_off_and_a_push_does(queue: WorkQueue, clock: VirtualClock) -> None:
    queue.add("a")
    assert queue.get(0) == "a"
    queue.retry("a", at_least=60)
    queue.done("a")
    queue.add_unless_backing_off("a")
    assert queue.get(0) is None
    queue.add("a")
    assert queue.get(0) == "a"
    delay = queue.retry("a")
    queue.done("a")
    queue.add_unless_backing_off("a")
    assert queue.get(0) is None
    clock.advance(delay)
    assert queue.get(0) == "a"


def test_a_wake_up_that_a_later_run_did_not_ask_for_again_is_gone(queue: WorkQueue, clock: VirtualClock) -> None:
    queue.add_at("a", 60)
    queue.add("a")
    assert queue.get(0) == "a"
    queue.done("a")
    clock.advance(60)
    assert queue.get(0) is None


def test_a_poll_is_a_reason_while_nothing_fails(queue: WorkQueue) -> None:
    queue.add_unless_backing_off("a")
    assert queue.get(0) == "a"


def test_wake_ups_that_no_longer_count_do_not_pile_up(clock: VirtualClock, queue: WorkQueue) -> None:
    tracemalloc.start()
    try:
        for number in range(20_000):
            queue.add_at("a", 1e6 + number)
            queue.add("a")
            queue.get(0)
            queue.done("a")
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 100_000, "bytes"
