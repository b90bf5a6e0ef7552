"""Functions that take values: one table of names, accepted kinds and result types."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconciler.analysis.expr import lists, numbers, strings, times
from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.frame import Code, Frame, Run
from reconciler.analysis.expr.types import (
    ANY,
    BOOL,
    DURATION,
    FLOAT,
    INT,
    LIST,
    MAP,
    STRING,
    STRINGS,
    TIME,
    ZONE,
    Kind,
    Type,
    kind_of,
)
from reconciler.analysis.expr.values import go_name
from reconciler.kube.durations import parse_go_duration

Accept = frozenset[Kind]

_EVERY: Accept = frozenset(Kind)
_TEXT: Accept = frozenset({Kind.STRING})
_NUMBER: Accept = frozenset({Kind.INT, Kind.FLOAT})
_WHOLE: Accept = frozenset({Kind.INT})
_ZONE: Accept = frozenset({Kind.ZONE})
_LIST: Accept = frozenset({Kind.LIST})
_MAP: Accept = frozenset({Kind.MAP})
_SIZED: Accept = frozenset({Kind.STRING, Kind.LIST, Kind.MAP})


@dataclass(frozen=True, slots=True)
class Function:
    """`required` of `accepts` must be given; `more` takes any number of further arguments like the last."""

    accepts: tuple[Accept, ...]
    result: Type
    call: Callable[..., Any]
    required: int
    more: bool = False


def _of(*accepts: Accept, gives: Type, by: Callable[..., Any], required: int = -1, more: bool = False) -> Function:
    return Function(accepts, gives, by, len(accepts) if required < 0 else required, more)


FUNCTIONS: dict[str, Function] = {
    "asInt": _of(_EVERY, gives=INT, by=numbers.as_int),
    "asFloat": _of(_EVERY, gives=FLOAT, by=numbers.as_float),
    "isNaN": _of(_NUMBER, gives=BOOL, by=numbers.is_nan),
    "isInf": _of(_NUMBER, gives=BOOL, by=numbers.is_inf),
    "int": _of(_NUMBER | _TEXT, gives=INT, by=numbers.to_int),
    "float": _of(_NUMBER | _TEXT, gives=FLOAT, by=numbers.to_float),
    "string": _of(_EVERY, gives=STRING, by=strings.shown),
    "type": _of(_EVERY, gives=STRING, by=strings.type_name),
    "abs": _of(_NUMBER, gives=ANY, by=abs),
    "ceil": _of(_NUMBER, gives=FLOAT, by=numbers.ceil),
    "floor": _of(_NUMBER, gives=FLOAT, by=numbers.floor),
    "round": _of(_NUMBER, gives=FLOAT, by=numbers.half_away),
    "bitand": _of(_WHOLE, _WHOLE, gives=INT, by=operator.and_),
    "bitor": _of(_WHOLE, _WHOLE, gives=INT, by=operator.or_),
    "bitxor": _of(_WHOLE, _WHOLE, gives=INT, by=operator.xor),
    "bitnand": _of(_WHOLE, _WHOLE, gives=INT, by=numbers.but_not),
    "bitnot": _of(_WHOLE, gives=INT, by=operator.invert),
    "bitshl": _of(_WHOLE, _WHOLE, gives=INT, by=numbers.shifted_left),
    "bitshr": _of(_WHOLE, _WHOLE, gives=INT, by=numbers.shifted_right),
    "bitushr": _of(_WHOLE, _WHOLE, gives=INT, by=numbers.shifted_right_unsigned),
    "min": _of(_NUMBER | _LIST, gives=ANY, by=lists.least, more=True),
    "max": _of(_NUMBER | _LIST, gives=ANY, by=lists.greatest, more=True),
    "mean": _of(_NUMBER | _LIST, gives=ANY, by=lists.mean, more=True),
    "median": _of(_NUMBER | _LIST, gives=ANY, by=lists.median, more=True),
    "len": _of(_SIZED, gives=INT, by=len),
    "first": _of(_LIST, gives=ANY, by=lists.first),
    "last": _of(_LIST, gives=ANY, by=lists.last),
    "get": _of(_LIST | _MAP | {Kind.NIL}, _EVERY, gives=ANY, by=lists.get),
    "take": _of(_LIST, _WHOLE, gives=LIST, by=lists.take),
    "reverse": _of(_LIST, gives=LIST, by=lists.reverse),
    "sort": _of(_LIST, _TEXT, gives=LIST, by=lists.sort, required=1),
    "concat": _of(_LIST, gives=LIST, by=lists.concat, more=True),
    "flatten": _of(_LIST, gives=LIST, by=lists.flatten),
    "uniq": _of(_LIST, gives=LIST, by=lists.uniq),
    "keys": _of(_MAP, gives=LIST, by=lists.keys),
    "values": _of(_MAP, gives=LIST, by=lists.map_values),
    "toPairs": _of(_MAP, gives=LIST, by=lists.to_pairs),
    "fromPairs": _of(_LIST, gives=MAP, by=lists.from_pairs),
    "join": _of(_LIST, _TEXT, gives=STRING, by=strings.join, required=1),
    "split": _of(_TEXT, _TEXT, _WHOLE, gives=STRINGS, by=strings.split, required=2),
    "trim": _of(_TEXT, _TEXT, gives=STRING, by=strings.trim, required=1),
    "trimPrefix": _of(_TEXT, _TEXT, gives=STRING, by=str.removeprefix),
    "trimSuffix": _of(_TEXT, _TEXT, gives=STRING, by=str.removesuffix),
    "upper": _of(_TEXT, gives=STRING, by=strings.upper),
    "lower": _of(_TEXT, gives=STRING, by=strings.lower),
    "repeat": _of(_TEXT, _WHOLE, gives=STRING, by=strings.repeat),
    "replace": _of(_TEXT, _TEXT, _TEXT, gives=STRING, by=strings.replace),
    "indexOf": _of(_TEXT, _TEXT, gives=INT, by=str.find),
    "lastIndexOf": _of(_TEXT, _TEXT, gives=INT, by=str.rfind),
    "hasPrefix": _of(_TEXT, _TEXT, gives=BOOL, by=str.startswith),
    "hasSuffix": _of(_TEXT, _TEXT, gives=BOOL, by=str.endswith),
    "toJSON": _of(_EVERY, gives=STRING, by=strings.to_json),
    "fromJSON": _of(_TEXT, gives=ANY, by=strings.from_json),
    "duration": _of(_TEXT, gives=DURATION, by=parse_go_duration),
    "date": _of(_TEXT | _ZONE, _TEXT, _TEXT, gives=TIME, by=times.date, required=1),
    "timezone": _of(_TEXT, gives=ZONE, by=times.zone),
    "splitAfter": _of(_TEXT, _TEXT, _WHOLE, gives=STRINGS, by=strings.split_after, required=2),
    "toBase64": _of(_TEXT, gives=STRING, by=strings.to_base64),
    "fromBase64": _of(_TEXT, gives=STRING, by=strings.from_base64),
}
"""What needs nothing but its arguments."""

_DEEP = frozenset({"string", "toJSON", "flatten", "uniq", "min", "max", "mean", "median"})
"""Functions that look into lists in lists."""


def call(name: str, arguments: list[Code]) -> Code | None:
    """The call as code; None when there is no such function. Raises ExpressionError for arguments that do not fit."""
    if name == "now":
        return _now(arguments)
    if name in _OF_THE_RESULT:
        required, code = _OF_THE_RESULT[name]
        if len(arguments) != required:
            raise ExpressionError(f"{name} takes {required} arguments (got {len(arguments)})")
        return code(arguments)
    function = FUNCTIONS.get(name)
    if function is None:
        return None
    _check_number(name, function, len(arguments))
    accepts = function.accepts + function.accepts[-1:] * (len(arguments) - len(function.accepts))
    runs = [_checked(name, code, accept) for code, accept in zip(arguments, accepts, strict=False)]
    nullable = name in ("first", "last")
    return Code(_result_type(name, function, arguments), _invoke(name, function.call, runs), nullable=nullable)


def _check_number(name: str, function: Function, given: int) -> None:
    most = None if function.more else len(function.accepts)
    if given < function.required or (most is not None and given > most):
        wanted = str(function.required) if most == function.required else f"{function.required} or more"
        raise ExpressionError(f"{name} takes {wanted} arguments (got {given})")


def _checked(name: str, code: Code, accept: Accept) -> Run:
    """The argument, checked now when its type is known, and at each evaluation when it is not."""
    if code.type != ANY:
        if code.type.kind not in accept:
            raise ExpressionError(f"invalid argument for {name} (type {code.type})")
        if not code.nullable:
            return code.run
    if accept == _EVERY:
        return code.run
    run = code.run

    def check(frame: Frame) -> Any:
        value = run(frame)
        if kind_of(value) not in accept:
            hint = ": no data was returned" if value is None else ""
            raise ExpressionError(f"invalid argument for {name} (type {go_name(value)}){hint}")
        return value

    return check


def _result_type(name: str, function: Function, arguments: list[Code]) -> Type:
    if name == "abs":
        return arguments[0].type
    if name in ("first", "last"):
        return arguments[0].type.of_elements
    return function.result


def _invoke(name: str, function: Callable[..., Any], runs: list[Run]) -> Run:
    """Arguments and value count against the budget: lists could be doubled, or searched, without end."""
    deep = name in _DEEP

    def invoke(frame: Frame) -> Any:
        arguments = [run(frame) for run in runs]
        for argument in arguments:
            if deep:
                frame.spend_deeply(argument)
            else:
                frame.spend_on(argument)
        try:
            value = function(*arguments)
        except (ValueError, OverflowError) as error:
            raise ExpressionError(f"{name}: {error}") from None
        frame.spend_on(value)
        return value

    return invoke


def _now(arguments: list[Code]) -> Code:
    """The moment of the evaluation, maybe as it is in another zone."""
    if not arguments:
        return Code(TIME, lambda frame: frame.now)
    if len(arguments) > 1 or arguments[0].type != ZONE:
        raise ExpressionError("now takes a time zone and no more")
    zone = arguments[0].run
    return Code(TIME, lambda frame: frame.now.astimezone(zone(frame)))


def _or_default(arguments: list[Code]) -> Code:
    """`default(x, v)` looks at the metric's result, whatever x is: existing templates rely on it (spec §7.5)."""
    otherwise = arguments[1].run
    return Code(ANY, lambda frame: otherwise(frame) if frame.result is None else frame.result)


_OF_THE_RESULT: dict[str, tuple[int, Callable[[list[Code]], Code]]] = {
    "isNil": (1, lambda _: Code(BOOL, lambda frame: frame.result is None)),
    "default": (2, _or_default),
}
