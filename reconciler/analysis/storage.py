"""The status as it is stored, with whole seconds, and the finer one beside it in memory (architecture: Time)."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from reconciler.analysis.model import AnalysisRun, Measurement, RunStatus


def as_read(status: RunStatus) -> RunStatus:
    """The status as it will be read back: times without fractions of a second."""
    return replace(
        status,
        started_at=_whole(status.started_at),
        completed_at=_whole(status.completed_at),
        metric_results=tuple(
            replace(result, measurements=tuple(map(_whole_seconds, result.measurements)))
            for result in status.metric_results
        ),
    )


def _whole_seconds(measurement: Measurement) -> Measurement:
    return replace(
        measurement,
        started_at=_whole(measurement.started_at),
        finished_at=_whole(measurement.finished_at),
        resume_at=_whole(measurement.resume_at),
    )


def _whole(moment: datetime | None) -> datetime | None:
    return moment.replace(microsecond=0) if moment is not None else None


@dataclass(frozen=True, slots=True)
class _Kept:
    as_stored: RunStatus
    exact: RunStatus


class ExactTimes:
    """Remembers each run's status with its exact times for as long as what is stored is the same status.

    Only used to wait: after a restart, or when somebody else wrote the status, the stored times count.
    """

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def status(self, run: AnalysisRun) -> RunStatus:
        with self._lock:
            kept = self._kept.get(run.metadata.uid)
        return kept.exact if kept is not None and kept.as_stored == run.status else run.status

    def keep(self, run: AnalysisRun, exact: RunStatus) -> None:
        """`run` is as stored now; what it shows stands for `exact` from now on."""
        with self._lock:
            self._kept[run.metadata.uid] = _Kept(run.status, exact)

    def forget(self, uid: str) -> None:
        with self._lock:
            self._kept.pop(uid, None)
