"""What a template's annotations say about its metrics, one by one: `reconciler.dev/<what>.<metric>`.

Annotations and no fields, because other engines must be able to read the same object: their definitions would drop an
unknown field, or refuse it. A run takes them over from its templates; arguments may stand in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from reconciler.analysis.arguments import substitute
from reconciler.analysis.metric import OnNoData, no_data_rule, whole
from reconciler.analysis.model import AnalysisTemplate
from reconciler.analysis.rules import matchers
from reconciler.errors import Problem, UserError

ON_NO_DATA = "reconciler.dev/on-no-data."
MIN_SAMPLES = "reconciler.dev/min-samples."
RULE = "reconciler.dev/rule."
MATCHERS = "reconciler.dev/rule-matchers."
PREFIXES = (ON_NO_DATA, MIN_SAMPLES, RULE, MATCHERS)

_Setting = TypeVar("_Setting")


@dataclass(frozen=True, slots=True)
class Settings:
    """By the name of the metric. A rule's matchers are as PromQL takes them."""

    on_no_data: Mapping[str, OnNoData] = field(default_factory=dict)
    min_samples: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    matchers: Mapping[str, str] = field(default_factory=dict)

    def no_data(self, metric: str) -> OnNoData:
        """What missing data means. Who asks for a number of samples, or names a rule, and says no more, waits."""
        waits = metric in self.min_samples or metric in self.rules
        return self.on_no_data.get(metric, "wait" if waits else "error")


def of_templates(templates: Iterable[AnalysisTemplate]) -> dict[str, str]:
    """What a run takes over; of templates that say different things about one metric, the first counts."""
    return {
        key: value
        for template in reversed([*templates])
        for key, value in template.metadata.annotations.items()
        if key.startswith(PREFIXES)
    }


def read(annotations: Mapping[str, str], values: Mapping[str, str]) -> tuple[Settings, list[Problem]]:
    """The settings with the arguments' `values` filled in, and every problem."""
    problems: list[Problem] = []

    def settings(prefix: str, parse: Callable[[str], _Setting]) -> dict[str, _Setting]:
        found: dict[str, _Setting] = {}
        for metric, text in about_metrics(annotations, prefix):
            try:
                found[metric] = parse(str(substitute({"": text}, values)[""]))
            except UserError as error:
                problems.extend(Problem(f"{prefix}{metric}: {each.what}", each.fix) for each in error.problems)
            except ValueError as error:
                problems.append(Problem(f"{prefix}{metric}: {error}"))
        return found

    read_ = Settings(
        settings(ON_NO_DATA, no_data_rule),
        settings(MIN_SAMPLES, whole),
        settings(RULE, _rule),
        settings(MATCHERS, matchers.checked),
    )
    ruled = {metric for metric, _ in about_metrics(annotations, RULE)}
    problems += [
        Problem(f"{MATCHERS}{metric}: there is no {RULE}{metric}", "name the rule that they narrow")
        for metric in read_.matchers
        if metric not in ruled
    ]
    return read_, problems


def about_metrics(annotations: Mapping[str, str], prefix: str) -> Iterator[tuple[str, str]]:
    """(metric, text) of every annotation of one kind."""
    for key, text in annotations.items():
        if key.startswith(prefix):
            yield key.removeprefix(prefix), text


def _rule(text: str) -> str:
    if not text.strip():
        raise ValueError("names no rule; write NAME or GROUP/NAME")
    return text.strip()
