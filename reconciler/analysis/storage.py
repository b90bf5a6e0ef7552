"""The status as it is stored, with whole seconds, and the finer one beside it in memory (architecture: Time)."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from reconciler.analysis.model import AnalysisRun, RunStatus
from reconciler.kube.api import Object


def stored(status: RunStatus) -> Object:
    """The status as JSON for the API server: times without fractions of a second."""
    plain: Object = _whole_seconds(msgspec.to_builtins(status, builtin_types=(datetime,)))
    return plain


def as_read(status: RunStatus) -> RunStatus:
    """The status as it will be read back."""
    return msgspec.convert(stored(status), RunStatus)


def _whole_seconds(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, dict):
        return {key: _whole_seconds(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_whole_seconds(item) for item in value]
    return value


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
