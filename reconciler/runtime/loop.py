"""The loop that is the same for every engine: take a key, reconcile it, turn the outcome into "when next".

| raised by `reconcile`    | outcome      | next run of the key                                         |
|--------------------------|--------------|-------------------------------------------------------------|
| nothing                  | `ok`         | at the returned time, if any                                |
| `Conflict`               | `conflict`   | at once; after a few in a row with back-off                 |
| `Transient`, `Gone`, ... | `transient`  | back-off, at least what the other side asked for; at its    |
|                          |              | `wake_at` at the latest                                     |
| `Refused`                | `refused`    | slowly: hammering cannot help                               |
| `UserError`              | `user_error` | slowly; a change of the input adds the key by itself        |
| anything else            | `bug`        | 5 s, 20 s, 80 s, then slowly; logged with its traceback      |

A wake-up that an earlier run asked for stands when one before it fails. Whatever one key raises, all other keys go on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from reconciler.errors import Conflict, ReconcilerError, Refused, Transient, UserError
from reconciler.runtime.clock import Clock
from reconciler.runtime.queue import WorkQueue

log = logging.getLogger(__name__)

Outcome = Literal["ok", "conflict", "transient", "refused", "user_error", "bug"]
OnResult = Callable[[str, str, Outcome, float], None]
"""`(engine, key, outcome, seconds)`: for metrics; called in the worker, so it must be quick."""

IMMEDIATE_CONFLICTS = 5
FIRST_BUG_RETRY, BUG_RETRY_FACTOR = 5.0, 4.0
"""A bug that needs two threads to meet does not show again at once: its key must not stand still for minutes."""


def classify(error: Exception) -> Outcome:
    """The row of the module's table that an exception belongs to."""
    if isinstance(error, Conflict):
        return "conflict"
    if isinstance(error, Refused):
        return "refused"
    if isinstance(error, UserError):
        return "user_error"
    return "transient" if isinstance(error, ReconcilerError) else "bug"


class Engine:
    """A fixed pool of workers over one queue. `slow_retry` is in seconds."""

    def __init__(
        self,
        name: str,
        reconcile: Callable[[str], datetime | None],
        queue: WorkQueue,
        clock: Clock,
        threads: int = 4,
        *,
        slow_retry: float = 300.0,
        on_result: OnResult | None = None,
    ) -> None:
        self.name = name
        self.queue = queue
        self._reconcile, self._clock = reconcile, clock
        self._slow_retry, self._on_result = slow_retry, on_result
        self._conflicts: dict[str, int] = {}
        self._bugs: dict[str, int] = {}
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True) for number in range(threads)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 30.0) -> bool:
        """Hands out no more keys and waits for those in work; False when some still run after `timeout` seconds."""
        self.queue.close()
        deadline = self._clock.monotonic() + timeout
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - self._clock.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def run_once(self, timeout: float = 0.0) -> Outcome | None:
        """Takes one key and reconciles it here, in the caller's thread. None when no key became ready in time."""
        key = self.queue.get(timeout)
        return None if key is None else self._run(key)

    def _work(self) -> None:
        while not self.queue.closed:
            self.run_once(timeout=60.0)

    def _run(self, key: str) -> Outcome:
        started = self._clock.monotonic()
        outcome: Outcome = "ok"
        try:
            self._rest(key, self._reconcile(key))
        except Exception as error:
            outcome = classify(error)
            self._settle(key, outcome, error)
        finally:
            self.queue.done(key, failed=outcome != "ok")
        self._report(key, outcome, self._clock.monotonic() - started)
        return outcome

    def _rest(self, key: str, wake_at: datetime | None) -> None:
        self._conflicts.pop(key, None)
        self._bugs.pop(key, None)
        self.queue.forget(key)
        self._wake(key, wake_at)

    def _wake(self, key: str, wake_at: datetime | None) -> None:
        if wake_at is not None:
            seconds = (wake_at - self._clock.now()).total_seconds()
            self.queue.add_at(key, self._clock.monotonic() + max(0.0, seconds))

    def _settle(self, key: str, outcome: Outcome, error: Exception) -> None:
        if outcome == "conflict" and self._conflict_is_fresh(key):
            self.queue.add(key)
            return
        wait = self.queue.retry(key, at_least=self._least_wait(key, outcome, error))
        self._wake(key, error.wake_at if isinstance(error, Transient) else None)
        fields = {"engine": self.name, "key": key, "outcome": outcome, "retry_in_seconds": round(wait, 1)}
        if outcome == "bug":
            log.error("reconcile failed unexpectedly", extra={"fields": fields}, exc_info=error)
        else:
            log.warning("%s", error, extra={"fields": fields})

    def _conflict_is_fresh(self, key: str) -> bool:
        count = self._conflicts[key] = self._conflicts.get(key, 0) + 1
        return count <= IMMEDIATE_CONFLICTS

    def _least_wait(self, key: str, outcome: Outcome, error: Exception) -> float:
        if outcome == "bug":
            count = self._bugs[key] = self._bugs.get(key, 0) + 1
            return min(self._slow_retry, FIRST_BUG_RETRY * BUG_RETRY_FACTOR ** min(count - 1, 10))
        if outcome in ("refused", "user_error"):
            return self._slow_retry
        return (error.retry_after or 0.0) if isinstance(error, Transient) else 0.0

    def _report(self, key: str, outcome: Outcome, seconds: float) -> None:
        if self._on_result is None:
            return
        try:
            self._on_result(self.name, key, outcome, seconds)
        except Exception:
            log.exception("the metrics hook of %s failed", self.name)  # must not cost us a worker
