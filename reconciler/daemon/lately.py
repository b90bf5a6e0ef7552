"""Answers that may be a few seconds old, so that many who ask cost what one does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from reconciler.runtime.clock import Clock

T = TypeVar("T")


class Lately(Generic[T]):
    """Answers by the uid of what they are about, each kept for some seconds. Errors are not kept."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._for, self._clock = seconds, clock
        self._known: dict[str, tuple[float, T]] = {}
        self._lock = threading.Lock()

    def get(self, uid: str, ask: Callable[[], T]) -> T:
        now = self._clock.monotonic()
        with self._lock:
            self._known = {key: known for key, known in self._known.items() if now - known[0] < self._for}
            if uid in self._known:
                return self._known[uid][1]
        found = ask()
        with self._lock:
            self._known[uid] = (now, found)
        return found
