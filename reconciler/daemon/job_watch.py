"""Tells the analysis engine when a Job of a measurement has ended, so that nobody waits for the next look at it.

The watch begins with the first AnalysisRun that has a `job` metric. Without it, or without the right to watch Jobs,
measurements go on as before: they are looked at ever less often (`analysis/providers/job.py`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec

from reconciler.analysis.model import AnalysisRun
from reconciler.analysis.providers.job import LABEL
from reconciler.kube.api import Cluster
from reconciler.kube.informer import Informer
from reconciler.kube.objects import JOBS, Meta
from reconciler.runtime.clock import Clock

_ORIGIN = "analysisrun.argoproj.io/"


class _Condition(msgspec.Struct, frozen=True):
    type: str = ""
    status: str = ""


class _Status(msgspec.Struct, frozen=True):
    conditions: tuple[_Condition, ...] = ()


class Job(msgspec.Struct, frozen=True):
    """What is read of a Job."""

    metadata: Meta = Meta()
    status: _Status = _Status()

    @property
    def ended(self) -> bool:
        return any(each.status == "True" and each.type in ("Complete", "Failed") for each in self.status.conditions)


class JobWatch:
    """`ended(run, metric)` is called with the run's key, from the watch's thread."""

    def __init__(
        self, cluster: Cluster, namespace: str | None, clock: Clock, ended: Callable[[str, str], None]
    ) -> None:
        self._ended = ended
        self._informer: Informer[Job] = Informer(
            cluster, JOBS, msgspec.json.Decoder(Job).decode, namespace=namespace, label_selector=LABEL, clock=clock
        )
        self._informer.store.subscribe(self._changed)
        self._lock, self._started = threading.Lock(), False

    def start_for(self, run: AnalysisRun | None) -> None:
        """Begins to watch when this is the first run that needs it."""
        if run is None or not any("job" in (metric.get("provider") or {}) for metric in run.spec.metrics):
            return
        with self._lock:
            first, self._started = not self._started, True
        if first:
            self._informer.start()

    def stop(self) -> None:
        if self._started:
            self._informer.stop()

    def _changed(self, old: Job | None, new: Job | None) -> None:
        if new is None or not new.ended or (old is not None and old.ended):
            return
        about = {key: new.metadata.annotations.get(_ORIGIN + key, "") for key in ("namespace", "name", "metric-name")}
        self._ended(f"{about['namespace']}/{about['name']}", about["metric-name"])
