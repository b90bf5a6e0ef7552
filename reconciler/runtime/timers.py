"""Periodic kicks and wake-ups. Jobs must only enqueue: the real work belongs to a queue's workers.

A date job that is due while the small pool is busy still runs (`misfire_grace_time=None`): the library's default would
drop it after one second, and a lost wake-up stalls a rollout. Several missed runs of one periodic job become one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

log = logging.getLogger(__name__)

_TROUBLES = {EVENT_JOB_MISSED: "missed", EVENT_JOB_MAX_INSTANCES: "overlap", EVENT_JOB_ERROR: "error"}

OnTrouble = Callable[[str, str], None]
"""`(job, "missed" | "overlap" | "error")`: for metrics."""


class Timers:
    """One scheduler thread and a small pool. Naming a job again replaces it."""

    def __init__(self, *, on_trouble: OnTrouble | None = None) -> None:
        self._on_trouble = on_trouble
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(4)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._scheduler.add_listener(self._trouble, sum(_TROUBLES))
        self._scheduler.start()

    def every(self, seconds: float, jitter: float, fn: Callable[[], None], name: str) -> None:
        """Calls `fn` every `seconds`, each time moved by at most `jitter` seconds either way."""
        trigger: dict[str, Any] = {"seconds": seconds, "jitter": jitter or None}
        self._scheduler.add_job(fn, "interval", id=name, name=name, replace_existing=True, **trigger)

    def at(self, when: datetime, fn: Callable[[], None], name: str) -> None:
        """Calls `fn` once at `when`, or at once if that is past."""
        # A wake-up whose predecessor of that name still runs must not be skipped as an overlap: it would be lost.
        unlimited = {"max_instances": 1_000_000}
        self._scheduler.add_job(fn, "date", run_date=when, id=name, name=name, replace_existing=True, **unlimited)

    def cancel(self, name: str) -> None:
        """Forgets a job; does nothing when there is none of that name."""
        with suppress(JobLookupError):
            self._scheduler.remove_job(name)

    def shutdown(self) -> None:
        """Starts no more jobs and waits for those that run."""
        if not self._scheduler.running:
            return
        self._scheduler.pause()
        self._scheduler.get_jobs()  # waits for a pass in progress, which would fail once the state says stopped
        self._scheduler.shutdown(wait=True)

    def _trouble(self, event: Any) -> None:
        kind = _TROUBLES[event.code]
        if kind == "error":
            log.error("timer %s failed: %s", event.job_id, event.exception)
        if self._on_trouble is not None:
            self._on_trouble(event.job_id, kind)
