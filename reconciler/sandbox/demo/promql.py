"""Enough of PromQL to judge a canary: rates, sums, ratios and quantiles over the demo's own samples.

`parse` refuses what it does not know, so a query is either answered as Prometheus would answer it or rejected; the
tests ask a real Prometheus the same questions. Source: Prometheus documentation, querying/basics and /functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lark import Lark, LarkError, Transformer, v_args
from lark.exceptions import VisitError

from reconciler.kube.durations import parse_go_duration

_GRAMMAR = r"""
?start: or_expr
?or_expr: compare | or_expr "or" compare -> union
?compare: sum | compare COMPARE sum -> comparison
?sum: product | sum SIGN product -> arithmetic
?product: unary | product FACTOR unary -> arithmetic
?unary: atom | "-" atom -> negative
?atom: NUMBER -> number
     | "(" or_expr ")"
     | AGGREGATE grouping? "(" or_expr ")" grouping? -> aggregate
     | NAME "(" [or_expr ("," or_expr)*] ")" -> call
     | selector
selector: NAME matchers? range? | matchers range?
matchers: "{" [matcher ("," matcher)* ","?] "}"
matcher: NAME MATCH ESCAPED_STRING
range: "[" DURATION "]"
grouping: GROUP "(" [NAME ("," NAME)* ","?] ")"
AGGREGATE.3: /(sum|avg|min|max|count)\b(?=\s*(\(|by\b|without\b))/
GROUP.3: /(by|without)\b/
COMPARE: "==" | "!=" | ">=" | "<=" | ">" | "<"
SIGN: "+" | "-"
FACTOR: "*" | "/"
MATCH: "=~" | "!~" | "!=" | "="
DURATION: /([0-9]+(ms|s|m|h|d))+/
NAME: /[a-zA-Z_:][a-zA-Z0-9_:]*/
%import common.ESCAPED_STRING
%import common.SIGNED_NUMBER
%import common.WS
NUMBER: /[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?/
%ignore WS
"""


class Unsupported(ValueError):
    """The query is not PromQL, or more PromQL than the demo knows."""


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Matcher:
    label: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Selector:
    """`range_seconds` 0 is an instant selector."""

    name: str
    matchers: tuple[Matcher, ...] = ()
    range_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`by` None aggregates everything into one series without labels."""

    operator: str
    operand: Node
    labels: tuple[str, ...] = ()
    without: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Node
    right: Node


Node = Number | Selector | Aggregate | Call | Binary


@lru_cache(maxsize=256)
def parse(query: str) -> Node:
    """The query as a tree. Raises `Unsupported` with the place that was not understood."""
    try:
        return _ToTree().transform(_parser().parse(query))
    except VisitError as error:
        raise Unsupported(str(error.orig_exc)) from None
    except LarkError as error:
        raise Unsupported(f"the demo's Prometheus cannot read this query: {str(error).splitlines()[0]}") from None


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False)


@v_args(inline=True)
class _ToTree(Transformer[Any, Node]):
    def number(self, token: str) -> Node:
        return Number(float(token))

    def negative(self, operand: Node) -> Node:
        return Binary("*", Number(-1.0), operand)

    def matcher(self, label: str, operator: str, value: str) -> Matcher:
        return Matcher(str(label), str(operator), value[1:-1].replace('\\"', '"').replace("\\\\", "\\"))

    def matchers(self, *items: Matcher) -> tuple[Matcher, ...]:
        return items

    def range(self, duration: str) -> float:
        return parse_go_duration(str(duration)).total_seconds()

    def selector(self, *parts: Any) -> Node:
        name = next((str(p) for p in parts if isinstance(p, str)), "")
        if not name:
            raise Unsupported("the demo's Prometheus needs a metric name in every selector")
        matchers = next((p for p in parts if isinstance(p, tuple)), ())
        return Selector(name, matchers, next((p for p in parts if isinstance(p, float)), 0.0))

    def grouping(self, kind: str, *labels: str) -> tuple[bool, tuple[str, ...]]:
        return str(kind) == "without", tuple(map(str, labels))

    def aggregate(self, operator: str, *parts: Any) -> Node:
        without, labels = next((p for p in parts if isinstance(p, tuple)), (False, ()))
        return Aggregate(str(operator), next(p for p in parts if not isinstance(p, tuple)), labels, without)

    def call(self, function: str, *arguments: Node) -> Node:
        return Call(str(function), arguments)

    def arithmetic(self, left: Node, operator: str, right: Node) -> Node:
        return Binary(str(operator), left, right)

    comparison = arithmetic

    def union(self, left: Node, right: Node) -> Node:
        return Binary("or", left, right)
