"""What a measurement means, in words: the query, the value, and what each condition said of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reconciler.analysis.metric import Metric
from reconciler.analysis.model import Phase
from reconciler.analysis.verdict import VERDICTS
from reconciler.cli.analysis.trying import Step, Trial
from reconciler.cli.printing import clean
from reconciler.cli.rollouts.marks import status_text

_WORDS = {True: "true", False: "false", None: "not needed"}


def explained(step: Step) -> RenderableType:
    """A heading with the verdict, then what led to it."""
    metric, measurement = step.metric, step.taken.measurement
    title = clean(f"{metric.name} ({metric.provider}{', dry run' if metric.dry_run else ''})  ", "bold")
    title.append_text(status_text(measurement.phase if measurement.finished_at else "Pending"))
    title.append(f"  {step.seconds * 1000:.0f} ms", "dim")
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(no_wrap=True)
    facts.add_column(overflow="fold")
    for name, text in _facts(step):
        facts.add_row(Text(f"  {name}"), clean(text))
    return Group(title, facts)


def verdict(trial: Trial) -> Text:
    """The last line. Metrics that are measured once are judged by that; a whole run has its own message."""
    phase, message = trial.status.phase, trial.status.message
    if trial.waiting:
        return clean(f"no verdict: waiting for data of {', '.join(trial.waiting)}", "yellow")
    found = Text("the run would be " if trial.whole else "measured once: ")
    return found.append_text(status_text(phase)).append(clean(f": {message}" if message and trial.whole else ""))


def conditions(metric: Metric, phase: Phase) -> Iterator[tuple[str, str, bool | None]]:
    """(field, condition, what it said); None where the verdict did not depend on it, or it could not be told."""
    has = (bool(metric.success_condition), bool(metric.failure_condition))
    fitting = [said for said, verdict in VERDICTS.items() if verdict is phase and _is_about(said, has)]
    texts = (("successCondition", metric.success_condition), ("failureCondition", metric.failure_condition))
    for index, (name, text) in enumerate(texts):
        answers = {said[index] for said in fitting}
        if text:
            yield name, text, answers.pop() if len(answers) == 1 else None


def _is_about(said: tuple[bool | None, bool | None], has: tuple[bool, bool]) -> bool:
    return tuple(answer is not None for answer in said) == has


def _facts(step: Step) -> Iterator[tuple[str, str]]:
    measurement = step.taken.measurement
    yield from step.taken.metric_metadata
    if measurement.value:
        yield "value", measurement.value
    judged = measurement.phase.complete and measurement.phase is not Phase.ERROR
    for name, text, said in conditions(step.metric, measurement.phase) if judged else ():
        yield name, f"{text}  → {_WORDS[said]}"
    if measurement.message:
        yield "message", measurement.message
    yield from measurement.metadata.items()
