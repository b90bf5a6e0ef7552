"""How a plan reads: a line per step, the sum, and what to think about. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from reconciler.cli.printing import clean, duration, table
from reconciler.cli.rollouts.material import Shown
from reconciler.rollouts.planning.figures import percent
from reconciler.rollouts.planning.plan import Plan, Row


def view(shown: Shown) -> RenderableType:
    planned = shown.plan
    routed = "traffic is routed" if planned.routed else "traffic follows pods"
    if planned.strategy == "blueGreen":
        routed = "traffic is switched at once"
    number = "1 replica" if planned.replicas == 1 else f"{planned.replicas} replicas"
    title = clean(f"Rollout {planned.name}: {number}, {routed}", "bold")
    lines = [clean(f"! {warning}", "yellow") for warning in shown.warnings]
    return Group(
        title,
        Text(),
        _rows(planned),
        Text(),
        summary(planned, open_ended=shown.open_ended),
        *([Text(), *lines] if lines else []),
        Text(),
    )


def _rows(planned: Plan) -> RenderableType:
    analysed = any(row.analyses for row in planned.rows)
    versions = ("NEW", "OLD") if planned.strategy == "blueGreen" else ("CANARY", "STABLE")
    found = table("STEP", "", "WEIGHT", *versions, "PODS", "TAKES", *(("ANALYSIS",) if analysed else ()))
    found.padding = (0, 1, 0, 0)
    for column in found.columns[2:7]:
        column.no_wrap = True
    for row in planned.rows:
        pods = f"{row.fewest}" if row.fewest == row.most else f"{row.fewest}-{row.most}"
        analyses = (clean(", ".join(row.analyses)),) if analysed else ()
        number = str(row.number) if row.number else "end"
        cells = (weight(row), str(row.canary), str(row.stable), pods, takes(row.took))
        found.add_row(number, clean(row.text), *cells, *analyses)
    return found


def weight(row: Row) -> str:
    """`10%`, and what comes of it where that is another number: `10% → 20%`."""
    asked, real = percent(row.weight), percent(row.share)
    return real if real == asked else f"{asked} → {real}"


def takes(took: timedelta | None) -> str:
    if took is None:
        return "until promoted"
    return duration(took) if took else "-"


def summary(planned: Plan, *, open_ended: bool = False) -> Text:
    """`Healthy after 11m30s, and the time until somebody promotes.`"""
    text = f"{planned.outcome} after {duration(planned.lasts)}"
    text += " and the time of analyses, which is not known" if open_ended else ""
    text += "," if open_ended and planned.waits else ""
    text += " and the time until somebody promotes" if planned.waits else ""
    text += f": {planned.message}" if planned.message else ""
    if planned.lingers:
        text += f"; pods without traffic stay {duration(planned.lingers)} longer"
    return clean(text, "green" if planned.outcome == "Healthy" else "red")


def answer(shown: Shown) -> dict[str, Any]:
    """For programs: lengths of time in seconds."""
    found: dict[str, Any] = msgspec.to_builtins(shown)
    for row, planned in zip(found["plan"]["rows"], shown.plan.rows, strict=True):
        row["took"] = None if planned.took is None else planned.took.total_seconds()
    found["plan"]["lingers"] = shown.plan.lingers.total_seconds()
    found["plan"]["lasts"] = shown.plan.lasts.total_seconds()
    return found
