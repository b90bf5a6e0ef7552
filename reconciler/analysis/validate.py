"""All that can be wrong with an AnalysisRun before anything is measured (spec rollouts §7.3): every problem at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import re2

from reconciler.analysis import metric_annotations
from reconciler.analysis.arguments import substitute
from reconciler.analysis.metric import RULE_PROVIDER, Metric, read_metric, spread, whole
from reconciler.analysis.model import AnalysisRun, Argument
from reconciler.errors import Problem, UserError

SECRET_PLACEHOLDER = "*****"  # noqa: S105 - what stands for a secret wherever it could be read

_Setting = TypeVar("_Setting")


def plain_values(args: Sequence[Argument]) -> dict[str, str]:
    """Argument values with every secret masked. Raises UserError for one without a value."""
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for arg in args:
        if arg.value is not None:
            values[arg.name] = arg.value
        elif arg.value_from is not None and arg.value_from.secret_key_ref is not None:
            values[arg.name] = SECRET_PLACEHOLDER
        else:
            problems.append(Problem(f"args.{arg.name} was not resolved"))
    if problems:
        raise UserError(problems)
    return values


def filled_in(text: str, args: Sequence[Argument]) -> str:
    """A text as people are shown it: arguments filled in, secrets masked; as it is written where that cannot be."""
    if "{{" not in text:
        return text
    try:
        return str(substitute({"": text}, plain_values(args))[""])
    except UserError:
        return text


def metrics(run: AnalysisRun, values: Mapping[str, str]) -> tuple[Metric, ...]:
    """The run's metrics with `values` filled in. Raises UserError with all problems, worded for the run's message."""
    raw = substituted(run, values)
    read = [read_metric(metric, f"metrics[{index}]") for index, metric in enumerate(raw)]
    problems = [problem for _, found in read for problem in found]
    names = [metric.name for metric, _ in read]
    if not names:
        problems.append(Problem("no metrics specified"))
    problems += [Problem(f'two metrics are named "{name}"') for name, n in Counter(names).items() if name and n > 1]
    dry, dry_problems = _matching([rule.metric_name for rule in run.spec.dry_run], names, "dryRun")
    rules = run.spec.measurement_retention
    kept, kept_problems = _matching([rule.metric_name for rule in rules], names, "measurementRetention")
    retention, limit_problems = _settings(
        {name: str(rules[kept[name]].limit) for name in names if name in kept}, "measurementRetention limit", whole
    )
    settings, setting_problems = metric_annotations.read(run.metadata.annotations, values)
    problems += dry_problems + kept_problems + limit_problems + setting_problems + _unruly(read, settings)
    if problems:
        raise UserError(problems)
    return tuple(
        replace(
            _ruled(metric, settings),
            dry_run=metric.name in dry,
            retention=limit if (limit := retention.get(metric.name, 0)) > 0 else metric.retention,
            on_no_data=settings.no_data(metric.name),
            min_samples=settings.min_samples.get(metric.name, 0),
            spread=spread(metric, run.metadata.uid),
        )
        for metric, _ in read
    )


def substituted(run: AnalysisRun, values: Mapping[str, str]) -> list[dict[str, object]]:
    """The metrics as written, with `values` in them. Raises UserError with every unknown placeholder."""
    found: list[dict[str, object]] = []
    problems: list[Problem] = []
    for metric in run.spec.metrics:
        try:
            found.append(substitute(metric, values))
        except UserError as error:
            problems += [Problem(f'metric "{metric.get("name", "")}": {each.what}') for each in error.problems]
    if problems:
        raise UserError(problems)
    return found


def _matching(patterns: Sequence[str], names: Sequence[str], rule: str) -> tuple[dict[str, int], list[Problem]]:
    """Metric name → index of the first rule whose unanchored regular expression finds something in it."""
    matched: dict[str, int] = {}
    problems: list[Problem] = []
    for index, pattern in enumerate(patterns):
        try:
            found = [name for name in names if re2.search(pattern, name)]
        except re2.error as error:
            problems.append(Problem(f"{rule}[{index}]: {pattern!r} is not a regular expression: {error}"))
            continue
        if not found:
            problems.append(Problem(f"{rule}[{index}]: {pattern!r} matches no metric"))
        matched = dict.fromkeys(found, index) | matched
    return matched, problems


def _settings(
    texts: Mapping[str, str], rule: str, read: Callable[[str], _Setting]
) -> tuple[dict[str, _Setting], list[Problem]]:
    values: dict[str, _Setting] = {}
    problems: list[Problem] = []
    for name, text in texts.items():
        try:
            values[name] = read(text)
        except ValueError as error:
            problems.append(Problem(f'{rule} of metric "{name}": {error}'))
    return values, problems


def _unruly(read: Sequence[tuple[Metric, object]], settings: metric_annotations.Settings) -> list[Problem]:
    return [
        Problem(
            f"{metric_annotations.RULE}{metric.name}: the metric asks {metric.provider}, which has no rules",
            "give it the provider prometheus",
        )
        for metric, _ in read
        if metric.name in settings.rules and metric.provider and metric.provider != "prometheus"
    ]


def _ruled(metric: Metric, settings: metric_annotations.Settings) -> Metric:
    """A metric that names a rule asks for that; its query is for engines that do not know of it."""
    rule = settings.rules.get(metric.name)
    if rule is None:
        return metric
    named = {"rule": rule, "matchers": settings.matchers.get(metric.name, "")}
    return replace(metric, provider=RULE_PROVIDER, config={**metric.config, "query": "", "rangeQuery": None, **named})
