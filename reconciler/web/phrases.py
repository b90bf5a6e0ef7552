"""Small texts of the page: when something was, and what an operation did. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from reconciler.apps.delivery import Operation, OperationPhase
from reconciler.outcomes.wording import duration
from reconciler.workloads.times import moment, readable


def operation_text(operation: Operation) -> str:
    """`applied in 4s: 2 created, 1 updated`."""
    took = ""
    if operation.finished_at:
        took = f" in {duration((operation.finished_at - operation.started_at).total_seconds())}"
    words = {
        OperationPhase.NO_CHANGE: "no change",
        OperationPhase.APPLYING: f"applying {operation.done} of {operation.total}",
    }
    text = words.get(operation.phase, operation.phase.lower()) + took
    changes = [f"{number} {word}" for number, word in _changes(operation) if number]
    return f"{text}: {', '.join(changes)}" if changes else text


def ago(when: datetime, now: datetime) -> str:
    seconds = (now - when).total_seconds()
    return "just now" if seconds < 5 else f"{duration(seconds)} ago" if seconds < 60 else _coarse(seconds)


def ahead(when: datetime, now: datetime) -> str:
    """`in 25s`; `any moment` when it is due."""
    seconds = (when - now).total_seconds()
    return f"in {duration(seconds)}" if seconds >= 1 else "any moment"


def iso(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(text: str | None) -> datetime | None:
    """A time as the API stores it; None for anything else."""
    return moment(text) if text and readable(text) else None


def _changes(operation: Operation) -> Iterable[tuple[int, str]]:
    return (operation.created, "created"), (operation.updated, "updated"), (operation.pruned, "pruned")


def _coarse(seconds: float) -> str:
    """Minutes, hours or days, whichever is the largest."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit} ago"
    return "just now"


def run_tone(phase: str) -> str:
    """The colour of a phase of an AnalysisRun."""
    return {"Successful": "good", "Failed": "bad", "Error": "bad", "Inconclusive": "held"}.get(phase, "busy")
