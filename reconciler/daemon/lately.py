"""Answers that may be a few seconds old, so that many who ask cost what one does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from reconciler.runtime.clock import Clock

T = TypeVar("T")


class Lately(Generic[T]):
    """Answers by the uid of what they are about, each kept for some seconds. Errors are not kept.

    Who asks while another waits for an answer gets the same one, an error too: people look all at once when it changes.
    """

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._for, self._clock = seconds, clock
        self._known: dict[str, tuple[float, T]] = {}
        self._asked: dict[str, Future[T]] = {}
        self._lock = threading.Lock()

    def get(self, uid: str, ask: Callable[[], T]) -> T:
        now, mine = self._clock.monotonic(), Future[T]()
        with self._lock:
            self._known = {key: known for key, known in self._known.items() if now - known[0] < self._for}
            if uid in self._known:
                return self._known[uid][1]
            asked = self._asked.setdefault(uid, mine)
        if asked is mine:
            self._answer(uid, mine, ask, now)
        return asked.result()

    def _answer(self, uid: str, asked: Future[T], ask: Callable[[], T], now: float) -> None:
        try:
            found = ask()
        except BaseException as error:
            with self._lock:
                del self._asked[uid]
            asked.set_exception(error)
        else:
            with self._lock:
                del self._asked[uid]
                self._known[uid] = (now, found)
            asked.set_result(found)
