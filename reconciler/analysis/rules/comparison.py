"""Most alerts compare something with a number: what is measured, and where it stops being normal.

Knowing the two apart, the measured value can be shown also while nothing is wrong, and no data is told from all well.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.analysis.rules.promql import COMPARISONS, SET_OPERATORS, structure

_HOLDS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_MIRRORED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}


@dataclass(frozen=True, slots=True)
class Comparison:
    """`measured` is the expression of the value, which the alert compares with `bound`."""

    measured: str
    sign: str
    bound: float

    def holds(self, value: float) -> bool:
        return _HOLDS[self.sign](value, self.bound)

    def __str__(self) -> str:
        return f"{self.sign} {self.bound:g}"


def split(expression: str) -> Comparison | None:
    """The two sides; None when the expression is not one comparison of something with a number."""
    found = structure(expression).operators
    comparisons = [each for each in found if each.text in COMPARISONS]
    if len(comparisons) != 1 or comparisons[0].modified or any(each.text in SET_OPERATORS for each in found):
        return None
    [sign] = comparisons
    left, right = expression[: sign.start].strip(), expression[sign.end :].strip()
    if (bound := _number(right)) is not None and _number(left) is None:
        return Comparison(left, sign.text, bound)
    if (bound := _number(left)) is not None and _number(right) is None:
        return Comparison(right, _MIRRORED.get(sign.text, sign.text), bound)
    return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
