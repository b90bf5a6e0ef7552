"""An outer deadline around calls that cannot be cancelled.

libgit2's own timeouts are per read: a server that dribbles one byte at a time holds a fetch for as long as it likes,
and during the advertisement of refs no callback runs from which one could stop it. So the call runs in a thread of
its own; past the deadline the thread is abandoned (a daemon thread: it does not keep the process alive) and counted
until it ends by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from reconciler.errors import Transient

T = TypeVar("T")


class Abandoned:
    """How many calls were left behind and still run. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0

    @property
    def running(self) -> int:
        return self._running

    def add(self, change: int) -> None:
        with self._lock:
            self._running += change


ABANDONED = Abandoned()
"""All of this process, for the metric."""


class _Call(Generic[T]):
    """One call in its thread; its result is kept only for the caller who still waits."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._left_to: tuple[Abandoned, ...] = ()
        self.done = threading.Event()
        self.result: T | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self._work()
        except BaseException as error:
            self.error = error
        with self._lock:
            self.done.set()
            for counter in self._left_to:
                counter.add(-1)

    def abandon(self, counters: tuple[Abandoned, ...]) -> bool:
        """False if it ended in the very last moment."""
        with self._lock:
            if self.done.is_set():
                return False
            self._left_to = counters
            for counter in counters:
                counter.add(1)
            return True


def within(seconds: float, what: str, work: Callable[[], T], *counters: Abandoned) -> T:
    """Runs `work` and returns its result or raises its error; raises `Transient` after `seconds`.

    An abandoned `work` goes on in the background until it ends: it must touch nothing that anyone else relies on.
    """
    call = _Call(work)
    threading.Thread(target=call.run, name=f"deadline: {what}", daemon=True).start()
    if not call.done.wait(seconds) and call.abandon((ABANDONED, *counters)):
        raise Transient(f"{what} took longer than {seconds:g} s and was given up")
    if call.error is not None:
        raise call.error
    return call.result  # type: ignore[return-value]
