"""Which AnalysisRuns the page shows beside a Rollout, and what it calls them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.analysis.model import REVISION_ANNOTATION, STEP_LABEL, TYPE_LABEL, AnalysisRun
from reconciler.web import plot

MOST_RUNS = 8

_KINDS = {"PrePromotion": "Before promotion", "PostPromotion": "After promotion", "FirstDeploy": "First deploy"}


def kind(run: AnalysisRun) -> str:
    """`Background`, `Step 3`, `Before promotion`; the run's name for one that somebody started."""
    labels = run.metadata.labels
    found = labels.get(TYPE_LABEL, "")
    if found == "Step":
        step = labels.get(STEP_LABEL, "")
        return f"Step {int(step) + 1}" if step.isdecimal() else "Step"
    return _KINDS.get(found, found) or run.metadata.name


def of_the_update(runs: Iterable[AnalysisRun]) -> tuple[plot.RunPicture, ...]:
    """The runs of the newest revision that has any, in the order in which they began."""
    found = sorted(runs, key=lambda run: (_revision(run), str(run.metadata.creation_timestamp)))
    current = [run for run in found if _revision(run) == _revision(found[-1])]
    return tuple(plot.pictures(run, kind(run)) for run in current[-MOST_RUNS:])


def _revision(run: AnalysisRun) -> int:
    text = run.metadata.annotations.get(REVISION_ANNOTATION, "")
    return int(text) if text.isdecimal() else 0
