"""What an evaluation carries: the result, the variables, the element at hand, and what it may still spend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.types import Type

BUDGET = 1_000_000
"""Elements that one evaluation may make or visit, as in the Go library."""

LONGEST_STRING = 1_000_000
_CHARACTERS_SHIFT = 4
"""16 characters cost as much as one element."""


class Frame:
    """Lives for one evaluation. `element`, `index` and `accumulator` belong to the innermost predicate."""

    __slots__ = ("accumulator", "element", "index", "left", "now", "result", "variables")

    def __init__(self, result: Any, now: datetime, variables: int) -> None:
        self.result = result
        self.now = now
        self.variables: list[Any] = [None] * variables
        self.element: Any = None
        self.index = 0
        self.accumulator: Any = None
        self.left = BUDGET

    def spend(self, elements: int) -> None:
        """Raises ExpressionError when the expression has done too much."""
        self.left -= elements
        if self.left < 0:
            raise ExpressionError("memory budget exceeded: the expression makes or visits too many elements")

    def spend_on(self, value: Any) -> None:
        """What it costs to make or visit a value; characters are cheaper than elements."""
        if isinstance(value, list | dict):
            self.spend(len(value))
        elif isinstance(value, str):
            self.spend(len(value) >> _CHARACTERS_SHIFT)

    def spend_deeply(self, value: Any) -> None:
        """The same for everything inside, as often as it is met: a list may hold one other many times."""
        pending = [value]
        while pending:
            item = pending.pop()
            self.spend_on(item)
            if isinstance(item, dict):
                item = list(item.values())
            if isinstance(item, list):
                pending += [inner for inner in item if isinstance(inner, list | dict | str)]


Run = Callable[[Frame], Any]


@dataclass(frozen=True, slots=True)
class Code:
    """A compiled node: what type it will have, and how to get its value. `constant` may be used while compiling.

    `chained`: part of an optional chain (`a?.b.c`) that may be left out. `nullable`: has the type, or is nil, as the
    first element of a list of numbers does; whoever relies on the type must look.
    """

    type: Type
    run: Run
    constant: Any = None
    chained: bool = False
    nullable: bool = False
