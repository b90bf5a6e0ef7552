"""Operations on values whose types are known only when they are there, with Go's meaning and Go's names in messages."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.frame import LONGEST_STRING
from reconciler.analysis.expr.types import NUMBERS, Kind, kind_of

_ORDERED = frozenset({Kind.STRING, Kind.TIME, Kind.DURATION})


def go_name(value: Any) -> str:
    """The Go type of a value, as messages about it say."""
    names = {Kind.NIL: "<nil>", Kind.LIST: "[]interface {}", Kind.MAP: "map[string]interface {}"}
    kind = kind_of(value)
    return names.get(kind, kind.value)


def wrap(number: int) -> int:
    """Integers have 64 bits and go round."""
    return number if -(2**63) <= number < 2**63 else (number + 2**63) % 2**64 - 2**63


def equal(left: Any, right: Any) -> bool:
    """Numbers by value, lists by element; maps only with the very same types inside."""
    kinds = kind_of(left), kind_of(right)
    if kinds[0] in NUMBERS and kinds[1] in NUMBERS:
        return bool(left == right)
    if kinds[0] is not kinds[1]:
        return False
    if kinds[0] is Kind.LIST:
        return len(left) == len(right) and all(map(equal, left, right))
    if kinds[0] is Kind.MAP:
        return left.keys() == right.keys() and all(_identical(left[key], right[key]) for key in left)
    return bool(left == right)


def _identical(left: Any, right: Any) -> bool:
    return kind_of(left) is kind_of(right) and equal(left, right)


def truth(value: Any) -> bool:
    """Raises ExpressionError for anything but a boolean."""
    if value is True or value is False:
        return bool(value)
    raise ExpressionError(f"a boolean is needed here, but this is {go_name(value)}")


def less(left: Any, right: Any, operator: str, test: Callable[[Any, Any], bool]) -> bool:
    kinds = kind_of(left), kind_of(right)
    if (kinds[0] in NUMBERS and kinds[1] in NUMBERS) or (kinds[0] is kinds[1] and kinds[0] in _ORDERED):
        return test(left, right)
    raise mismatch(left, right, operator)


def add(left: Any, right: Any) -> Any:
    kinds = kind_of(left), kind_of(right)
    if kinds == (Kind.INT, Kind.INT):
        return wrap(left + right)
    if kinds[0] in NUMBERS and kinds[1] in NUMBERS:
        return left + right
    if kinds == (Kind.STRING, Kind.STRING):
        return joined(left, right)
    if kinds in ((Kind.TIME, Kind.DURATION), (Kind.DURATION, Kind.TIME), (Kind.DURATION, Kind.DURATION)):
        return left + right
    raise mismatch(left, right, "+")


def subtract(left: Any, right: Any) -> Any:
    kinds = kind_of(left), kind_of(right)
    if kinds == (Kind.INT, Kind.INT):
        return wrap(left - right)
    if kinds[0] in NUMBERS and kinds[1] in NUMBERS:
        return left - right
    if kinds in ((Kind.TIME, Kind.DURATION), (Kind.TIME, Kind.TIME), (Kind.DURATION, Kind.DURATION)):
        return left - right
    raise mismatch(left, right, "-")


def multiply(left: Any, right: Any) -> Any:
    kinds = kind_of(left), kind_of(right)
    if kinds == (Kind.INT, Kind.INT):
        return wrap(left * right)
    if kinds[0] in NUMBERS and kinds[1] in NUMBERS:
        return left * right
    if (kinds[0] is Kind.DURATION and kinds[1] in NUMBERS) or (kinds[0] in NUMBERS and kinds[1] is Kind.DURATION):
        return left * right
    raise mismatch(left, right, "*")


def divide(left: Any, right: Any) -> float:
    """Always a float; by zero it is infinite, or NaN for 0/0."""
    if kind_of(left) not in NUMBERS or kind_of(right) not in NUMBERS:
        raise mismatch(left, right, "/")
    if right:
        return float(left / right)
    if not left or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


def remainder(left: Any, right: Any) -> int:
    """Has the sign of the left side."""
    if kind_of(left) is not Kind.INT or kind_of(right) is not Kind.INT:
        raise mismatch(left, right, "%")
    if right == 0:
        raise ExpressionError("integer divide by zero")
    return int(left - right * int(math.copysign(abs(left) // abs(right), left * right or 1)))


def power(left: Any, right: Any) -> float:
    if kind_of(left) not in NUMBERS or kind_of(right) not in NUMBERS:
        raise mismatch(left, right, "**")
    try:
        value = float(left) ** float(right)
    except OverflowError:
        return math.inf if left > 0 or right % 2 == 0 else -math.inf
    except ZeroDivisionError:
        return math.inf
    return value if isinstance(value, float) else math.nan


def negative(value: Any) -> Any:
    if kind_of(value) in NUMBERS or isinstance(value, timedelta):
        return -value
    raise ExpressionError(f"invalid operation: - {go_name(value)}")


def joined(left: str, right: str) -> str:
    """Two strings in one. Raises ExpressionError when that becomes too long."""
    if len(left) + len(right) > LONGEST_STRING:
        raise ExpressionError(f"memory budget exceeded: a string of more than {LONGEST_STRING} characters")
    return left + right


def member(value: Any, key: Any) -> Any:
    """`value.key` and `value[key]`: a missing key of a map is nil, a list's index must be inside it."""
    if isinstance(value, dict):
        return value.get(_map_key(key))
    if isinstance(value, list):
        return _item(value, key)
    if isinstance(value, str) and kind_of(key) in NUMBERS:
        return _item(list(value.encode()), key)  # Go's strings are bytes
    raise ExpressionError(f"cannot fetch {key} from {go_name(value)}" + (": no data was returned" * (value is None)))


def _map_key(key: Any) -> str | None:
    if key is None or isinstance(key, str):
        return key
    raise ExpressionError(f"a map has no key of type {go_name(key)}")


def _item(items: list[Any], index: Any) -> Any:
    if kind_of(index) not in NUMBERS or not math.isfinite(index):
        raise ExpressionError(f"array elements can only be selected using an integer (got {go_name(index)})")
    at = int(index) + len(items) if index < 0 else int(index)
    if not 0 <= at < len(items):
        hint = ": no data was returned" if not items else ""
        raise ExpressionError(f"index out of range: {int(index)} (array length is {len(items)}){hint}")
    return items[at]


def contained(needle: Any, haystack: Any) -> bool:
    if haystack is None:
        return False
    if isinstance(haystack, list):
        return any(equal(needle, item) for item in haystack)
    if isinstance(haystack, dict):
        return _map_key(needle) in haystack
    raise mismatch(needle, haystack, "in")


def mismatch(left: Any, right: Any, operator: str) -> ExpressionError:
    return ExpressionError(f"invalid operation: {go_name(left)} {operator} {go_name(right)}")
