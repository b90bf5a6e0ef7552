"""How AnalysisRuns read in a terminal of 80 columns or more. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reconciler.analysis.model import STEP_LABEL, TYPE_LABEL, AnalysisRun, Measurement, MetricResult
from reconciler.analysis.readings import readings
from reconciler.analysis.validate import SECRET_PLACEHOLDER
from reconciler.cli.printing import clean, duration, table
from reconciler.cli.rollouts.marks import status_text
from reconciler.cli.status_view import ago

LONGEST_VALUE = 40
"""Characters of a measured value in a table; `-o yaml` has it whole."""


def listing(runs: Sequence[AnalysisRun], now: datetime, *, namespaces: bool) -> RenderableType:
    """One line per run."""
    if not runs:
        return Text("no AnalysisRuns found")
    where = ("NAMESPACE",) if namespaces else ()
    shown = table(*where, "NAME", "PHASE", "OWNER", "METRICS", "AGE", "TOOK")
    shown.padding = (0, 1, 0, 0)
    for column in shown.columns[len(where) + 3 :]:
        column.no_wrap = True
    for run in runs:
        cells = [clean(run.metadata.namespace)] if namespaces else []
        cells += [clean(run.metadata.name), status_text(run.status.phase), clean(owner(run)), Text(_marks(run))]
        shown.add_row(*cells, ago(run.metadata.creation_timestamp, now), _took(run, now))
    return shown


def details(run: AnalysisRun, now: datetime) -> RenderableType:
    """What the run is, how each metric stands, and the measurements that are kept."""
    parts: list[RenderableType] = [_header(run, now), Text(), _metrics(run)]
    if any(result.measurements for result in run.status.metric_results):
        parts += [Text(), _measurements(run)]
    return Group(*parts)


def owner(run: AnalysisRun) -> str:
    """`Rollout shop, Step 2`; `-` for a run that somebody started."""
    found = run.metadata.controller
    kind, step = run.metadata.labels.get(TYPE_LABEL, ""), run.metadata.labels.get(STEP_LABEL, "")
    where = f"{kind} {step}".strip()
    return "-" if found is None else f"{found.kind} {found.name}" + (f", {where}" if where else "")


def lines(run: AnalysisRun, metric: str = "") -> Iterator[str]:
    """Every kept measurement on a line of its own, the oldest first."""
    measured = [(result.name, each) for result in run.status.metric_results for each in result.measurements]
    for name, each in sorted(measured, key=lambda item: (item[1].started_at is None, item[1].started_at)):
        if metric in ("", name):
            yield _line(name, each)


def _line(name: str, each: Measurement) -> str:
    at = each.started_at.strftime("%H:%M:%S") if each.started_at else "--:--:--"
    parts = (at, name, each.phase or "Pending", each.value, each.message)
    return clean("  ".join(filter(None, parts)).replace("\n", " ")).plain


def _header(run: AnalysisRun, now: datetime) -> Table:
    found = Table.grid(padding=(0, 2, 0, 0))
    found.add_column(no_wrap=True)
    found.add_column(overflow="fold")
    for title, value in _facts(run, now):
        found.add_row(Text(f"{title}:", "bold"), value)
    return found


def _facts(run: AnalysisRun, now: datetime) -> Iterator[tuple[str, Text]]:
    yield "Name", clean(run.metadata.name)
    yield "Namespace", clean(run.metadata.namespace)
    yield "Phase", status_text(run.status.phase)
    if run.status.message:
        yield "Message", clean(run.status.message)
    yield "Owner", clean(owner(run))
    if run.status.started_at:
        yield "Started", Text(f"{ago(run.status.started_at, now)} ago, took {_took(run, now)}")
    if run.spec.args:
        pairs = (f"{arg.name}={SECRET_PLACEHOLDER if arg.value is None else arg.value}" for arg in run.spec.args)
        yield "Arguments", clean("  ".join(pairs))


def _metrics(run: AnalysisRun) -> Table:
    found = table("METRIC", "PHASE", "COUNTS", "LAST", "CONDITION")
    found.padding = (0, 1, 0, 0)
    for raw, reading in zip(run.spec.metrics, readings(run), strict=True):
        result = run.status.result(reading.name) or MetricResult(name=reading.name)
        name = f"{reading.name} (dry run)" if result.dry_run else reading.name
        of = f"/{raw['count']}" if raw.get("count") else ""
        counts = Text(f"{result.count}{of}{_counts(result)}")
        found.add_row(clean(name), status_text(result.phase), counts, _value(reading.value), clean(reading.condition))
    return found


def _measurements(run: AnalysisRun) -> Table:
    found = table("TIME", "METRIC", "VERDICT", "VALUE", "MESSAGE")
    found.padding = (0, 1, 0, 0)
    for result in run.status.metric_results:
        for each in result.measurements:
            at = each.started_at.strftime("%H:%M:%S") if each.started_at else "-"
            found.add_row(at, clean(result.name), status_text(each.phase), _value(each.value), clean(each.message))
    return found


def _counts(result: MetricResult) -> str:
    """` ✔ 3 ✖ 1`, as `rollouts get` shows them."""
    numbers = (("✔", result.successful), ("✖", result.failed), ("?", result.inconclusive), ("⚠", result.error))
    return "".join(f" {mark} {number}" for mark, number in numbers if number)


def _marks(run: AnalysisRun) -> str:
    summary = run.status.run_summary
    if summary is None:
        return str(len(run.spec.metrics))
    numbers = (("✔", summary.successful), ("✖", summary.failed), ("?", summary.inconclusive), ("⚠", summary.error))
    return f"{summary.count}" + "".join(f" {mark} {number}" for mark, number in numbers if number)


def _value(text: str) -> Text:
    return clean(text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…")


def _took(run: AnalysisRun, now: datetime) -> str:
    if run.status.started_at is None:
        return "-"
    return duration(max((run.status.completed_at or now) - run.status.started_at, timedelta()))
