"""The committed answers of the real expr-lang library (`tests/golden/analysis/expr.json`), question by question."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.program import expression
from reconciler.analysis.expr.strings import shown
from reconciler.analysis.expr.types import FLOAT, FLOATS, as_json_numbers, type_of
from tests.golden.analysis.ask_go import questions

TABLE = json.loads((Path(__file__).parents[2] / "golden/analysis/expr.json").read_text(encoding="utf-8"))
NOW = datetime(2026, 1, 1, tzinfo=UTC)

DEVIATIONS = {'date("10:11:12").Hour()': "refused: there is no year 0 here, where Go puts times without a date"}
"""Questions that we answer differently on purpose, and why."""


def answer(row: dict[str, Any]) -> Any:
    if row["kind"] == "floats":
        return expression(row["expr"], FLOATS).value([float(text) for text in row["result"]], NOW)
    if row["kind"] == "float":
        return expression(row["expr"], FLOAT).value(float(row["result"]), NOW)
    result = as_json_numbers(row["result"])
    return expression(row["expr"], type_of(result)).value(result, NOW)


def as_go_shows(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    return value


@pytest.mark.parametrize("row", TABLE, ids=[f"{row['expr']} of {row['result']}" for row in TABLE])
def test_an_expression_means_what_it_means_in_go(row: dict[str, Any]) -> None:
    if row["expr"] in DEVIATIONS:
        pytest.xfail(DEVIATIONS[row["expr"]])
    go = row["go"]
    if "failed" in go:
        with pytest.raises(ExpressionError):
            answer(row)
        return
    value = answer(row)
    assert (shown(value) if go["type"].startswith("map[interface") else as_go_shows(value)) == go["value"]
    assert isinstance(value, bool) == (go["type"] == "bool")


def test_the_table_answers_the_questions_as_they_are_now() -> None:
    assert [{key: row[key] for key in ("expr", "kind", "result")} for row in TABLE] == questions()


def test_the_table_is_large_and_the_deviations_are_few() -> None:
    assert len(TABLE) >= 150
    assert len(DEVIATIONS) <= len(TABLE) // 50
