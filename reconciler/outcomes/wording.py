"""How figures, names and durations read in one line next to a commit. Pure; no unit is invented where none is known."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from reconciler.forges.model import DESCRIPTION_LIMIT

_SHARE = re.compile(r"rate|ratio|share|error|success|availab", re.IGNORECASE)
_PERCENT = re.compile(r"percent|pct", re.IGNORECASE)
_MILLISECONDS = re.compile(r"(?:^|[-_ ])(?:ms|millis(?:econds)?)$", re.IGNORECASE)
_TIME = re.compile(r"latency|duration|seconds|time|(?:^|[-_ ])p\d{2}", re.IGNORECASE)
_LONGEST_TIME_LIMIT = 30.0
"""A limit on a time above this is hardly in seconds; then the bare number is shown."""

_DIGEST = re.compile(r"@sha256:([0-9a-f]{7})[0-9a-f]*$")


def short_sha(sha: str) -> str:
    return sha[:7]


def duration(seconds: float) -> str:
    """`45s`, `1m10s`, `2h5m`, `3d4h`: the two largest units."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (rest, "s")]
    first = next((at for at, (number, _) in enumerate(parts) if number), len(parts) - 1)
    return "".join(f"{number}{unit}" for number, unit in parts[first : first + 2] if number) or "0s"


def quantity(metric: str, value: float, limit: float | None = None) -> str:
    """A measured value with the unit that the metric's name and its limit suggest: `34%`, `320 ms`, `1.2 s`, `17`.

    Three significant digits, more where a value would otherwise read like the limit that it misses.
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else str(value)
    factor, unit = _unit(metric, value, limit)
    text = _number(value * factor)
    if limit is not None and (value == limit or text == _number(limit * factor, digits=6)):
        text = _number(value * factor, digits=6)
    return text + unit


def _unit(metric: str, value: float, limit: float | None) -> tuple[float, str]:
    """What to multiply with, and the unit then."""
    if _PERCENT.search(metric):
        return 1, "%"
    if _MILLISECONDS.search(metric):
        return 1, " ms"
    if _SHARE.search(metric) and abs(value if limit is None else limit) <= 1:
        return 100, "%"
    if _TIME.search(metric) and limit is not None and abs(limit) <= _LONGEST_TIME_LIMIT:
        return (1, " s") if abs(value) >= 1 else (1000, " ms")
    return 1, ""


def image(reference: str) -> str:
    """The part of an image reference that people recognise: `shop:v2`, or `shop@1a2b3c4` for a digest."""
    last = reference.rsplit("/", 1)[-1]
    digest = _DIGEST.search(last)
    if not digest:
        return last
    named = last[: digest.start()]
    return named if ":" in named else f"{named}@{digest[1]}"


def images(references: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(map(image, references)))


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def one_line(text: str) -> str:
    """Printable characters only, runs of white space as one blank."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def cut(text: str, limit: int = DESCRIPTION_LIMIT) -> str:
    """One line of at most `limit` characters; what was lost shows as an ellipsis."""
    line = one_line(text)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def fit(first: str, more: Iterable[str], room: int = DESCRIPTION_LIMIT, separator: str = ", ") -> str:
    """`first`, and as many of `more` as the room takes; `first` itself is not cut."""
    text = first
    for part in more:
        if len(text) + len(separator) + len(part) > room:
            break
        text += separator + part
    return text


def _number(value: float, digits: int = 3) -> str:
    """Never in powers of ten, and never without a digit before the point."""
    if abs(value) >= 10 ** (digits - 1):
        return str(round(value))
    if value and abs(value) < 1e-4:
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return f"{value:.{digits}g}"
