"""Members, items and slices, and the optional chain `a?.b.c` that is nil as a whole when `a` is."""

from __future__ import annotations

import math
from typing import Any

from reconciler.analysis.expr import values
from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.frame import Code, Frame, Run
from reconciler.analysis.expr.types import ANY, INT, NUMBERS, STRING, Kind, Type, kind_of

_LEFT_OUT = object()
"""Value of an optional access whose target is nil, until the end of its chain."""


def field(target: Code, name: str) -> Code:
    """`target.name`. Raises ExpressionError when a target of that type has none."""
    _check(target.type, STRING, name)
    return _access(target, dict(target.type.fields).get(name, ANY), lambda _frame: name)


def item(target: Code, key: Code) -> Code:
    """`target[key]`."""
    _check(target.type, key.type, "")
    return _access(target, target.type.of_elements, key.run)


def optional_field(target: Code, name: str) -> Code:
    """`target?.name`."""
    if target.type.kind is not Kind.NIL:
        _check(target.type, STRING, name)
    return _optional(target, lambda _frame: name)


def optional_item(target: Code, key: Code) -> Code:
    """`target?.[key]`."""
    return _optional(target, key.run)


def part(target: Code, low: Code | None, high: Code | None) -> Code:
    """`target[low:high]` of a list or a string; ends beyond it are its own ends."""
    if target.type.kind not in (Kind.LIST, Kind.STRING, Kind.ANY):
        raise ExpressionError(f"cannot slice {target.type}")
    if any(end is not None and end.type not in (INT, ANY) for end in (low, high)):
        raise ExpressionError("slices need whole numbers")

    def run(frame: Frame) -> Any:
        value = target.run(frame)
        if not isinstance(value, list | str):
            raise ExpressionError(f"cannot slice {values.go_name(value)}")
        frame.spend(len(value))
        return value[_end(low, frame) : _end(high, frame)]

    return Code(target.type, run)


def ended(code: Code) -> Code:
    """The code as an operand of something else than a further access."""
    if not code.chained:
        return code
    run = code.run

    def end(frame: Frame) -> Any:
        value = run(frame)
        return None if value is _LEFT_OUT else value

    return Code(code.type, end)


def whole(value: Any) -> int:
    """A number without its fraction. Raises ExpressionError for anything else."""
    if kind_of(value) in NUMBERS and math.isfinite(value):
        return int(value)
    raise ExpressionError(f"a whole number is needed here, but this is {values.go_name(value)}")


def _access(target: Code, type_: Type, key: Run) -> Code:
    run = target.run
    if not target.chained:
        return Code(type_, lambda frame: values.member(run(frame), key(frame)))

    def fetch(frame: Frame) -> Any:
        value = run(frame)
        return value if value is _LEFT_OUT else values.member(value, key(frame))

    return Code(ANY, fetch, chained=True)


def _optional(target: Code, key: Run) -> Code:
    run = target.run

    def fetch(frame: Frame) -> Any:
        value = run(frame)
        return _LEFT_OUT if value is None or value is _LEFT_OUT else values.member(value, key(frame))

    return Code(ANY, fetch, chained=True)


def _end(end: Code | None, frame: Frame) -> int | None:
    return None if end is None else whole(end.run(frame))


def _check(target: Type, key: Type, name: str) -> None:
    """What is known about `target[key]` beforehand; `name` is set when it was written `target.name`."""
    if name and target.fields and name not in dict(target.fields):
        raise ExpressionError(f"type {target} has no field {name}; it has {', '.join(dict(target.fields))}")
    if target.kind is Kind.ANY or (target.kind is Kind.MAP and key in (STRING, ANY)):
        return
    if target.kind is Kind.LIST:
        if key in (INT, ANY):
            return
        raise ExpressionError(f"array elements can only be selected using an integer (got {key})")
    if name:
        raise ExpressionError(f"type {target} has no field {name}")
    raise ExpressionError(f"type {target}[{key}] is undefined")
