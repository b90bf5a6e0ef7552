"""Functions on numbers. ValueError means: not such a number."""

from __future__ import annotations

import math
import re
from typing import Any

from reconciler.analysis.expr.values import go_name, wrap

_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_FLOAT = re.compile(
    r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(inf|infinity)|nan", re.ASCII | re.IGNORECASE
)


def as_int(value: Any) -> int:
    """A number or a whole number in text."""
    if isinstance(value, str):
        return _parsed_int(value)
    return _truncated(_number(value))


def as_float(value: Any) -> float:
    """A number or a number in text."""
    return to_float(value) if isinstance(value, str) else float(_number(value))


def to_int(value: Any) -> int:
    return _parsed_int(value) if isinstance(value, str) else _truncated(value)


def to_float(value: Any) -> float:
    if isinstance(value, str) and not _FLOAT.fullmatch(value):
        raise ValueError(f"{value[:40]!r} is not a number")
    return float(value)


def is_nan(value: float) -> bool:
    return value != value


def is_inf(value: float) -> bool:
    return math.isinf(value)


def ceil(value: float) -> float:
    return float(math.ceil(value)) if math.isfinite(value) else value


def floor(value: float) -> float:
    return float(math.floor(value)) if math.isfinite(value) else value


def half_away(value: float) -> float:
    """Rounded to whole, halves away from zero."""
    if not math.isfinite(value) or float(value).is_integer():
        return float(value)
    whole = math.floor(abs(value))
    return math.copysign(whole + (abs(value) - whole >= 0.5), value)


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise ValueError(f"{go_name(value)} is not a number" + (": no data was returned" if value is None else ""))


def _truncated(value: float) -> int:
    """Beyond 64 bits, and for NaN, the smallest integer, as the processor has it."""
    if not math.isfinite(value) or abs(value) >= 2**63:
        return -(2**63)
    return int(value)


def _parsed_int(text: str) -> int:
    if not _INTEGER.fullmatch(text) or len(text) > 20 or wrap(int(text)) != int(text):
        raise ValueError(f"{text[:40]!r} is not a whole number")
    return int(text)


def but_not(left: int, right: int) -> int:
    """The bits of the first without those of the second, which Go's library calls nand."""
    return left & ~right


def shifted_left(number: int, by: int) -> int:
    """Raises ValueError for a negative shift."""
    return wrap(number << by) if by < 64 else 0


def shifted_right(number: int, by: int) -> int:
    return number >> by


def shifted_right_unsigned(number: int, by: int) -> int:
    """With zeros coming in, as if the 64 bits had no sign."""
    return wrap((number % 2**64) >> by)
