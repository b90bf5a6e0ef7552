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
        self._hurried: dict[str, set[str]] = {}

    def collect(self, key: str, uid: str) -> tuple[list[Taken], set[str]]:
        """Answers that have come since the last call, and the metrics that are still being measured."""
        with self._lock:
            if self._uids.get(key) not in (None, uid):  # a namesake was deleted
                self._work.pop(self._uids[key], None)
            self._uids[key] = uid
            work = self._work.setdefault(uid, _Work())
            answers, work.answers = work.answers, []
            return answers, set(work.busy)

    def hurry(self, key: str, metric: str) -> None:
        """Notes that what is in flight of the metric should be looked at. Runs that are not at work are ignored."""
        with self._lock:
            if key in self._uids:
                self._hurried.setdefault(key, set()).add(metric)

    def hurried(self, key: str) -> set[str]:
        """The metrics that were hurried since the last call; those that are being measured stay for the next one."""
        with self._lock:
            metrics, work = self._hurried.pop(key, set()), self._work.get(self._uids.get(key, ""))
            busy = metrics & work.busy if work is not None else set()
            if busy:
                self._hurried[key] = busy
            return metrics - busy

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
            self._hurried.pop(key, None)
            if uid is not None:
                self._work.pop(uid, None)
            return uid
