"""A rule of Prometheus for a few pods: an alert judges by its own expression and `for`, a recorded value is given.

The settings are those of `prometheus`, with `rule` and `matchers` from the annotations of the metric; its `query` is
for other engines.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from reconciler.analysis.expr.types import FLOATS
from reconciler.analysis.model import RULE, RULE_BOUND, Phase
from reconciler.analysis.providers import prometheus
from reconciler.analysis.providers.contract import Answer, ProviderError, Surroundings, Verdict
from reconciler.analysis.rules import alert, catalogue, comparison
from reconciler.analysis.rules.alert import Instance, Judgement
from reconciler.analysis.rules.catalogue import Rule
from reconciler.analysis.rules.promql import PromQLError, with_matchers
from reconciler.analysis.shared import KEPT, digest

RULES_STAY = KEPT
"""For how long a list of rules is taken for the present one. They change when somebody changes files."""


_FIRES = "fires"
"""The bound of an alert that is no comparison with a number."""


def measure(config: Mapping[str, Any], now: datetime, around: Surroundings) -> Answer:
    """Raises ProviderError for a rule that is not there, or that cannot be narrowed to some pods."""
    rule = _found(config, now, around)
    try:
        query, selectors = with_matchers(rule.expression, str(config.get("matchers") or ""))
    except PromQLError as error:
        raise ProviderError(f"the expression of the rule {rule.path} cannot be read: {error}") from None
    if rule.alerting:
        return _judged(rule, query, selectors, config, now, around)
    asked = {**config, "query": query, "rangeQuery": None}
    answer = prometheus.value(asked, around.send(prometheus.request(asked, now, around)))
    return _with(answer, {**answer.metric_metadata, RULE: rule.path})


def _found(config: Mapping[str, Any], now: datetime, around: Surroundings) -> Rule:
    """The rules are asked for once for all metrics that ask alike."""
    question = prometheus.asking(config, around, "rules", {"exclude_alerts": "true"})
    key = digest("rules", question.url, dict(question.headers), config.get("authentication"))
    rules = around.questions.ask(key, now, RULES_STAY, partial(_rules, question, around))
    try:
        return catalogue.find(rules, str(config.get("rule")))
    except catalogue.RuleError as error:
        raise ProviderError(str(error)) from None


def _rules(question: Any, around: Surroundings) -> tuple[Rule, ...]:
    response = around.send(question)
    prometheus.succeeded(response)
    try:
        return catalogue.read(response.body)
    except msgspec.MsgspecError as error:
        raise ProviderError(f"Prometheus lists its rules in a way that is not understood: {error}") from None


def _judged(
    rule: Rule,
    query: str,
    selectors: tuple[str, ...],
    config: Mapping[str, Any],
    now: datetime,
    around: Surroundings,
) -> Answer:
    compared, over = comparison.split(query), alert.span(rule, now)
    asked = compared.measured if compared else query
    parameters = {
        "query": asked,
        "start": prometheus.seconds(over.start),
        "end": prometheus.seconds(over.end),
        "step": f"{over.step.total_seconds():.3f}",
    }
    body = prometheus.succeeded(around.send(prometheus.asking(config, around, "query_range", parameters)))
    judged = alert.judge((body.get("data") or {}).get("result") or (), over, compared)
    samples = judged.samples if judged.values else _selected(selectors, config, now, around)
    about = {prometheus.QUERY: asked, RULE: _described(rule), RULE_BOUND: str(compared or _FIRES)}
    return Answer(
        value=list(judged.values),
        text=f"[{','.join(f'{value:.10g}' for value in judged.values)}]",
        type=FLOATS,
        metadata=prometheus.warnings(body),
        metric_metadata=about,
        verdict=_verdict(rule, judged, samples),
        samples=samples,
    )


def _selected(selectors: tuple[str, ...], config: Mapping[str, Any], now: datetime, around: Surroundings) -> int:
    """How many series the alert looks at. When it gives nothing, this tells all well from no data.

    There need not be any errors to divide by all requests: their series begins with the first one.
    """
    if not selectors:
        return 1
    asked = {**config, "query": f"count({' or '.join(selectors)})", "rangeQuery": None}
    found = prometheus.value(asked, around.send(prometheus.request(asked, now, around))).value
    return int(found[0]) if found else 0


def _verdict(rule: Rule, judged: Judgement, samples: int) -> Verdict:
    if judged.firing:
        return Verdict(Phase.FAILED, f"{rule.name} fires: {_shown(judged.firing)}{_held(rule)}")
    if judged.pending and judged.since:
        fires = judged.since + rule.hold
        times = f"holds since {judged.since:%H:%M:%S} and would fire at {fires:%H:%M:%S} UTC"
        return Verdict(Phase.RUNNING, f"{rule.name} {times}: {_shown(judged.pending)}")
    if not samples:
        return Verdict(Phase.ERROR, f"no data was returned: nothing is measured of what {rule.name} looks at")
    return Verdict(Phase.SUCCESSFUL)


def _shown(instance: Instance) -> str:
    labels = ", ".join(f'{name}="{text}"' for name, text in instance.labels.items())
    return f"{instance.value:g}{f' for {{{labels}}}' if labels else ''}"


def _held(rule: Rule) -> str:
    return f", for {rule.hold.total_seconds():g} s" if rule.hold else ""


def _described(rule: Rule) -> str:
    return f"{rule.path}{_held(rule)}"


def _with(answer: Answer, metric_metadata: Mapping[str, str]) -> Answer:
    return Answer(answer.value, answer.text, answer.type, answer.metadata, metric_metadata)
