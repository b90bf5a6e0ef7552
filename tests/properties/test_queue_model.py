"""The work queue against a model: no key is lost, none is worked on twice at once, none runs without a reason."""

from __future__ import annotations

import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reconciler.runtime.clock import VirtualClock
from reconciler.runtime.queue import WorkQueue

KEYS = st.sampled_from(["a", "b", "c", "d"])


class QueueModel(RuleBasedStateMachine):
    """What must hold, said naively: sets of keys that are wanted, in work, and due at some time."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = VirtualClock()
        self.queue = WorkQueue(self.clock, rng=random.Random(0))
        self.wanted: set[str] = set()
        self.working: set[str] = set()
        self.due: dict[str, float] = {}
        self.wished: dict[str, float] = {}
        self.ahead: dict[str, float] = {}
        self.failures: dict[str, int] = {}

    @rule(key=KEYS)
    def add(self, key: str) -> None:
        self.queue.add(key)
        self.wanted.add(key)

    @rule(key=KEYS, delay=st.integers(0, 30))
    def add_later(self, key: str, delay: int) -> None:
        when = self.clock.monotonic() + delay
        self.queue.add_at(key, when)
        self.wish(key, when)

    @rule(key=KEYS)
    def retry(self, key: str) -> None:
        delay = self.queue.retry(key)
        self.failures[key] = self.failures.get(key, 0) + 1
        full = min(120.0, 0.5 * 2 ** (self.failures[key] - 1))
        assert full / 2 <= delay <= full
        when = self.clock.monotonic() + delay
        self.due[key] = min(when, self.due.get(key, when))

    @rule(key=KEYS)
    def forget(self, key: str) -> None:
        self.queue.forget(key)
        self.failures.pop(key, None)

    @rule(seconds=st.integers(1, 40))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule()
    def take(self) -> None:
        self.ripen()
        key = self.queue.get(0)
        if key is None:
            assert not self.wanted - self.working, "a key that is wanted and free was not handed out"
            return
        assert key in self.wanted, "a key was handed out for no reason"
        assert key not in self.working, "a key is worked on twice at once"
        self.wanted.discard(key)
        self.due.pop(key, None)
        if (wished := self.wished.pop(key, 0)) > self.clock.monotonic():
            self.ahead[key] = wished
        self.working.add(key)

    @rule(data=st.data(), failed=st.booleans())
    def finish(self, data: st.DataObject, failed: bool) -> None:
        if self.working:
            key = data.draw(st.sampled_from(sorted(self.working)))
            self.queue.done(key, failed=failed)
            self.working.discard(key)
            when = self.ahead.pop(key, None)
            if failed and when is not None:
                self.wish(key, when)

    @invariant()
    def length_is_what_can_be_taken(self) -> None:
        self.ripen()
        assert len(self.queue) == len(self.wanted - self.working)

    def wish(self, key: str, when: float) -> None:
        for times in (self.wished, self.due):
            times[key] = min(when, times.get(key, when))

    def ripen(self) -> None:
        ripe = {key for key, when in self.due.items() if when <= self.clock.monotonic()}
        self.wanted |= ripe
        for key in ripe:
            del self.due[key]


QueueModel.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestQueueModel = QueueModel.TestCase
