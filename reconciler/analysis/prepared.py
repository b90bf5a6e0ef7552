"""The metrics of runs with their arguments filled in, read once per run and not once per look at it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.analysis import validate
from reconciler.analysis.metric import Metric
from reconciler.analysis.model import AnalysisRun, RunSpec
from reconciler.errors import UserError


@dataclass(frozen=True, slots=True)
class _Prepared:
    spec: RunSpec
    annotations: Mapping[str, str]
    metrics: tuple[Metric, ...]


class Prepared:
    """Thread-safe. A run whose spec or annotations have changed is read anew."""

    def __init__(self) -> None:
        self._known: dict[str, _Prepared] = {}
        self._lock = threading.Lock()

    def metrics(self, run: AnalysisRun) -> tuple[Metric, ...]:
        """The metrics, secrets masked. Raises UserError with all that is wrong, worded for the run's message."""
        uid, annotations = run.metadata.uid, run.metadata.annotations
        with self._lock:
            known = self._known.get(uid)
        if known is None or known.spec != run.spec or known.annotations != annotations:
            known = _Prepared(run.spec, annotations, _read(run))
            with self._lock:
                self._known[uid] = known
        return known.metrics

    def forget(self, uid: str) -> None:
        with self._lock:
            self._known.pop(uid, None)


def _read(run: AnalysisRun) -> tuple[Metric, ...]:
    try:
        values = validate.plain_values(run.spec.args)
        validate.substituted(run, values)
    except UserError as error:
        raise UserError(f"Unable to resolve metric arguments: {error}") from None
    try:
        return validate.metrics(run, values)
    except UserError as error:
        raise UserError(f"Analysis spec invalid: {error}") from None
