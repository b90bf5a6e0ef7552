"""How a difference reads: the images first, then the objects, then field by field. Pure."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reconciler.cli.printing import clean, table
from reconciler.sync.differences import Action, Difference, ObjectDifference
from reconciler.sync.images import ImageRow

COLOURS = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.PRUNE: "red",
    Action.UNKNOWN: "magenta",
    Action.SAME: "dim",
}
LONGEST_VALUE = 200


def view(found: Difference) -> RenderableType:
    """Everything about one Application."""
    parts: list[RenderableType] = [clean(f"{found.app} at {found.sha[:7]}", "bold")]
    if found.images:
        parts += [images(found.images), Text()]
    changed = [item for item in found.objects if item.action is not Action.SAME]
    same = len(found.objects) - len(changed)
    if changed:
        parts += [objects(changed), *fields(changed)]
    parts.append(
        Text(f"{len(changed)} of {len(found.objects)} objects differ" if changed else f"{same} objects, no difference")
    )
    return Group(*parts)


def images(rows: tuple[ImageRow, ...]) -> Table:
    """A line per container and running image; what does not run as declared stands out."""
    shown = table("APPLICATION", "WORKLOAD", "CONTAINER", "DECLARED", "RUNNING", "PODS")
    for row in rows:
        first = [clean(row.application), clean(row.workload), clean(row.container), clean(row.declared)]
        if not row.running:
            shown.add_row(*first, Text("-", "dim"), "0")
        for running in row.running:
            style = "" if running.image == row.declared else "yellow"
            shown.add_row(*first, clean(running.image, style), str(running.pods))
            first = [Text()] * 4
    return shown


def objects(items: list[ObjectDifference]) -> Table:
    shown = table("ACTION", "OBJECT", "FIELDS", "NOTE")
    for item in items:
        ignored = f"{item.ignored} ignore rules" if item.ignored else ""
        note = "; ".join(filter(None, (item.message, ignored)))
        fields = str(len(item.changes)) if item.changes else ""
        shown.add_row(Text(item.action, COLOURS[item.action]), clean(item.key), fields, clean(note))
    return shown


def fields(items: list[ObjectDifference]) -> list[RenderableType]:
    """Per changed object, each path with the live and the declared value."""
    parts: list[RenderableType] = []
    for item in items:
        if not item.changes:
            continue
        parts += [Text(), clean(item.key, "bold")]
        for change in item.changes:
            parts.append(clean(f"  {change.path}"))
            parts += [clean(f"    {sign} {value(side)}", style) for sign, side, style in _sides(change.old, change.new)]
    return [*parts, Text()] if parts else parts


def _sides(old: Any, new: Any) -> list[tuple[str, Any, str]]:
    sides = [("-", old, "red"), ("+", new, "green")]
    return [side for side in sides if side[1] is not None]


def value(side: Any) -> str:
    text = side if isinstance(side, str) else json.dumps(side, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + f"… ({len(text)} characters)"
