"""Laws of the expression language, and random expressions put to the real Go library where Go is at hand."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.analysis.expr import times
from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.program import expression
from reconciler.analysis.expr.types import FLOATS, as_json_numbers, type_of
from tests.golden.analysis.ask_go import ask

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ORACLE = Path(__file__).parents[1] / "testbed" / "go" / "expr-oracle"
RESULT: dict[str, Any] = {"n": 3, "x": 0.5, "s": "ab", "ok": True, "nil": None, "list": [1, 2.5, 3], "map": {"k": 1}}

STRICTER = re.compile(
    r"takes only array \(got"  # Go goes through the bytes of a string
    r"|a boolean is needed here"  # Go's optimizer leaves out `x` in `x and true`
    r"|invalid argument for (sort|sortBy|min|max|first|last|mean|median|int)\b"  # Go: nil, or the argument itself
    r"|only numbers or only strings can be sorted|invalid operation"
)
"""Where we refuse values that Go takes: never a different value, and a condition is an Error instead."""

NUMBERS = st.sampled_from(
    ["0", "1", "2", "7", "0.5", "2.5", "result.n", "result.x", "result.list[0]", "len(result.list)"]
)
STRINGS = st.sampled_from(['"ab"', "'b'", "result.s", '"1"', "string(result.n)"])
BOOLEANS = st.sampled_from(["true", "false", "result.ok"])
LISTS = st.sampled_from(["[1, 2, 3]", "result.list", "1..3", "[]", "[1.0]"])
OTHERS = st.sampled_from(["nil", "result.nil", "result.map", "result.none", '{"k": 1}'])


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Operators and functions over expressions of any type: many are refused, and then Go must refuse them, too."""
    binary = ["+", "-", "*", "/", "%", "**", "==", "!=", "<", ">=", "and", "or", "in", "contains", "..", "??"]
    functions = ["len", "sum", "mean", "max", "first", "int", "float", "string", "abs", "type", "sort", "keys", "floor"]
    predicates = ["all", "any", "none", "one", "filter", "map", "count", "find"]
    bodies = st.sampled_from(["# > 1", "# == 1", "# + 1", "#.k", "true", "# in [1]"])
    return st.one_of(
        st.tuples(inner, st.sampled_from(binary), inner).map(lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"),
        st.tuples(st.sampled_from(functions), inner).map(lambda parts: f"{parts[0]}({parts[1]})"),
        st.tuples(st.sampled_from(predicates), inner, bodies).map(lambda parts: f"{parts[0]}({parts[1]}, {parts[2]})"),
        st.tuples(st.sampled_from(["not ", "-"]), inner).map(lambda parts: f"{parts[0]}({parts[1]})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]}) ? ({parts[1]}) : ({parts[2]})"),
    )


EXPRESSIONS = st.recursive(st.one_of(NUMBERS, STRINGS, BOOLEANS, LISTS, OTHERS), grown, max_leaves=5)


def value(text: str, result: Any) -> Any:
    decoded = as_json_numbers(result)
    return expression(text, type_of(decoded)).value(decoded, NOW)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_has_a_value_or_an_error_that_can_be_shown(text: str) -> None:
    try:
        value(text, RESULT)
    except ExpressionError as error:
        assert str(error)


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(list(RESULT)), inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None)
@given(EXPRESSIONS, _JSON)
def test_any_result_gives_a_value_or_an_error_that_can_be_shown(text: str, result: Any) -> None:
    try:
        value(text, result)
    except ExpressionError as error:
        assert str(error)


@settings(deadline=None, max_examples=300)
@given(EXPRESSIONS, st.lists(st.floats(), max_size=3))
def test_a_vector_gives_a_value_or_an_error_that_can_be_shown(text: str, samples: list[float]) -> None:
    over_vector = text.replace("result.list", "result").replace("result.none", "first(result)")
    try:
        expression(over_vector, FLOATS).value(samples, NOW)
    except ExpressionError as error:
        assert str(error)


LAYOUTS = ["2006-01-02 15:04:05 -0700", "Mon, 2 Jan 2006 3:4:5 PM Z07:00", "January 02 06 03:04:05PM -07:00"]


@settings(deadline=None)
@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2068, 1, 1), timezones=st.timezones()).map(
        lambda moment: moment.replace(microsecond=0)
    ),
    st.sampled_from(LAYOUTS),
)
def test_a_time_that_is_written_in_a_layout_is_read_as_itself(moment: datetime, layout: str) -> None:
    moment = moment.astimezone(timezone(moment.utcoffset() // timedelta(minutes=1) * timedelta(minutes=1)))  # type: ignore[operator]
    assert times.date(times.written(moment, layout), layout) == moment


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e6), max_size=20), st.floats(0, 1e6))
def test_quantifiers_agree_with_each_other(numbers: list[float], bound: float) -> None:
    def holds(text: str) -> Any:
        return value(text.replace("BOUND", repr(bound)), numbers)

    assert holds("all(result, # <= BOUND) == none(result, # > BOUND)") is True
    assert holds("any(result, # > BOUND) == (count(result, # > BOUND) > 0)") is True
    assert holds("len(filter(result, # > BOUND)) == count(result, # > BOUND)") is True
    assert holds("sum(result) == reduce(result, #acc + #, 0)") is True


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[str]], list[dict[str, Any]]]:
    """Asks the Go library about many expressions at once."""
    if shutil.which("go") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Go is needed to compare expressions with the Go library; install it")
        pytest.skip("Go is not installed: expressions are only compared with the committed table")
    binary = tmp_path_factory.mktemp("oracle") / "expr-oracle"
    subprocess.run(["go", "build", "-o", str(binary), "."], cwd=ORACLE, check=True, timeout=240)

    def ask(texts: list[str]) -> list[dict[str, Any]]:
        lines = "".join(json.dumps({"expr": text, "kind": "json", "result": RESULT}) + "\n" for text in texts)
        done = subprocess.run([str(binary)], input=lines, capture_output=True, text=True, check=True, timeout=60)
        return [json.loads(line) for line in done.stdout.splitlines()]

    return ask


def test_the_committed_answers_are_still_those_of_go(go: Callable[[list[str]], list[dict[str, Any]]]) -> None:
    """`ask_go.py` wrote them; whoever edits an answer by hand, or updates the library, sees it here."""
    table = json.loads((ORACLE.parents[2] / "golden/analysis/expr.json").read_text(encoding="utf-8"))
    moving = re.compile(r"\bnow\(|map\[|rand")
    asked = [row for row in table if not moving.search(row["expr"])]
    answers = ask([{key: row[key] for key in ("expr", "kind", "result")} for row in asked])
    assert [answer for row, answer in zip(asked, answers, strict=True) if answer != row["go"]] == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(EXPRESSIONS, max_size=10))
def test_random_expressions_mean_what_they_mean_in_go(
    go: Callable[[list[str]], list[dict[str, Any]]], texts: list[str]
) -> None:
    wrong = [
        (text, ours, answer)
        for text, answer in zip(texts, go(texts), strict=True)
        if not agree(answer, ours := outcome(text))
    ]
    assert not wrong


def outcome(text: str) -> Any:
    try:
        return value(text, RESULT)
    except ExpressionError as error:
        return error


def agree(answer: dict[str, Any], ours: Any) -> bool:
    """The same value, or an error on both sides, or one of the known refusals."""
    if isinstance(ours, ExpressionError):
        return "failed" in answer or STRICTER.search(str(ours)) is not None
    if "failed" in answer:
        return False
    if isinstance(ours, float) and not math.isfinite(ours):
        return str(answer["value"]).lower().strip("+") == str(ours)
    if isinstance(ours, float) and isinstance(answer["value"], int | float):
        return math.isclose(ours, answer["value"])  # powers differ in the last bit
    return bool(ours == answer["value"]) and isinstance(ours, bool) == (answer["type"] == "bool")
