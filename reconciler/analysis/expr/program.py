"""Compiled expressions: what the rest of the product calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from reconciler.analysis.expr.compiler import Compiler, Scope
from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.frame import Code, Frame
from reconciler.analysis.expr.syntax import parse
from reconciler.analysis.expr.types import ANY, BOOL, Type
from reconciler.analysis.expr.values import go_name

_COMPILED = 4096
"""Expressions that are kept; each is a few kilobytes."""


@dataclass(frozen=True, slots=True)
class Program:
    """An expression that can be evaluated any number of times, from any thread."""

    code: Code
    variables: int

    def value(self, result: Any, now: datetime) -> Any:
        """Raises ExpressionError when it has no value for this result."""
        try:
            return self.code.run(Frame(result, now, self.variables))
        except (RecursionError, MemoryError, OverflowError) as error:
            raise ExpressionError(f"the expression cannot be evaluated: {error}") from None

    def holds(self, result: Any, now: datetime) -> bool:
        """The value of a condition. Raises ExpressionError also when it is not a boolean."""
        value = self.value(result, now)
        if value is True or value is False:
            return bool(value)
        raise ExpressionError(f"expected bool, but got {go_name(value)}")


@lru_cache(maxsize=_COMPILED)
def condition(text: str, result: Type = ANY) -> Program:
    """A success or failure condition over `result` of that type. Raises ExpressionError, also if never boolean."""
    program = _compiled(text, {"result": Code(result, lambda frame: frame.result)})
    if program.code.type not in (BOOL, ANY):
        raise ExpressionError(f"expected bool, but got {program.code.type}")
    return program


@lru_cache(maxsize=_COMPILED)
def expression(text: str, result: Type | None = None) -> Program:
    """Any expression; without a `result` there is none, as in time expressions such as `now() - duration("5m")`."""
    return _compiled(text, {} if result is None else {"result": Code(result, lambda frame: frame.result)})


def _compiled(text: str, names: Mapping[str, Code]) -> Program:
    compiler = Compiler(names)
    try:
        code = compiler.compile(parse(text), Scope())
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply") from None
    return Program(code, compiler.slots)
