"""How Rollouts read in a terminal of 80 columns or more. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from reconciler.cli.printing import clean, duration, table
from reconciler.cli.status_view import ago
from reconciler.rollouts.nodes import Node
from reconciler.rollouts.overview import Image, Overview
from reconciler.rollouts.tree import Revision
from reconciler.rollouts.waiting import Waiting

MARKS = {
    "Healthy": ("✔", "green"),
    "Running": ("✔", "green"),
    "Successful": ("✔", "green"),
    "Progressing": ("◌", "blue"),
    "Pending": ("◌", "blue"),
    "ContainerCreating": ("◌", "blue"),
    "Terminating": ("◌", "blue"),
    "": ("◌", "blue"),
    "Paused": ("॥", "yellow"),
    "Inconclusive": ("?", "yellow"),
    "ScaledDown": ("•", "dim"),
    "Degraded": ("✖", "red"),
    "Failed": ("✖", "red"),
    "Error": ("⚠", "red"),
    "Unknown": ("?", "magenta"),
}
ICONS = {"Rollout": "⟳", "Revision": "#", "ReplicaSet": "⧉", "Pod": "□", "Experiment": "Σ", "AnalysisRun": "α"}
_SHORT = {"ReplicaSet": "RS", "AnalysisRun": "Analysis"}
_UNKNOWN_STATUS = ("✖", "red")
"""Pods say why they do not run in many words: ImagePullBackOff, CrashLoopBackOff, OOMKilled, …"""


def status_text(status: str) -> Text:
    mark, colour = MARKS.get(status, _UNKNOWN_STATUS)
    return clean(f"{mark} {status}".rstrip(), colour)


_TITLES = ("NAME", "STRATEGY", "STATUS", "STEP", "SET-WEIGHT", "READY", "DESIRED", "UP-TO-DATE", "AVAILABLE")
_SHORTER = {"SET-WEIGHT": "WEIGHT", "UP-TO-DATE": "UPDATED", "AVAILABLE": "AVAIL"}
_ROOMY = 100
"""Columns of a terminal from which titles are those of the established client."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One line per Rollout; on a narrow terminal titles are shorter, and if that does not help names fold."""

    found: Sequence[Overview]
    namespaces: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._table(narrow=options.max_width < _ROOMY) if self.found else Text("no Rollouts found")

    def _table(self, *, narrow: bool) -> Table:
        names = ("NAMESPACE", "NAME") if self.namespaces else ("NAME",)
        facts = _TITLES[1:]
        shown = table(*names, *((_SHORTER.get(title, title) for title in facts) if narrow else facts))
        shown.padding = (0, 1, 0, 0)
        for column in shown.columns[len(names) :]:
            column.no_wrap = True
        for each in self.found:
            where = [clean(each.namespace)] if self.namespaces else []
            shown.add_row(*where, clean(each.name), *_facts_of(each))
        return shown


def _facts_of(each: Overview) -> Iterator[str | Text]:
    yield each.strategy
    yield status_text(each.phase)
    yield each.progress or "-"
    yield "-" if each.set_weight is None else str(each.set_weight)
    yield f"{each.ready}/{each.current}"
    yield from map(str, (each.desired, each.updated, each.available))


def details(shown: Overview, nodes: Sequence[Node], now: datetime) -> RenderableType:
    """Header and tree, as `get` prints them."""
    return Group(header(shown, now), Text(), tree_of(shown, nodes, now))


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
        return f", {_ahead(waits.until, now)}"
    if waits.stuck_at:
        return f"; counts as stuck {_ahead(waits.stuck_at, now)}"
    return f", for {ago(waits.since, now)} so far" if waits.since else ""


def _ahead(at: datetime, now: datetime) -> str:
    return f"in {duration(max(at - now, timedelta()))} ({at:%H:%M:%S} UTC)"


def _image(image: Image) -> Text:
    return clean(f"{image.name} ({', '.join(image.roles)})" if image.roles else image.name)


def tree_of(shown: Overview, nodes: Sequence[Node], now: datetime) -> Tree:
    return Tree(Node("Rollout", shown.name, shown.phase, shown.created, children=tuple(nodes)), now)


@dataclass(frozen=True, slots=True)
class Tree:
    """One line per node; on a narrow terminal the icons alone tell kinds, so that names stay whole."""

    root: Node
    now: datetime

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._table(narrow=options.max_width < _ROOMY)

    def _table(self, *, narrow: bool) -> Table:
        found = table("NAME", *(() if narrow else ("KIND",)), "STATUS", "AGE", "INFO")
        for column in found.columns[:-1]:
            column.no_wrap = True
        for node, before in _lines(self.root, "", ""):
            name = clean(f"{before}{ICONS.get(node.kind, '')} {node.name}")
            found.add_row(name, *(() if node.kind == "Revision" else self._facts(node, narrow=narrow)))
        return found

    def _facts(self, node: Node, *, narrow: bool) -> Iterator[str | Text]:
        if not narrow:
            yield _SHORT.get(node.kind, node.kind)
        yield status_text(node.status)
        yield ago(node.created, self.now)
        yield clean(",".join(node.info))


def _lines(node: Node, before: str, below: str) -> Iterator[tuple[Node, str]]:
    """Every node with the lines that tie it to its parent."""
    yield node, before
    for index, child in enumerate(node.children):
        last = index == len(node.children) - 1
        yield from _lines(child, below + ("└──" if last else "├──"), below + ("   " if last else "│  "))


def history_table(revisions: Sequence[Revision], now: datetime) -> RenderableType:
    if not revisions:
        return Text("no revisions yet")
    found = table("REVISION", "REPLICASET", "AGE", "ROLE", "IMAGES")
    for each in revisions:
        role, images = ", ".join(each.roles) or "-", clean(", ".join(each.images))
        found.add_row(str(each.revision), clean(each.replica_set), ago(each.created, now), role, images)
    return found
