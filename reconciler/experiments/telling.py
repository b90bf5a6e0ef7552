"""What is told, as events, when the status of an Experiment changes (spec rollouts §9, §11.2). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.experiments.intents import RecordEvent
from reconciler.experiments.model import ExperimentStatus

_BAD = ("Failed", "Error")


def changes(before: ExperimentStatus, after: ExperimentStatus) -> Iterator[RecordEvent]:
    """One event per template, run and Experiment whose phase is another; bad news of runs goes to the Rollout, too."""
    for template in after.template_statuses:
        known = before.template(template.name).status
        yield from _turned("Template", f" '{template.name}'", known or "", template.status or "", template.message)
    for run in after.analysis_runs:
        recorded = before.analysis(run.name)
        for told in _turned(
            "AnalysisRun", f" '{run.name}'", recorded.phase if recorded else "", run.phase, run.message
        ):
            yield told
            if told.type == "Warning":
                yield replace(told, to_owner=True)
    yield from _turned("Experiment", "", before.phase, after.phase, after.message)


def _turned(kind: str, name: str, before: str, after: str, message: str) -> Iterator[RecordEvent]:
    if before != after and after:
        why = f": {message}" if message else ""
        text = f"{kind}{name} transitioned from {before} -> {after}{why}"
        yield RecordEvent("Warning" if after in _BAD else "Normal", f"{kind}{after}", text)
