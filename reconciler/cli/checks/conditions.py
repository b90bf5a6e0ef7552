"""Success and failure conditions: whether they can be compiled, and fit what the provider answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.analysis.expr.errors import ExpressionError
from reconciler.analysis.expr.program import condition
from reconciler.analysis.expr.types import ANY, FLOAT, FLOATS, Type
from reconciler.analysis.providers.cloud_watch import RESULTS
from reconciler.cli.checks.paths import shown
from reconciler.render.validate import Fault
from reconciler.yaml.positions import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """`certain`: it cannot work; otherwise it depends on what is only known later."""

    fault: Fault
    certain: bool


def check(text: str, path: Path, provider: Any, sure: bool) -> Iterator[Finding]:
    """`sure` says whether all arguments in `text` are known."""
    if why := _trouble(text, ANY):
        yield Finding(Fault(path, f"{shown(path)} cannot be used: {why}"), sure)
        return
    if not isinstance(provider, dict):
        return
    if "cloudWatch" in provider and (why := _trouble(text, RESULTS)):
        yield Finding(Fault(path, f"{shown(path)} does not fit what CloudWatch answers: {why}"), sure)
    prometheus = provider.get("prometheus")
    if isinstance(prometheus, dict) and (why := _trouble(text, FLOATS)):
        number = _trouble(text, FLOAT) == ""
        if number and "scalar(" in str(prometheus.get("query")):
            return
        fix = "write result[0]" if number else ""
        what = f"{shown(path)} does not fit what Prometheus answers, a list of numbers: {why}"
        yield Finding(Fault(path, what, fix), sure)


def _trouble(text: str, answer: Type) -> str:
    try:
        condition(text, answer)
    except ExpressionError as error:
        return str(error).strip()
    return ""
