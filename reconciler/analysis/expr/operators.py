"""Operators: which types they take and give, and the fastest closure for what is known beforehand."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import re2

from reconciler.analysis.expr import values
from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.frame import Code, Frame, Run
from reconciler.analysis.expr.types import ANY, BOOL, DURATION, FLOAT, INT, STRING, TIME, Kind, Type

_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TIMES = {
    ("+", TIME, DURATION): TIME,
    ("+", DURATION, TIME): TIME,
    ("+", DURATION, DURATION): DURATION,
    ("-", TIME, TIME): DURATION,
    ("-", TIME, DURATION): TIME,
    ("-", DURATION, DURATION): DURATION,
    ("*", DURATION, INT): DURATION,
    ("*", DURATION, FLOAT): DURATION,
    ("*", INT, DURATION): DURATION,
    ("*", FLOAT, DURATION): DURATION,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": values.add,
    "-": values.subtract,
    "*": values.multiply,
    "/": values.divide,
    "%": values.remainder,
    "**": values.power,
    "^": values.power,
}
_FLOAT_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}
_REGEX_OPTIONS = re2.Options()
_REGEX_OPTIONS.log_errors = False


def arithmetic(sign: str, left: Code, right: Code) -> Code:
    """`+ - * / % ** ^`. Raises ExpressionError for types that do not go together."""
    result = _arithmetic_type(sign, left.type, right.type)
    if sign == "%" and right.constant == 0 and right.type == INT:
        raise ExpressionError("integer divide by zero")
    operation = _ARITHMETIC[sign]
    if result == FLOAT and sign in _FLOAT_OPERATIONS and not (left.nullable or right.nullable):
        operation = _FLOAT_OPERATIONS[sign]
    if sign == "+" and result in (STRING, ANY):
        return Code(result, _spending(operation, left.run, right.run))
    return Code(result, _binary(operation, left.run, right.run))


def _arithmetic_type(sign: str, left: Type, right: Type) -> Type:
    if (sign, left, right) in _TIMES:
        return _TIMES[sign, left, right]
    unknown = left == ANY or right == ANY
    if (left.is_number and right.is_number) or (unknown and _numeric_or_any(left) and _numeric_or_any(right)):
        return _number_type(sign, left, right)
    if sign == "+" and (left, right) == (STRING, STRING):
        return STRING
    if (
        unknown
        and sign in "+-*"
        and {left, right} <= {ANY, STRING, TIME, DURATION} - ({STRING} if sign != "+" else set())
    ):
        return ANY
    raise _mismatch(sign, left, right)


def _numeric_or_any(type_: Type) -> bool:
    return type_.is_number or type_ == ANY


def _number_type(sign: str, left: Type, right: Type) -> Type:
    if sign == "%":
        if FLOAT in (left, right):
            raise _mismatch(sign, left, right)
        return INT
    if sign in ("/", "**", "^"):
        return FLOAT
    if ANY in (left, right):
        return ANY
    return INT if left == right == INT else FLOAT


def comparison(sign: str, left: Code, right: Code) -> Code:
    """`== != < <= > >=`."""
    if sign in ("==", "!="):
        return _equality(sign, left, right)
    test = _TESTS[sign]
    known = _ordered_together(left.type, right.type)
    if known and not (left.nullable or right.nullable):
        return Code(BOOL, _binary(test, left.run, right.run))
    if known or (ANY in (left.type, right.type) and _may_be_ordered(left.type) and _may_be_ordered(right.type)):
        return Code(BOOL, _binary(lambda a, b: values.less(a, b, sign, test), left.run, right.run))
    raise _mismatch(sign, left.type, right.type)


def _ordered_together(left: Type, right: Type) -> bool:
    return (left.is_number and right.is_number) or (left == right and left in (STRING, TIME, DURATION))


def _may_be_ordered(type_: Type) -> bool:
    return type_.is_number or type_ in (ANY, STRING, TIME, DURATION)


def _equality(sign: str, left: Code, right: Code) -> Code:
    if not _comparable(left.type, right.type):
        raise _mismatch(sign, left.type, right.type)
    same = sign == "=="
    plain = (left.type.is_number and right.type.is_number) or left.type == right.type == STRING
    if plain:
        return Code(BOOL, _binary(operator.eq if same else operator.ne, left.run, right.run))
    test = values.equal if same else lambda a, b: not values.equal(a, b)
    return Code(BOOL, _spending(test, left.run, right.run))


def _comparable(left: Type, right: Type) -> bool:
    either = {left.kind, right.kind}
    return bool(either & {Kind.ANY, Kind.NIL}) or left.kind is right.kind or (left.is_number and right.is_number)


def word(sign: str, left: Code, right: Code) -> Code:
    """`in matches contains startsWith endsWith`."""
    if sign == "in":
        return _membership(left, right)
    if not {left.type, right.type} <= {ANY, STRING}:
        raise _mismatch(sign, left.type, right.type)
    if sign == "matches" and right.constant is not None:
        pattern = _pattern(right.constant)
        return Code(BOOL, _spending(lambda a, _: _found(pattern, a), left.run, right.run))
    test = _WORDS[sign]
    return Code(BOOL, _spending(lambda a, b: a is not None and b is not None and test(a, b), left.run, right.run))


def _membership(left: Code, right: Code) -> Code:
    element = right.type.of_elements
    if right.type.kind is Kind.LIST and not _comparable(left.type, element):
        raise ExpressionError(f"cannot use {left.type} as type {element} in array")
    if right.type.kind is Kind.MAP and left.type not in (ANY, STRING):
        raise ExpressionError(f"cannot use {left.type} as type string in map")
    if right.type.kind not in (Kind.LIST, Kind.MAP, Kind.ANY):
        raise _mismatch("in", left.type, right.type)
    return Code(BOOL, _spending(values.contained, left.run, right.run))


def _found(pattern: Any, value: Any) -> bool:
    return value is not None and pattern.search(_text(value)) is not None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ExpressionError(f"a string is needed here, but this is {values.go_name(value)}")


def _pattern(text: str) -> Any:
    """A compiled pattern of Go's own dialect, which matches in linear time."""
    try:
        return re2.compile(text, options=_REGEX_OPTIONS)
    except re2.error as error:
        raise ExpressionError(f"error parsing regexp {text!r}: {error}") from None


_WORDS: dict[str, Callable[[Any, Any], bool]] = {
    "matches": lambda a, b: _pattern(_text(b)).search(_text(a)) is not None,
    "contains": lambda a, b: _text(b) in _text(a),
    "startsWith": lambda a, b: _text(a).startswith(_text(b)),
    "endsWith": lambda a, b: _text(a).endswith(_text(b)),
}


def _binary(operation: Callable[[Any, Any], Any], left: Run, right: Run) -> Run:
    return lambda frame: operation(left(frame), right(frame))


def _spending(operation: Callable[[Any, Any], Any], left: Run, right: Run) -> Run:
    """For operations whose cost grows with their operands."""

    def run(frame: Frame) -> Any:
        a, b = left(frame), right(frame)
        frame.spend_deeply(a)
        frame.spend_deeply(b)
        return operation(a, b)

    return run


def _mismatch(sign: str, left: Type, right: Type) -> ExpressionError:
    return ExpressionError(f"invalid operation: {sign} (mismatched types {left} and {right})")
