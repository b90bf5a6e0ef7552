"""A Rollout or an Experiment with its objects as a tree, as `get` shows it; live, as much as the terminal has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from reconciler.cli.printing import clean, table
from reconciler.cli.rollouts.marks import status_text
from reconciler.cli.rollouts.view import ROOMY, header
from reconciler.cli.status_view import ago
from reconciler.rollouts.trimming import trim
from reconciler.rollouts.views.nodes import Node
from reconciler.rollouts.views.overview import Overview

ICONS = {"Rollout": "⟳", "Revision": "#", "ReplicaSet": "⧉", "Pod": "□", "Experiment": "Σ", "AnalysisRun": "α"}
_SHORT = {"ReplicaSet": "RS", "AnalysisRun": "Analysis"}
_AROUND = 4
"""Lines beside header and nodes: a blank one, the titles, what is hidden, and why the cluster is asked again."""
_FEWEST_NODES = 3


def details(shown: Overview, nodes: Sequence[Node], now: datetime) -> Whole:
    """Header and tree, as `get` prints them."""
    return Whole(header(shown, now), tree_of(shown, nodes, now))


@dataclass(frozen=True, slots=True)
class Whole:
    """All of it; `Fitted` is what a live view shows of it."""

    head: RenderableType
    tree: Tree

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Group(self.head, Text(), self.tree)


@dataclass(frozen=True, slots=True)
class Fitted:
    """As many lines as the terminal has: what is left out is counted, not cut off unseen."""

    whole: Whole

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        head, tree = self.whole.head, self.whole.tree
        room = options.size.height - len(console.render_lines(head, options)) - _AROUND
        trimmed = trim(tree.root, max(room, _FEWEST_NODES))
        if not console.is_terminal or not trimmed.hidden:
            yield self.whole
            return
        yield Group(head, Text(), Tree(trimmed.root, tree.now, one_line=True), _hidden(trimmed.hidden))


def _hidden(kinds: Sequence[tuple[str, int]]) -> Text:
    """`… 17 lines hidden: 15 Pods, 2 ReplicaSets (all of them without -w)`."""
    named = ", ".join(f"{number} {kind}{'s' if number > 1 else ''}" for kind, number in kinds)
    number = sum(number for _, number in kinds)
    return clean(f"… {number} line{'s' if number > 1 else ''} hidden: {named} (without -w you see all)", "yellow")


def tree_of(shown: Overview, nodes: Sequence[Node], now: datetime) -> Tree:
    return Tree(Node("Rollout", shown.name, shown.phase, shown.created, children=tuple(nodes)), now)


@dataclass(frozen=True, slots=True)
class Tree:
    """One line per node; on a narrow terminal the icons alone tell kinds, so that names stay whole.

    `one_line`: remarks that do not fit are cut, not folded.
    """

    root: Node
    now: datetime
    one_line: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._table(narrow=options.max_width < ROOMY)

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
        yield status_text(node.status, node.kind)
        yield ago(node.created, self.now)
        said = clean(",".join(node.info))
        if self.one_line:  # said of the text, not of the column: that one must stay the first to be narrowed
            said.no_wrap, said.overflow = True, "ellipsis"
        yield said


def _lines(node: Node, before: str, below: str) -> Iterator[tuple[Node, str]]:
    """Every node with the lines that tie it to its parent."""
    yield node, before
    for index, child in enumerate(node.children):
        last = index == len(node.children) - 1
        yield from _lines(child, below + ("└──" if last else "├──"), below + ("   " if last else "│  "))
