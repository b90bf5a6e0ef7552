"""The work queue: keys in, keys out, never the same key to two workers at once.

Several reasons to look at a key are one run: `add` of a waiting key changes nothing. A key that is added while it is
being worked on runs once more afterwards, so that no news is lost. Of delayed adds only the earliest counts, and none
once the key is handed out, whatever the reason: each run says itself when the next one is due. One that failed could
not: a time that was asked for before it, and is not there yet, counts again. Nothing here knows what a key means.
"""

from __future__ import annotations

import heapq
import random
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

from reconciler.runtime.clock import Clock

LONGEST_PAUSE_SECONDS = 3600.0
"""A waiter looks again at least this often; a wake-up centuries away would overflow the operating system's timers."""

MOST_STALE = 64
"""Times that no longer count and are kept, beside as many as there are that count."""


def back_off(failures: int, first: float, longest: float, jitter: float) -> float:
    """Seconds after the n-th failure in a row: doubles up to `longest`; `jitter` 0..1 takes off up to half."""
    full = longest if failures > 40 else min(longest, first * 2.0 ** (failures - 1))
    return full * (1 - jitter / 2)


Happened = Literal["added", "waited", "worked", "retried"]
OnHappened = Callable[[Happened, float], None]
"""`(what, seconds)`: for metrics; called with the queue locked, so it must be quick and must not ask the queue."""


class WorkQueue:
    """A de-duplicating queue with delays and per-key back-off. Safe to use from many threads."""

    def __init__(
        self,
        clock: Clock,
        *,
        first_delay: float = 0.5,
        max_delay: float = 120.0,
        rng: random.Random | None = None,
        on_happened: OnHappened = lambda what, seconds: None,
    ) -> None:
        self._on_happened = on_happened
        self._clock = clock
        self._first_delay, self._max_delay = first_delay, max_delay
        self._rng = rng or random.Random()
        self._changed = threading.Condition()
        self._ready: OrderedDict[str, float] = OrderedDict()
        """Since when each key has been ready."""
        self._working: dict[str, float] = {}
        """Since when each key has been worked on."""
        self._wished: dict[str, float] = {}
        """The earliest time that was asked for since each key was handed out; back-off is no wish."""
        self._ahead: dict[str, float] = {}
        """What each key in work was wished for at a time that was still to come."""
        self._again: set[str] = set()
        self._due: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        self._failures: dict[str, int] = {}
        self._closed = False

    def __len__(self) -> int:
        """Keys that could be worked on now; neither delayed ones nor those in work."""
        with self._changed:
            self._ripen()
            return len(self._ready)

    def ages(self) -> list[float]:
        """Seconds for which each key in work has been so."""
        with self._changed:
            return [self._clock.monotonic() - began for began in self._working.values()]

    def add(self, key: str) -> None:
        """Makes the key ready now."""
        with self._changed:
            self._admit(key)

    def add_unless_backing_off(self, key: str) -> None:
        """For reasons that come again by themselves, such as polls: they must not undo the back-off of a failure."""
        with self._changed:
            self._ripen()
            if not (key in self._failures and key in self._due):
                self._admit(key)

    def add_at(self, key: str, when: float) -> None:
        """Makes the key ready when the monotonic clock reaches `when`; of several such wishes the earliest holds."""
        with self._changed:
            self._wish(key, when)

    def get(self, timeout: float | None = None) -> str | None:
        """A key, to be given back with `done`; None after `timeout` seconds (None: no limit) or when closed."""
        with self._changed:
            deadline = None if timeout is None else self._clock.monotonic() + timeout
            while not self._closed:
                self._ripen()
                if self._ready:
                    return self._hand_out()
                if deadline is not None and self._clock.monotonic() >= deadline:
                    return None
                self._changed.wait(self._pause(deadline))
            return None

    def done(self, key: str, *, failed: bool = False) -> None:
        """Says that work on a key has ended; if it was added meanwhile it becomes ready again."""
        with self._changed:
            ahead = self._ahead.pop(key, None)
            if failed and ahead is not None:
                self._wish(key, ahead)
            began = self._working.pop(key, None)
            if began is not None:
                self._on_happened("worked", self._clock.monotonic() - began)
            if key in self._again:
                self._again.discard(key)
                self._admit(key)

    def retry(self, key: str, at_least: float = 0.0) -> float:
        """Adds the key after its back-off (or `at_least` seconds, if longer). Returns the delay in seconds."""
        with self._changed:
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            jitter = self._rng.random()
            self._on_happened("retried", 0.0)
            delay = max(at_least, back_off(failures, self._first_delay, self._max_delay, jitter))
            self._plan(key, self._clock.monotonic() + delay)
            return delay

    def forget(self, key: str) -> None:
        """Resets the key's back-off after a success."""
        with self._changed:
            self._failures.pop(key, None)

    def close(self) -> None:
        """Wakes all waiters; from now on `get` returns None. Keys still waiting are dropped with the process."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        return self._closed

    def _wish(self, key: str, when: float) -> None:
        self._wished[key] = min(when, self._wished.get(key, when))
        self._plan(key, when)

    def _plan(self, key: str, when: float) -> None:
        known = self._due.get(key)
        if known is not None and known <= when:
            return
        self._due[key] = when
        heapq.heappush(self._heap, (when, key))
        self._tidy()
        if self._heap[0] == (when, key):  # or else whoever waits will be awake in time
            self._changed.notify()

    def _admit(self, key: str) -> None:
        if key in self._working:
            self._again.add(key)
        elif key not in self._ready:
            self._ready[key] = self._clock.monotonic()
            self._on_happened("added", 0.0)
            self._changed.notify()

    def _hand_out(self) -> str:
        key, since = self._ready.popitem(last=False)
        self._due.pop(key, None)
        now = self._working[key] = self._clock.monotonic()
        if (wished := self._wished.pop(key, now)) > now:
            self._ahead[key] = wished
        self._on_happened("waited", now - since)
        return key

    def _ripen(self) -> None:
        now = self._clock.monotonic()
        while self._heap and self._heap[0][0] <= now:
            when, key = heapq.heappop(self._heap)
            if self._due.get(key) == when:
                del self._due[key]
                self._admit(key)

    def _tidy(self) -> None:
        """Times that no longer count stay in the heap until they come; far ones must not pile up meanwhile."""
        if len(self._heap) > MOST_STALE + 2 * len(self._due):
            self._heap = [(when, key) for key, when in self._due.items()]
            heapq.heapify(self._heap)

    def _pause(self, deadline: float | None) -> float:
        now = self._clock.monotonic()
        moments = [now + LONGEST_PAUSE_SECONDS, *(when for when, _ in self._heap[:1])]
        if deadline is not None:
            moments.append(deadline)
        return max(0.0, min(moments) - now)
