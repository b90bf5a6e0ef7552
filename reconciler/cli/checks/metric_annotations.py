"""Annotations about metrics of a template, `reconciler.dev/<what>.<metric>`: each is about one, and can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.analysis import metric_annotations
from reconciler.analysis.metric_annotations import MATCHERS, PREFIXES, RULE
from reconciler.analysis.model import AnalysisTemplate
from reconciler.config.fields import nearest
from reconciler.render.validate import Fault
from reconciler.yaml.positions import Path

OURS = "reconciler.dev/"
_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")


def names_rule(template: AnalysisTemplate, metric: Mapping[str, Any]) -> bool:
    return f"{RULE}{metric.get('name', '')}" in template.metadata.annotations


def as_asked(template: AnalysisTemplate, metric: Mapping[str, Any]) -> Mapping[str, Any]:
    """The metric with some query in the place of that of its rule, which only Prometheus knows."""
    provider = metric.get("provider")
    config = provider.get("prometheus") if isinstance(provider, dict) else None
    if not names_rule(template, metric) or not isinstance(config, dict):
        return metric
    return {**metric, "provider": {"prometheus": {**config, "query": "up", "rangeQuery": None}}}


def faults(template: AnalysisTemplate, known: Mapping[str, str | None]) -> Iterator[Fault]:
    """`known`: the template's arguments; one without a value stands for what only the Rollout knows."""
    for key, text in template.metadata.annotations.items():
        if key.startswith(OURS):
            yield from _about(template, key, text, known)


def _about(template: AnalysisTemplate, key: str, text: str, known: Mapping[str, str | None]) -> Iterator[Fault]:
    where: Path = ("metadata", "annotations", key)
    prefix = next((prefix for prefix in PREFIXES if key.startswith(prefix)), None)
    if prefix is None:
        yield from _unknown(where, key)
        return
    name, metrics = key.removeprefix(prefix), {str(metric.get("name", "")): metric for metric in template.spec.metrics}
    if name not in metrics:
        near = nearest(name, metrics)
        fix = f"did you mean {near!r}?" if near else f"the metrics are {', '.join(metrics)}"
        yield Fault(where, f"{key} is about no metric of this template", fix)
    elif prefix == RULE and not _asks_prometheus(metrics[name]):
        yield Fault(where, f"{key}: the metric {name!r} does not ask Prometheus", "give it the provider prometheus")
    yield from _readable(where, template, key, text, known)


def _asks_prometheus(metric: Mapping[str, Any]) -> bool:
    provider = metric.get("provider")
    return isinstance(provider, dict) and "prometheus" in provider


def _unknown(where: Path, key: str) -> Iterator[Fault]:
    what, dot, metric = key.removeprefix(OURS).partition(".")
    near = nearest(what, [prefix.removeprefix(OURS).rstrip(".") for prefix in PREFIXES])
    if dot and near:
        yield Fault(where, f"{key} is no setting of a metric", f"did you mean {OURS}{near}.{metric}?")


def _readable(
    where: Path, template: AnalysisTemplate, key: str, text: str, known: Mapping[str, str | None]
) -> Iterator[Fault]:
    for match in _PLACEHOLDER.finditer(text):
        name = match[1].strip().removeprefix("args.")
        if name not in known:
            near = nearest(name, known)
            fix = f"did you mean {{{{args.{near}}}}}?" if near else "declare it in spec.args"
            yield Fault(where, f"{key} uses {{{{{match[1].strip()}}}}}, which is not an argument", fix)
            return
    values = {name: value or "1" for name, value in known.items()}
    alone = {key: text} | ({RULE + key.removeprefix(MATCHERS): "any"} if _has_rule(template, key) else {})
    for problem in metric_annotations.read(alone, values)[1]:
        yield Fault(where, problem.what, problem.fix)


def _has_rule(template: AnalysisTemplate, key: str) -> bool:
    return key.startswith(MATCHERS) and RULE + key.removeprefix(MATCHERS) in template.metadata.annotations
