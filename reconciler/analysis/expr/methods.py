"""Methods of times and durations: their arguments, their results, and Go's meaning of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.analysis.expr import strings, times
from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.frame import Code, Frame
from reconciler.analysis.expr.types import ANY, BOOL, DURATION, FLOAT, INT, STRING, TIME, ZONE, Kind, Type


@dataclass(frozen=True, slots=True)
class Method:
    gives: Type
    call: Callable[..., Any]
    takes: tuple[Type, ...] = ()


def _truncated(length: timedelta, unit: timedelta) -> timedelta:
    if unit <= timedelta():
        return length
    whole = abs(length) // unit * unit
    return -whole if length < timedelta() else whole


def _rounded(length: timedelta, unit: timedelta) -> timedelta:
    """Halves away from zero."""
    if unit <= timedelta():
        return length
    return _truncated(length + (unit / 2 if length >= timedelta() else -unit / 2), unit)


def _cut(when: datetime, unit: timedelta) -> datetime:
    return when - (when - times.ZERO - _truncated(when - times.ZERO, unit))


def _to_unit(when: datetime, unit: timedelta) -> datetime:
    return when - (when - times.ZERO - _rounded(when - times.ZERO, unit))


def _later(when: datetime, years: int, months: int, days: int) -> datetime:
    """A day that a month does not have is one of the next month."""
    year, month = divmod(when.year * 12 + when.month - 1 + years * 12 + months, 12)
    return when.replace(year=year, month=month + 1, day=1) + timedelta(days=when.day - 1 + days)


METHODS: dict[Kind, dict[str, Method]] = {
    Kind.DURATION: {
        "Hours": Method(FLOAT, lambda d: d / timedelta(hours=1)),
        "Minutes": Method(FLOAT, lambda d: d / timedelta(minutes=1)),
        "Seconds": Method(FLOAT, timedelta.total_seconds),
        "Milliseconds": Method(INT, lambda d: _truncated(d, timedelta(milliseconds=1)) // timedelta(milliseconds=1)),
        "Microseconds": Method(INT, lambda d: d // timedelta(microseconds=1)),
        "Nanoseconds": Method(INT, lambda d: d // timedelta(microseconds=1) * 1000),
        "Abs": Method(DURATION, abs),
        "Round": Method(DURATION, _rounded, (DURATION,)),
        "Truncate": Method(DURATION, _truncated, (DURATION,)),
        "String": Method(STRING, strings.shown),
    },
    Kind.TIME: {
        "Year": Method(INT, lambda t: t.year),
        "Month": Method(INT, lambda t: t.month),
        "Day": Method(INT, lambda t: t.day),
        "Hour": Method(INT, lambda t: t.hour),
        "Minute": Method(INT, lambda t: t.minute),
        "Second": Method(INT, lambda t: t.second),
        "Nanosecond": Method(INT, lambda t: t.microsecond * 1000),
        "Weekday": Method(INT, lambda t: t.isoweekday() % 7),
        "YearDay": Method(INT, lambda t: t.timetuple().tm_yday),
        "Unix": Method(INT, lambda t: int(t.timestamp() // 1)),
        "UnixMilli": Method(INT, lambda t: (t - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)),
        "IsZero": Method(BOOL, lambda t: t == times.ZERO),
        "UTC": Method(TIME, lambda t: t.astimezone(UTC)),
        "In": Method(TIME, lambda t, where: t.astimezone(where), (ZONE,)),
        "Add": Method(TIME, lambda t, d: t + d, (DURATION,)),
        "Sub": Method(DURATION, lambda t, other: t - other, (TIME,)),
        "AddDate": Method(TIME, _later, (INT, INT, INT)),
        "Before": Method(BOOL, lambda t, other: t < other, (TIME,)),
        "After": Method(BOOL, lambda t, other: t > other, (TIME,)),
        "Equal": Method(BOOL, lambda t, other: t == other, (TIME,)),
        "Truncate": Method(TIME, _cut, (DURATION,)),
        "Round": Method(TIME, _to_unit, (DURATION,)),
        "Format": Method(STRING, times.written, (STRING,)),
    },
}


def method(target: Code, name: str, arguments: list[Code]) -> Code:
    """The call as code. Raises ExpressionError for a method that such a value has not, or other arguments."""
    known = METHODS.get(target.type.kind, {}).get(name)
    if known is None:
        raise ExpressionError(f"type {target.type} has no method {name}")
    if len(arguments) != len(known.takes):
        raise ExpressionError(f"{name} takes {len(known.takes)} arguments (got {len(arguments)})")
    for argument, wanted in zip(arguments, known.takes, strict=True):
        if argument.type != wanted:  # one whose type is only known later would need Go's reflection
            hint = "; its type is not known beforehand" if argument.type == ANY else ""
            raise ExpressionError(f"invalid argument for {name}: {wanted} is needed, not {argument.type}{hint}")
    runs = [target.run, *(argument.run for argument in arguments)]

    def run(frame: Frame) -> Any:
        values = [each(frame) for each in runs]
        if None in values:
            raise ExpressionError(f"cannot call {name} of nil")
        try:
            return known.call(*values)
        except (ValueError, OverflowError) as error:
            raise ExpressionError(f"{name}: {error}") from None

    return Code(known.gives, run)
