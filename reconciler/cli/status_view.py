"""How the state of Applications reads: one line each, then rollouts, then what needs attention. Pure."""

from __future__ import annotations

from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reconciler.apps.delivery import Delivery, Health, OperationPhase, WorkloadProgress
from reconciler.cli.printing import clean, table
from reconciler.outcomes.metrics_text import blame, describe
from reconciler.outcomes.wording import images

COLOURS = {
    Health.HEALTHY: "green",
    Health.PROGRESSING: "blue",
    Health.SUSPENDED: "blue",
    Health.DEGRADED: "red",
    Health.MISSING: "yellow",
    Health.UNKNOWN: "magenta",
}


def view(found: list[Delivery], now: datetime, *, objects: bool = False) -> RenderableType:
    """`objects`: also every object with its health, for one Application looked at closely."""
    if not found:
        return Text("no Application has a record in this cluster; does the daemon run?")
    parts: list[RenderableType] = [applications(found, now)]
    if any(item.workloads for item in found):
        parts += [Text(), workloads(found)]
    if objects:
        parts += [Text(), object_table(found)]
    if attention := notes(found):
        parts += [Text(), *attention]
    return Group(*parts)


def applications(found: list[Delivery], now: datetime) -> Table:
    shown = table("APPLICATION", "COMMIT", "OPERATION", "SYNC", "HEALTH", "OBJECTS", "APPLIED")
    for item in found:
        healthy = sum(each.health is Health.HEALTHY for each in item.objects)
        shown.add_row(
            clean(item.app),
            (item.operation.sha if item.operation else item.head)[:7],
            operation(item),
            Text(item.sync, "" if item.sync == "Synced" else "yellow"),
            Text(item.health, COLOURS[item.health]),
            f"{healthy}/{len(item.objects)}",
            ago(item.applied_at, now),
        )
    return shown


def operation(item: Delivery) -> Text:
    found = item.operation
    if found is None:
        return Text("-", "dim")
    if found.phase is OperationPhase.APPLYING:
        return Text(f"Applying {found.done}/{found.total}", "blue")
    return Text(found.phase, "red" if found.phase is OperationPhase.FAILED else "")


def workloads(found: list[Delivery]) -> Table:
    shown = table("WORKLOAD", "PHASE", "STEP", "WEIGHT", "READY", "IMAGES", "MESSAGE")
    for item in found:
        for work in item.workloads:
            shown.add_row(
                clean(f"{work.kind} {work.namespace}/{work.name}"),
                Text(work.phase or work.health, COLOURS[work.health]),
                f"{work.step or 0}/{work.steps}" if work.steps else "",
                f"{work.weight}%" if work.weight is not None else "",
                f"{work.ready}/{work.desired}",
                clean(serving(work)),
                clean(told(work)),
            )
    return shown


def serving(work: WorkloadProgress) -> str:
    """The images that run; after an abort those that serve again, and what was rejected."""
    if work.aborted and work.stable_images:
        return f"{images(work.stable_images)} ({images(work.images)} rejected)"
    return images(work.images)


def told(work: WorkloadProgress) -> str:
    """What was measured last, in the words of the commit status; the workload's own where no metric speaks."""
    metrics = [describe(reading) for reading in work.metrics]
    message = "" if work.aborted and blame(work.metrics) else work.message
    return "; ".join(filter(None, (message, *metrics)))


def object_table(found: list[Delivery]) -> Table:
    shown = table("OBJECT", "HEALTH", "MESSAGE")
    for item in found:
        for each in item.objects:
            where = f"{each.namespace}/{each.name}" if each.namespace else each.name
            shown.add_row(clean(f"{each.kind} {where}"), Text(each.health, COLOURS[each.health]), clean(each.message))
    return shown


def notes(found: list[Delivery]) -> list[RenderableType]:
    """Problems first, then what is held, then warnings."""
    lines: list[RenderableType] = []
    for item in found:
        problems = item.operation.problems if item.operation else ()
        lines += [clean(f"{item.app}: {problem}", "red") for problem in problems]
        lines += [clean(f"{item.app}: held: {item.blocked}", "yellow")] if item.blocked else []
        lines += [clean(f"{item.app}: {problem}", "yellow") for problem in item.warnings]
    return lines


def ago(then: datetime | None, now: datetime) -> str:
    """`42s`, `5m`, `3h`, `12d`: how long ago, rounded down."""
    if then is None:
        return "-"
    seconds = max(0, int((now - then).total_seconds()))
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
