"""Times, zones and Go's layouts, which show how the moment 2006-01-02 15:04:05 -0700 would be written.

A layout part that is not known here (fractions of seconds, names of zones) is refused, so no text is read wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import re2

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LAYOUTS = (
    "2006-01-02",
    "2006-01-02 15:04:05",
    "2006-01-02T15:04:05Z07:00",
    "Mon, 02 Jan 2006 15:04:05 GMT",
    "Mon, 02 Jan 2006 15:04:05 UTC",
)
"""Those that a date without a layout may have."""

LONGEST_LAYOUT = 200
_WITH_FRACTION = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{1,9}(Z|[+-]\d{2}:\d{2})"

ZERO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Part:
    """How a part of a layout is read and written; `field` says what it is of a time."""

    pattern: str
    field: str
    write: Callable[[datetime], str]


def _named(names: tuple[str, ...], field: str, index: Callable[[datetime], int], length: int | None = None) -> _Part:
    shown = [name[:length] for name in names]
    return _Part("|".join(shown), field, lambda when: shown[index(when)])


def _digits(pattern: str, field: str, form: str, number: Callable[[datetime], int]) -> _Part:
    return _Part(pattern, field, lambda when: format(number(when), form))


def _half_day(when: datetime) -> int:
    return when.hour % 12 or 12


_PARTS = {
    "January": _named(MONTHS, "month_name", lambda when: when.month - 1),
    "Jan": _named(MONTHS, "month_name", lambda when: when.month - 1, 3),
    "Monday": _named(WEEKDAYS, "", lambda when: when.weekday()),
    "Mon": _named(WEEKDAYS, "", lambda when: when.weekday(), 3),
    "2006": _digits(r"\d{4}", "year", "04d", lambda when: when.year),
    "01": _digits(r"\d{2}", "month", "02d", lambda when: when.month),
    "02": _digits(r"\d{2}", "day", "02d", lambda when: when.day),
    "03": _digits(r"\d{2}", "half_day", "02d", _half_day),
    "04": _digits(r"\d{2}", "minute", "02d", lambda when: when.minute),
    "05": _digits(r"\d{2}", "second", "02d", lambda when: when.second),
    "06": _digits(r"\d{2}", "short_year", "02d", lambda when: when.year % 100),
    "15": _digits(r"\d{2}", "hour", "02d", lambda when: when.hour),
    "1": _digits(r"\d{1,2}", "month", "d", lambda when: when.month),
    "2": _digits(r"\d{1,2}", "day", "d", lambda when: when.day),
    "3": _digits(r"\d{1,2}", "half_day", "d", _half_day),
    "4": _digits(r"\d{1,2}", "minute", "d", lambda when: when.minute),
    "5": _digits(r"\d{1,2}", "second", "d", lambda when: when.second),
    "PM": _Part("AM|PM", "half", lambda when: "PM" if when.hour >= 12 else "AM"),
    "Z07:00": _Part(r"Z|[+-]\d{2}:\d{2}", "offset", lambda when: "Z" if not when.utcoffset() else _offset(when, ":")),
    "-07:00": _Part(r"[+-]\d{2}:\d{2}", "offset", lambda when: _offset(when, ":")),
    "-0700": _Part(r"[+-]\d{4}", "offset", lambda when: _offset(when, "")),
}
_UNKNOWN = re.compile(r"MST|[.,][09]+|_2|002|Z07|-07|PM|pm")
_TOKEN = re.compile("|".join(sorted(map(re.escape, _PARTS), key=len, reverse=True)))


def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name. Raises ValueError for another."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name}") from None


def date(*given: Any) -> datetime:
    """`date([zone,] text [, layout [, zone name]])`; without a zone it is UTC. Raises ValueError."""
    where: tzinfo = UTC
    if given and isinstance(given[0], ZoneInfo):
        where, given = given[0], given[1:]
    match given:
        case (str() as text,):
            return _by_any_layout(text, where)
        case (str() as text, str() as layout):
            return _by_layout(text, layout, where)
        case (str() as text, str() as layout, str() as name):
            return _by_layout(text, layout, zone(name))
    raise ValueError("a text, and maybe a layout and a time zone, are needed")


def written(when: datetime, layout: str) -> str:
    """The time in a layout. Raises ValueError for parts of a layout that are not known here."""
    _check(layout)
    return _TOKEN.sub(lambda part: _PARTS[part[0]].write(when), layout)


def _by_any_layout(text: str, where: tzinfo) -> datetime:
    for layout in LAYOUTS:
        try:
            return _by_layout(text, layout, where)
        except ValueError:
            continue
    if not re2.fullmatch(_WITH_FRACTION, text):
        raise ValueError(f"invalid date {text}")
    return datetime.fromisoformat(text)


def _by_layout(text: str, layout: str, where: tzinfo) -> datetime:
    fields: list[str] = []

    def pattern(part: re.Match[str]) -> str:
        fields.append(_PARTS[part[0]].field)
        return f"({_PARTS[part[0]].pattern})"

    _check(layout)
    places = re.split(f"({_TOKEN.pattern})", layout)
    whole = "".join(_TOKEN.sub(pattern, each) if each in _PARTS else re2.escape(each) for each in places)
    match = re2.fullmatch(whole, text)
    if match is None:
        raise ValueError(f"{text!r} is not in the layout {layout!r}")
    return _moment(dict(zip(fields, match.groups(), strict=True)), where)


def _moment(read: dict[str, str], where: tzinfo) -> datetime:
    if not read.keys() & {"year", "short_year"}:
        raise ValueError("a layout without a year is not known here")
    year = int(read["year"]) if "year" in read else _century(int(read["short_year"]))
    month = int(read.get("month", 1))
    if "month_name" in read:
        month = next(n for n, name in enumerate(MONTHS, 1) if name.startswith(read["month_name"]))
    hour = int(read.get("hour", 0))
    if "half_day" in read:
        hour = int(read["half_day"]) % 12 + 12 * (read.get("half") == "PM")
    clock = hour, int(read.get("minute", 0)), int(read.get("second", 0))
    return datetime(year, month, int(read.get("day", 1)), *clock, tzinfo=_zone_of(read.get("offset", ""), where))


def _century(year: int) -> int:
    return year + (1900 if year >= 69 else 2000)


def _zone_of(offset: str, where: tzinfo) -> tzinfo:
    if offset in ("", "Z"):
        return UTC if offset else where
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    length = timedelta(hours=hours, minutes=minutes)
    return timezone(-length if offset[0] == "-" else length)


def _offset(when: datetime, between: str) -> str:
    minutes = (when.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}{between}{rest:02d}"


def _check(layout: str) -> None:
    if len(layout) > LONGEST_LAYOUT:
        raise ValueError(f"a layout of more than {LONGEST_LAYOUT} characters")
    if unknown := _UNKNOWN.search(_TOKEN.sub("", layout)):
        raise ValueError(f"the layout part {unknown[0]!r} is not known here")
