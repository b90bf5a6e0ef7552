"""Rules of a real Prometheus judge one version, and what is made of their expressions is what Prometheus reads."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings

from reconciler.analysis.metric import Metric
from reconciler.analysis.model import Phase
from reconciler.analysis.providers import prometheus_rule
from reconciler.analysis.providers.contract import Answer, ProviderError, Surroundings
from reconciler.analysis.rules.promql import with_matchers
from reconciler.analysis.verdict import judge
from reconciler.http.client import HttpClient
from reconciler.http.model import Request
from tests.unit.analysis.rules.conftest import Past
from tests.unit.analysis.rules.expressions import MATCHER, Pair, expressions
from tests.unit.analysis.rules.test_promql import CASES

SEND = HttpClient("rules-test").send


def measured(past: Past, rule: str, matchers: str = "", before_end: timedelta = timedelta()) -> Answer:
    around = Surroundings(send=SEND, prometheus_url=past.server.url)
    return prometheus_rule.measure({"rule": rule, "matchers": matchers}, past.end - before_end, around)


def formatted(past: Past, query: str) -> str:
    """As Prometheus writes what it has read."""
    body = urlencode({"query": query}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = SEND(Request("POST", f"{past.server.url}/api/v1/format_query", headers, body)).json()
    assert answer["status"] == "success", (query, answer)
    return str(answer["data"])


def test_an_alert_fires_for_the_failing_version_only(past: Past) -> None:
    failing, healthy = (measured(past, "HighErrorRate", f'version="{version}"') for version in ("v2", "v1"))
    assert failing.verdict and failing.verdict.phase is Phase.FAILED
    assert failing.verdict.message == 'HighErrorRate fires: 0.25 for {job="shop"}, for 120 s'
    assert healthy.verdict and healthy.verdict.phase is Phase.SUCCESSFUL
    assert (healthy.text, failing.text) == ("[0]", "[0.25]")
    assert failing.metric_metadata["RuleBound"] == "> 0.05"


def test_an_alert_that_has_not_held_for_long_enough_is_no_verdict_yet(past: Past) -> None:
    pending = measured(past, "HighErrorRate", 'version="v2"', timedelta(minutes=2, seconds=30))
    assert pending.verdict and pending.verdict.phase is Phase.RUNNING
    assert "HighErrorRate holds since" in pending.verdict.message
    before = measured(past, "HighErrorRate", 'version="v2"', timedelta(minutes=4, seconds=15))
    assert before.verdict and before.verdict.phase is Phase.SUCCESSFUL
    later = measured(past, "HighErrorRateLater", 'version="v2"')
    assert later.verdict and later.verdict.phase is Phase.RUNNING


def test_an_alert_of_another_shape_is_judged_as_well_and_tells_all_well_from_no_data(past: Past) -> None:
    phases = [measured(past, "ErrorsAtAll", matchers).verdict for matchers in ('version="v2"', 'version="v1"')]
    assert [found and found.phase for found in phases] == [Phase.FAILED, Phase.SUCCESSFUL]
    nothing = measured(past, "ErrorsAtAll", 'version="v3"')
    assert nothing.samples == 0
    assert nothing.verdict and nothing.verdict.phase is Phase.ERROR


@pytest.mark.parametrize(("version", "phase"), [("v0", Phase.SUCCESSFUL), ("v3", Phase.ERROR)])
def test_a_version_that_never_failed_is_told_from_one_that_is_not_there(past: Past, version: str, phase: Phase) -> None:
    answer = measured(past, "HighErrorRate", f'version="{version}"')
    assert answer.verdict and answer.verdict.phase is phase
    assert (answer.samples, answer.text) == (1 if version == "v0" else 0, "[]")


def test_a_recording_rule_gives_its_value_to_the_conditions(past: Past) -> None:
    answer = measured(past, "shop:errors:ratio", 'version="v2"')
    assert answer.verdict is None
    assert answer.value == [pytest.approx(0.25)]
    assert answer.metric_metadata["Rule"] == "shop/shop:errors:ratio"
    assert 'version="v2",code="500"' in answer.metric_metadata["ResolvedPrometheusQuery"]
    assert judge(Metric("m", success_condition="result[0] < 0.1"), answer, past.end).phase is Phase.FAILED


def test_a_rule_that_is_not_there_is_answered_with_similar_ones(past: Past) -> None:
    with pytest.raises(ProviderError, match="there is no rule HighErorRate; similar ones are HighErrorRate"):
        measured(past, "HighErorRate")


@pytest.mark.parametrize("plain", [each for each in CASES if '"quoted.name"' not in each])
def test_prometheus_reads_what_is_narrowed(past: Past, plain: str) -> None:
    formatted(past, with_matchers(plain, MATCHER)[0])


@given(pair=expressions)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_prometheus_reads_a_narrowed_expression_as_the_one_that_is_meant(past: Past, pair: Pair) -> None:
    assert formatted(past, with_matchers(pair.plain, MATCHER)[0]) == formatted(past, pair.narrowed)
