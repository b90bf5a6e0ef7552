"""Work begins with the lease and ends when it is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, cast

import pytest

from reconciler.daemon.leadership import Leadership
from reconciler.kube.leases import Lease


class Held:
    """A lease that is held when the test says so."""

    def __init__(self) -> None:
        self.now, self.given_back = False, False

    def held(self) -> bool:
        return self.now

    def start(self) -> None: ...

    def stop(self) -> None:
        self.given_back = True


class Story:
    """What leadership told, in order."""

    def __init__(self, work: Callable[[], Any] = lambda: None) -> None:
        self.lease, self.told, self._changed = Held(), [""][1:], threading.Condition()
        self._work = work
        self.leadership = Leadership(cast(Lease, self.lease), on_acquired=self._acquired, on_lost=self._lost)
        self.leadership.start()

    def wait_for(self, *told: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: tuple(self.told) == told, 5), self.told

    def _acquired(self) -> None:
        self._tell("acquired")
        self._work()

    def _lost(self) -> None:
        self._tell("lost")

    def _tell(self, word: str) -> None:
        with self._changed:
            self.told.append(word)
            self._changed.notify_all()


def test_work_begins_once_the_lease_is_held_and_ends_when_it_is_lost() -> None:
    story = Story()
    assert story.told == []
    story.lease.now = True
    story.wait_for("acquired")
    story.lease.now = False
    story.wait_for("acquired", "lost")
    story.leadership.stop()


@pytest.mark.parametrize("held", [False, True])
def test_a_stop_gives_the_lease_back_and_tells_of_no_loss(held: bool) -> None:
    story = Story()
    story.lease.now = held
    if held:
        story.wait_for("acquired")
    story.leadership.stop()
    story.lease.now = False
    assert (story.lease.given_back, "lost" in story.told) == (True, False)


def test_a_start_that_fails_counts_as_lost_so_that_another_replica_may_try() -> None:
    def fails() -> None:
        raise ValueError("bug")

    story = Story(fails)
    story.lease.now = True
    story.wait_for("acquired", "lost")
    story.leadership.stop()


def test_a_stop_before_any_start_does_nothing_wrong() -> None:
    lease = Held()
    Leadership(cast(Lease, lease), on_acquired=lambda: None, on_lost=lambda: None).stop()
    assert lease.given_back
