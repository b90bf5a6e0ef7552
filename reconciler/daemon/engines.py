"""How many workers each queue has, and what is measured of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from reconciler.runtime.clock import Clock
from reconciler.runtime.loop import Engine
from reconciler.runtime.queue import WorkQueue
from reconciler.telemetry import metrics

THREADS = {"repository": 4, "application": 4, "rollout": 16, "experiment": 4, "analysis": 12, "outcome": 2}


def engine(name: str, reconcile: Callable[[str], datetime | None], queue: WorkQueue, clock: Clock) -> Engine:
    """The workers of one queue, not started yet; depth and durations go into the metrics under `name`."""
    metrics.queue_depth(name, lambda: len(queue))

    def report(engine: str, key: str, outcome: str, seconds: float) -> None:
        metrics.reconcile_finished(engine, outcome, seconds)
        if engine == "repository":
            metrics.observe_git("fetch", outcome, seconds)

    return Engine(name, reconcile, queue, clock, THREADS[name], on_result=report)
