"""How Experiments read in a terminal of 80 columns or more. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from reconciler.cli.printing import clean, duration, table
from reconciler.cli.rollouts.marks import status_text
from reconciler.cli.rollouts.tree_view import Tree, Whole
from reconciler.cli.rollouts.view import ahead
from reconciler.cli.status_view import ago
from reconciler.experiments.model import Experiment, planned_end
from reconciler.rollouts.views.family import ExperimentFamily
from reconciler.workloads.times import moment, readable


def listing(found: Sequence[Experiment], now: datetime, *, namespaces: bool) -> RenderableType:
    """One line per Experiment."""
    if not found:
        return Text("no Experiments found")
    where = ("NAMESPACE",) if namespaces else ()
    shown = table(*where, "NAME", "STATUS", "OWNER", "DURATION", "TEMPLATES", "AGE")
    shown.padding = (0, 1, 0, 0)
    for each in found:
        cells = [clean(each.metadata.namespace)] if namespaces else []
        cells += [clean(each.metadata.name), status_text(each.status.phase or "Pending"), clean(_owner(each))]
        ready = sum(status.status == "Running" for status in each.status.template_statuses)
        counts = f"{ready}/{len(each.spec.templates)}"
        shown.add_row(*cells, clean(each.spec.duration or "-"), counts, ago(each.metadata.creation_timestamp, now))
    return shown


def details(found: ExperimentFamily, now: datetime) -> Whole:
    """What it is and how long it still takes, then its objects as a tree."""
    return Whole(_header(found.experiment, now), Tree(found.tree(now), now))


def _header(experiment: Experiment, now: datetime) -> Table:
    shown = Table.grid(padding=(0, 2, 0, 0))
    shown.add_column(no_wrap=True)
    shown.add_column(overflow="fold")
    for title, value in _facts(experiment, now):
        shown.add_row(Text(f"{title}:", "bold"), value)
    return shown


def _facts(experiment: Experiment, now: datetime) -> Iterator[tuple[str, Text]]:
    spec, status = experiment.spec, experiment.status
    yield "Name", clean(experiment.metadata.name)
    yield "Namespace", clean(experiment.metadata.namespace)
    yield "Status", status_text(status.phase or "Pending")
    if status.message:
        yield "Message", clean(status.message)
    yield "Owner", clean(_owner(experiment))
    yield "Duration", clean(spec.duration or "until its required analyses end it, or somebody does")
    began = readable(status.available_at)
    if began and not status.phase.complete:
        yield "Running", Text(f"for {duration(max(now - moment(began), timedelta()))}")
        if ends := planned_end(experiment):
            yield "Ends", Text(ahead(ends, now))
    for each in status.template_statuses:
        yield f"Template {each.name}", clean(f"{each.status}  {each.available_replicas} available  {each.message}")


def _owner(experiment: Experiment) -> str:
    owner = experiment.metadata.controller
    return f"{owner.kind} {owner.name}" if owner else "-"
