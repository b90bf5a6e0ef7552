from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.runtime.timers import Timers


@pytest.fixture
def timers() -> Iterator[Timers]:
    timers = Timers()
    yield timers
    timers.shutdown()


def test_a_wake_up_that_is_long_past_still_happens(timers: Timers) -> None:
    rang = threading.Event()
    timers.at(datetime.now(UTC) - timedelta(hours=1), rang.set, "late")
    assert rang.wait(10)


def test_a_wake_up_is_not_lost_while_the_pool_is_busy(timers: Timers) -> None:
    release, rang, now = threading.Event(), threading.Event(), datetime.now(UTC)
    for number in range(4):
        timers.at(now, lambda: release.wait(10) and None, f"busy-{number}")
    timers.at(now - timedelta(seconds=5), rang.set, "wanted")
    assert not rang.is_set()
    release.set()
    assert rang.wait(10)


def test_a_wake_up_is_not_skipped_because_its_predecessor_still_runs(timers: Timers) -> None:
    entered, release, rang = threading.Event(), threading.Event(), threading.Event()
    timers.at(datetime.now(UTC), lambda: entered.set() or (release.wait(10) and None), "same")
    assert entered.wait(10)
    timers.at(datetime.now(UTC), rang.set, "same")
    assert rang.wait(10)
    release.set()


def test_a_periodic_job_comes_again_until_cancelled(timers: Timers) -> None:
    thrice = threading.Semaphore(0)
    timers.every(0.01, 0, thrice.release, "tick")
    assert all(thrice.acquire(timeout=10) for _ in range(3))
    timers.cancel("tick")
    timers.cancel("tick")


def test_overlaps_and_errors_of_jobs_are_counted() -> None:
    release, overlapped, failed = threading.Event(), threading.Event(), threading.Event()

    def noted(job: str, kind: str) -> None:
        {"overlap": overlapped, "error": failed}[kind].set()

    watched = Timers(on_trouble=noted)
    watched.every(0.01, 0, lambda: release.wait(10) and None, "slow")
    watched.at(datetime.now(UTC), lambda: int("x") and None, "broken")
    assert overlapped.wait(10)
    assert failed.wait(10)
    release.set()
    watched.shutdown()
