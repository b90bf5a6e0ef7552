"""Measurements that are being taken in the pool, and answers that wait to be recorded, by the uid of their run."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from reconciler.analysis.run import Taken


@dataclass(slots=True)
class _Work:
    busy: set[str] = field(default_factory=set)
    answers: list[Taken] = field(default_factory=list)


class Underway:
    """Thread-safe. A metric of a run is measured once at a time; an answer for a forgotten run is dropped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._work: dict[str, _Work] = {}
        self._uids: dict[str, str] = {}

    def collect(self, key: str, uid: str) -> tuple[list[Taken], set[str]]:
        """Answers that have come since the last call, and the metrics that are still being measured."""
        with self._lock:
            if self._uids.get(key) not in (None, uid):  # a namesake was deleted
                self._work.pop(self._uids[key], None)
            self._uids[key] = uid
            work = self._work.setdefault(uid, _Work())
            answers, work.answers = work.answers, []
            return answers, set(work.busy)

    def start(self, uid: str, metric: str) -> None:
        with self._lock:
            self._work.setdefault(uid, _Work()).busy.add(metric)

    def finish(self, uid: str, taken: Taken) -> None:
        with self._lock:
            work = self._work.get(uid)
            if work is not None:
                work.busy.discard(taken.metric)
                work.answers.append(taken)

    def forget(self, key: str) -> str | None:
        """Ends the work for a run that is complete or gone; returns its uid if it was known."""
        with self._lock:
            uid = self._uids.pop(key, None)
            if uid is not None:
                self._work.pop(uid, None)
            return uid
