"""What a template may cost: whatever it says, it is evaluated within bounds or refused. The test run's own time-out is
what would notice a bound that does not hold."""

from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.program import expression
from reconciler.analysis.expr.types import ANY

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DOUBLED = "".join(f"let x{n + 1} = concat(x{n}, x{n}); " for n in range(40))


def value(text: str, result: Any = None) -> Any:
    return expression(text, ANY).value(result, NOW)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 + " * 3000 + "1", "longer than 10000 characters"),
        ("(" * 500 + "1" + ")" * 500, "nested"),
        ("-" * 5000 + "1", "nested"),
        ("[" * 3000, "syntax error"),
        ("1 + " * 200 + "1", "nested deeper than 100 levels"),
        ("1..1000000000", "memory budget exceeded"),
        ("all(1..2000, all(1..2000, true))", "memory budget exceeded"),
        ("let x0 = [1]; " + DOUBLED + "len(x40)", "memory budget exceeded"),
        ('repeat("x", 1000000000)', "memory budget exceeded"),
        ('repeat(repeat("x", 1000000), 1000)', "memory budget exceeded"),
        ('let a = repeat("x", 900000); a + a', "memory budget exceeded"),
        ('replace(repeat("x", 900000), "x", repeat("y", 1000))', "more than 1000000 characters"),
        ('join(map(1..5000, repeat("x", 1000)))', "more than 1000000 characters"),
        ("reduce(1..1000, concat(#acc, #acc), [1])", "memory budget exceeded"),
        ("flatten(map(1..1000, 1..1000))", "memory budget exceeded"),
        ('split(repeat("x", 1000000), "")', "memory budget exceeded"),
        ('date("1", "' + "1" * 201 + '")', "a layout of more than 200 characters"),
        ("date('2023-08-14').AddDate(999999, 0, 0)", "AddDate"),
        ("duration('1h') * 1e300 > duration('1h')", "cannot be evaluated"),
    ],
)
def test_what_would_cost_too_much_is_refused(text: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        value(text)


@pytest.mark.parametrize("pattern", ["(a+)+$", "^(a|a)*$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*)*x{500}"])
def test_a_regular_expression_takes_linear_time(pattern: str) -> None:
    assert value(f"result matches {pattern!r}", "a" * 50_000 + "!") is False


def test_a_layout_takes_linear_time() -> None:
    with pytest.raises(ExpressionError, match="not in the layout"):
        value(f'date("{"1" * 199}x", "{"1" * 200}")')
