"""How Rollouts read in a terminal of 80 columns or more. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from reconciler.cli.printing import clean, duration, table
from reconciler.cli.rollouts.marks import status_text
from reconciler.cli.status_view import ago
from reconciler.rollouts.views.overview import Image, Overview
from reconciler.rollouts.views.tree import Revision
from reconciler.rollouts.views.waiting import Waiting

_TITLES = ("NAME", "STRATEGY", "STATUS", "STEP", "SET-WEIGHT", "READY", "DESIRED", "UP-TO-DATE", "AVAILABLE")
_SHORTER = {"SET-WEIGHT": "WEIGHT", "UP-TO-DATE": "UPDATED", "AVAILABLE": "AVAIL"}
ROOMY = 100
"""Columns of a terminal from which titles are those of the established client."""

_AROUND_LIST = 3
"""Lines of a live list that are no Rollouts: titles, how many are hidden, why the cluster is asked again."""
_URGENCY = {"Degraded": 0, "Paused": 1, "Progressing": 2}


@dataclass(frozen=True, slots=True)
class Listing:
    """One line per Rollout; on a narrow terminal titles are shorter, and if that does not help names fold.

    `live`: no more lines than the terminal has; healthy Rollouts are left out first, and it is said how many.
    """

    found: Sequence[Overview]
    namespaces: bool
    live: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.size.height - _AROUND_LIST if self.live and console.is_terminal else len(self.found)
        shown = _urgent(self.found, room)
        yield self._table(shown, narrow=options.max_width < ROOMY) if self.found else Text("no Rollouts found")
        if hidden := len(self.found) - len(shown):
            yield Text(f"… {hidden} more, the healthy ones first to be left out (without -w you see all)", "yellow")

    def _table(self, found: Sequence[Overview], *, narrow: bool) -> Table:
        names = ("NAMESPACE", "NAME") if self.namespaces else ("NAME",)
        facts = _TITLES[1:]
        shown = table(*names, *((_SHORTER.get(title, title) for title in facts) if narrow else facts))
        shown.padding = (0, 1, 0, 0)
        for column in shown.columns[len(names) :]:
            column.no_wrap = True
        for each in found:
            where = [clean(each.namespace)] if self.namespaces else []
            shown.add_row(*where, clean(each.name), *_facts_of(each))
        return shown


def _urgent(found: Sequence[Overview], room: int) -> Sequence[Overview]:
    """As many as there is room for, in the order that they had: those that fail, wait or move before the others."""
    ranked = sorted(range(len(found)), key=lambda at: (_URGENCY.get(found[at].phase, len(_URGENCY)), at))
    return [found[at] for at in sorted(ranked[: max(room, 1)])]


def _facts_of(each: Overview) -> Iterator[str | Text]:
    yield each.strategy
    yield status_text(each.phase)
    yield each.progress or "-"
    yield "-" if each.set_weight is None else str(each.set_weight)
    yield f"{each.ready}/{each.current}"
    yield from map(str, (each.desired, each.updated, each.available))


def header(shown: Overview, now: datetime) -> Table:
    found = Table.grid(padding=(0, 2, 0, 0))
    found.add_column(no_wrap=True)
    found.add_column(overflow="fold")
    for title, value in _facts(shown, now):
        found.add_row(Text(f"{title}:" if title else "", "bold"), value)
    return found


def _facts(shown: Overview, now: datetime) -> Iterator[tuple[str, Text]]:
    yield "Name", clean(shown.name)
    yield "Namespace", clean(shown.namespace)
    yield "Status", status_text(shown.phase)
    if shown.message:
        yield "Message", clean(shown.message)
    if shown.waits:
        yield "Waits for", clean(f"{shown.waits.what}{_times(shown.waits, now)}")
    yield "Strategy", Text(shown.strategy or "none")
    if shown.steps:
        yield "  Step", clean(f"{shown.progress}  {shown.step_text}".rstrip())
    if shown.set_weight is not None:
        yield "  SetWeight", Text(str(shown.set_weight))
        yield "  ActualWeight", Text(str(shown.actual_weight))
    for index, image in enumerate(shown.images):
        yield "Images" if index == 0 else "", _image(image)
    counts = {"Desired": shown.desired, "Current": shown.current, "Updated": shown.updated}
    counts |= {"Ready": shown.ready, "Available": shown.available}
    yield "Replicas", Text("  ".join(f"{title} {count}" for title, count in counts.items()))


def _times(waits: Waiting, now: datetime) -> str:
    """`, in 25s (12:00:30 UTC)`, `, for 3m so far`, or when patience ends."""
    if waits.until:
        return f", {ahead(waits.until, now)}"
    if waits.stuck_at:
        return f"; counts as stuck {ahead(waits.stuck_at, now)}"
    return f", for {ago(waits.since, now)} so far" if waits.since else ""


def ahead(at: datetime, now: datetime) -> str:
    """`in 25s (12:00:30 UTC)`."""
    return f"in {duration(max(at - now, timedelta()))} ({at:%H:%M:%S} UTC)"


def _image(image: Image) -> Text:
    return clean(f"{image.name} ({', '.join(image.roles)})" if image.roles else image.name)


def history_table(revisions: Sequence[Revision], now: datetime) -> RenderableType:
    if not revisions:
        return Text("no revisions yet")
    found = table("REVISION", "REPLICASET", "AGE", "ROLE", "IMAGES")
    for each in revisions:
        role, images = ", ".join(each.roles) or "-", clean(", ".join(each.images))
        found.add_row(str(each.revision), clean(each.replica_set), ago(each.created, now), role, images)
    return found
