"""Measurements as the page plots them: what `static/plots.js` reads. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from reconciler.analysis.model import AnalysisRun
from reconciler.analysis.series import SEPARATOR, Series, series
from reconciler.analysis.thresholds import Condition

MEANING: dict[Condition, str] = {"successCondition": "success", "failureCondition": "failure"}
"""What a threshold is labelled with: the side of the verdict that it bounds."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One metric: `data` is JSON with columns of times, values, phases, and the thresholds with what they bound."""

    metric: str
    phase: str
    conditions: str
    data: str


@dataclass(frozen=True, slots=True)
class RunPicture:
    """One AnalysisRun with the pictures of its metrics."""

    namespace: str
    name: str
    kind: str
    phase: str
    message: str
    pictures: tuple[Picture, ...]


def pictures(run: AnalysisRun, kind: str = "") -> RunPicture:
    """`kind`: what the run is for, as people call it."""
    found = tuple(
        Picture(each.metric, each.phase, SEPARATOR.join(each.conditions), _data(each)) for each in series(run)
    )
    meta, status = run.metadata, run.status
    return RunPicture(meta.namespace, meta.name, kind, str(status.phase), status.message, found)


def _data(each: Series) -> str:
    """A measurement without a number is a gap with a phase."""
    lines = max((len(point.values) for point in each.points), default=0)
    return msgspec.json.encode(
        {
            "times": [point.at.timestamp() for point in each.points],
            "values": [[_at(point.values, line) for point in each.points] for line in range(lines)],
            "phases": [point.phase for point in each.points],
            "thresholds": [{"value": limit.value, "of": MEANING[limit.condition]} for limit in each.thresholds],
        }
    ).decode()


def _at(values: Sequence[float], index: int) -> float | None:
    return values[index] if index < len(values) else None
