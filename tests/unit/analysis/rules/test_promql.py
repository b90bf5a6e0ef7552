"""Matchers get into every selector of an expression, and nowhere else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from reconciler.analysis.rules.promql import PromQLError, with_matchers
from tests.unit.analysis.rules.expressions import MATCHER, Pair, expressions

CASES = {
    "up": "up{M}",
    "up{}": "up{M}",
    "up { }": "up {M }",
    'up{job="x"}': 'up{M,job="x"}',
    'up{job="x",}': 'up{M,job="x",}',
    '{__name__=~"a|b"}': '{M,__name__=~"a|b"}',
    '{"quoted.name", job="x"}': '{M,"quoted.name", job="x"}',
    "rate(a[5m] offset 1h) / b offset -5m": "rate(a{M}[5m] offset 1h) / b{M} offset -5m",
    "max_over_time(rate(a[5m])[1h:30s])": "max_over_time(rate(a{M}[5m])[1h:30s])",
    "a @ start() + b @ 1700000000": "a{M} @ start() + b{M} @ 1700000000",
    "sum by (job) (a) / on (job) group_left (le) b": "sum by (job) (a{M}) / on (job) group_left (le) b{M}",
    "sum(a) without (job) > bool ignoring (x) b": "sum(a{M}) without (job) > bool ignoring (x) b{M}",
    "sum + by * offset": "sum{M} + by{M} * offset{M}",
    'count_values("v", a)': 'count_values("v", a{M})',
    "absent(a) unless b": "absent(a{M}) unless b{M}",
    "time() - process_start_time_seconds < 60": "time() - process_start_time_seconds{M} < 60",
    "vector(1) > Inf": "vector(1) > Inf",
    'a{x="}"} # sum(b)\n> 0.05': 'a{M,x="}"} # sum(b)\n> 0.05',
    "a # {\n{job='x'}": "a # {\n{M,job='x'}",
    "job:errors:rate5m > 5e-2": "job:errors:rate5m{M} > 5e-2",
}


@pytest.mark.parametrize(("plain", "narrowed"), CASES.items())
def test_every_selector_is_narrowed(plain: str, narrowed: str) -> None:
    assert with_matchers(plain, "M")[0] == narrowed


@given(expressions)
@settings(max_examples=500, deadline=None)
def test_an_expression_of_any_shape_keeps_its_text_and_gains_matchers(pair: Pair) -> None:
    assert with_matchers(pair.plain, MATCHER)[0] == pair.narrowed
    assert with_matchers(pair.plain, "")[0] == pair.plain


def test_selectors_come_alone_as_well() -> None:
    _, selectors = with_matchers('rate(a{code="500"}[5m] offset 1h) / b', "M")
    assert selectors == ('a{M,code="500"}', "b{M}")


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("", "ends too early"),
        ("a >", "ends too early"),
        ("sum(a", "ends too early"),
        ("a)", "did not expect ')' at character 2"),
        ("a b", "did not expect 'b' at character 3"),
        ("a{b='c'", "'{' is never closed"),
        ("a[5m", "'[' is never closed"),
        ("a, b", "did not expect ','"),
        ("a offset", "ends too early"),
        ("sum by a", "did not expect 'a'"),
        ("a ? b", "cannot read '? b' at character 3"),
        ('"open', "cannot read"),
        ("a{}{}", "did not expect '{'"),
        ("x" * 100_001, "more than 100000 characters"),
    ],
)
def test_what_is_no_promql_is_refused_with_its_place(broken: str, why: str) -> None:
    with pytest.raises(PromQLError, match=re.escape(why)):
        with_matchers(broken, "M")
