"""An AnalysisRun as one standalone SVG, a plot per metric, to show where no script runs. Pure.

Colours are attributes, not styles: the content security policy of this server allows no inline styles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import groupby
from typing import NamedTuple

from reconciler.analysis.model import AnalysisRun
from reconciler.analysis.series import SEPARATOR, Point, Series, series
from reconciler.analysis.thresholds import Condition
from reconciler.web.plot import MEANING

WIDTH, HEIGHT, GAP = 640, 170, 20
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 48, 26
INK, SOFT, LINE, PAPER = "#1b2330", "#5c6777", "#dfe3e9", "#ffffff"
TONES = {"Successful": "#1a7f45", "Failed": "#c4281f", "Error": "#c4281f", "Inconclusive": "#8a6100"}
OTHER = "#2f6feb"


class Limit(NamedTuple):
    """How the threshold of a condition is drawn."""

    tone: str
    dashes: str
    anchor: str


LIMITS: dict[Condition, Limit] = {
    "successCondition": Limit(TONES["Successful"], "8 4", "start"),
    "failureCondition": Limit(TONES["Failed"], "2 4", "end"),
}


def svg(run: AnalysisRun) -> str:
    """The whole picture; its height grows with the number of metrics."""
    plots = series(run)
    height = len(plots) * (HEIGHT + GAP) + GAP
    body = "".join(part for index, each in enumerate(plots) for part in _plot(each, GAP + index * (HEIGHT + GAP)))
    title = escape(f"AnalysisRun {run.metadata.name}: {run.status.phase or 'not started'}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'role="img" font-family="system-ui, sans-serif" font-size="11"><title>{title}</title>'
        f'<rect width="{WIDTH}" height="{height}" rx="10" fill="{PAPER}"/>{body}</svg>'
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """From times and values to places in the picture."""

    start: datetime
    seconds: float
    low: float
    high: float
    top: int

    def x(self, at: datetime) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((at - self.start).total_seconds() / self.seconds)

    def y(self, value: float) -> float:
        return self.top + TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - self.low) / (self.high - self.low))


def _scale(each: Series, top: int) -> _Scale:
    """Zero and the thresholds are always in the picture: how far a value is from its limit is what matters."""
    values = [value for point in each.points for value in point.values]
    values += [threshold.value for threshold in each.thresholds]
    low, high = min((0.0, *values)), max((0.0, *values))
    room = (high - low) * 0.08 or 1.0
    first, last = each.points[0].at, each.points[-1].at
    return _Scale(first, (last - first).total_seconds() or 1.0, low - (room if low < 0 else 0), high + room, top)


def _plot(each: Series, top: int) -> Iterator[str]:
    yield _text(16, top + 14, each.metric + (" (dry run)" if each.dry_run else ""), INK, weight=600)
    yield _text(WIDTH - RIGHT, top + 14, each.phase or "Pending", TONES.get(each.phase, SOFT), "end")
    yield _text(16, top + 29, SEPARATOR.join(each.conditions), SOFT)
    if not each.points:
        yield _text(LEFT, top + 90, "nothing measured yet", SOFT)
        return
    scale = _scale(each, top)
    for draw in (_axes, _limits, _lines, _dots):
        yield from draw(each, scale)


def _text(x: float, y: float, words: str, colour: str, anchor: str = "start", weight: int = 400) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" font-weight="{weight}">'
        f"{escape(words)}</text>"
    )


def _axes(each: Series, scale: _Scale) -> Iterator[str]:
    for value in (scale.low, (scale.low + scale.high) / 2, scale.high):
        y = scale.y(value)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{LINE}"/>'
        yield _text(LEFT - 8, y + 4, f"{value:.4g}", SOFT, "end")
    ends = (("start", each.points[0].at), ("end", each.points[-1].at))
    for anchor, at in ends if len(each.points) > 1 else ends[:1]:
        yield _text(scale.x(at), scale.top + HEIGHT - BOTTOM + 18, f"{at:%H:%M:%S}", SOFT, anchor)


def _limits(each: Series, scale: _Scale) -> Iterator[str]:
    """Success at the left end and failure at the right one, each with its dashes: seen also where both are one line."""
    for threshold in each.thresholds:
        limit, y = LIMITS[threshold.condition], scale.y(threshold.value)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{limit.tone}" stroke-dasharray="{limit.dashes}"/>'
        x = LEFT + 4 if limit.anchor == "start" else WIDTH - RIGHT
        yield _text(x, y - 4, f"{MEANING[threshold.condition]} {threshold.value:g}", limit.tone, limit.anchor)


def _lines(each: Series, scale: _Scale) -> Iterator[str]:
    for line in range(max(len(point.values) for point in each.points)):
        for stretch in _stretches(each.points, line):
            places = " ".join(f"{scale.x(point.at):.1f},{scale.y(point.values[line]):.1f}" for point in stretch)
            yield f'<polyline points="{places}" fill="none" stroke="{SOFT}" stroke-width="1.5"/>'


def _stretches(points: Sequence[Point], line: int) -> Iterator[list[Point]]:
    """A measurement without that number leaves a gap."""
    for measured, stretch in groupby(points, key=lambda point: len(point.values) > line):
        if measured:
            yield list(stretch)


def _dots(each: Series, scale: _Scale) -> Iterator[str]:
    """A measurement in the colour of its verdict; one without a number is a cross on the axis."""
    for point in each.points:
        x, tone = scale.x(point.at), TONES.get(point.phase, OTHER)
        said = f"<title>{escape(_said(point))}</title>"
        for value in point.values:
            yield f'<circle cx="{x:.1f}" cy="{scale.y(value):.1f}" r="4" fill="{tone}">{said}</circle>'
        if not point.values:
            y = scale.y(scale.low)
            yield f'<path d="M{x - 4:.1f} {y - 4:.1f}l8 8m0-8l-8 8" stroke="{tone}" stroke-width="2">{said}</path>'


def _said(point: Point) -> str:
    values = ", ".join(f"{value:g}" for value in point.values)
    return " ".join(filter(None, (f"{point.at:%H:%M:%S}", point.phase, values, point.message)))
