from datetime import timedelta
from typing import Any

import msgspec
import pytest

from reconciler.analysis.metric import Metric
from reconciler.analysis.model import AnalysisRun
from reconciler.analysis.validate import metrics, plain_values
from reconciler.errors import UserError

PROMETHEUS = {"prometheus": {"query": "up"}}


def a_run(*raw: dict[str, Any], annotations: dict[str, str] | None = None, **spec: Any) -> AnalysisRun:
    body = {
        "metadata": {"name": "r", "namespace": "n", "annotations": annotations or {}},
        "spec": {"metrics": [{"name": "m", "provider": PROMETHEUS, **metric} for metric in raw], **spec},
    }
    return msgspec.convert(body, AnalysisRun)


def read(*raw: dict[str, Any], **more: Any) -> tuple[Metric, ...]:
    run = a_run(*raw, **more)
    return metrics(run, plain_values(run.spec.args))


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({"name": ""}, "metrics[0].name must not be empty"),
        ({"provider": {}}, "exactly one provider; found none"),
        ({"provider": {"web": {}, "prometheus": {}}}, "exactly one provider; found web, prometheus"),
        ({"provider": {"plugin": {"a/b": {}, "c/d": {}}}}, "exactly one provider; found plugin a/b, plugin c/d"),
        ({"consecutiveSuccessLimit": -1}, "consecutiveSuccessLimit must be >= 0"),
        ({"failureLimit": -2}, "failureLimit must be >= -1"),
        ({"failureLimit": -1}, "cannot both be switched off"),
        ({"inconclusiveLimit": -1}, "inconclusiveLimit must be >= 0"),
        ({"consecutiveErrorLimit": -1}, "consecutiveErrorLimit must be >= 0"),
        (
            {"count": 3, "interval": "1s", "failureLimit": 2, "consecutiveSuccessLimit": 2},
            "consecutiveSuccessLimit (4)",
        ),
        ({"count": 1, "failureLimit": -1, "consecutiveSuccessLimit": 2}, "consecutiveSuccessLimit (2)"),
        ({"count": 1, "inconclusiveLimit": 2}, "count must be >= inconclusiveLimit"),
        ({"count": 2}, "interval must be set"),
        ({"interval": "0s"}, "interval must be more than 0s"),
        ({"count": 2, "interval": "-1m"}, "interval must be more than 0s"),
        ({"count": "many"}, "metrics[0].count: 'many' is not a whole number"),
        ({"interval": "soon"}, "metrics[0].interval: 'soon' is not a duration"),
        ({"initialDelay": "5"}, "metrics[0].initialDelay"),
    ],
)
def test_a_metric_that_contradicts_itself_is_refused(raw: dict[str, Any], problem: str) -> None:
    with pytest.raises(UserError) as caught:
        read(raw)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        {"failureLimit": 3},
        {"inconclusiveLimit": 2, "count": 0},
        {"consecutiveSuccessLimit": 4, "interval": "1m"},
        {"count": 3, "interval": "1m", "failureLimit": 3},
        {"count": "{{args.n}}", "failureLimit": "{{args.n}}", "interval": "{{args.i}}"},
    ],
    ids=str,
)
def test_a_count_that_is_not_written_fits_every_limit(raw: dict[str, Any]) -> None:
    assert read(raw, args=[{"name": "n", "value": "5"}, {"name": "i", "value": "10s"}])


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(UserError) as caught:
        read({"count": 2}, {"interval": "x"}, dryRun=[{"metricName": "nobody"}, {"metricName": "("}])
    for part in (
        "metrics[0].interval",
        "metrics[1].interval",
        'named "m"',
        "dryRun[0]",
        "matches no metric",
        "dryRun[1]",
    ):
        assert part in str(caught.value)


def test_a_run_without_metrics_is_refused() -> None:
    with pytest.raises(UserError, match="no metrics"):
        read()


def test_defaults_are_those_of_the_field() -> None:
    (once,) = read({})
    (forever,) = read({"interval": "1m"})
    assert (once.count, once.failure_limit, once.inconclusive_limit) == (1, 0, 0)
    assert (once.consecutive_error_limit, once.consecutive_success_limit, once.retention) == (4, 0, 10)
    assert (forever.count, forever.interval) == (0, timedelta(minutes=1))


def test_arguments_reach_counts_durations_and_provider() -> None:
    raw = {
        "count": "{{args.n}}",
        "interval": "{{ args.every }}",
        "provider": {"prometheus": {"query": 'up{pod=~"{{args.pods}}"}'}},
    }
    args = [{"name": "n", "value": "3"}, {"name": "every", "value": "5s"}, {"name": "pods", "value": 'a"|b'}]
    (metric,) = read(raw, args=args)
    assert (metric.count, metric.interval) == (3, timedelta(seconds=5))
    assert metric.config["query"] == 'up{pod=~"a"|b"}'


def test_an_unknown_placeholder_is_named() -> None:
    with pytest.raises(UserError, match=r"args\.nobody"):
        read({"successCondition": "{{args.nobody}} > 1"})


def test_secrets_are_masked_and_arguments_without_value_named() -> None:
    secret = {"name": "token", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    assert plain_values(a_run({}, args=[secret]).spec.args) == {"token": "*****"}
    with pytest.raises(UserError, match=r"args\.lost was not resolved"):
        plain_values(a_run({}, args=[{"name": "lost"}]).spec.args)


def test_rules_find_metrics_by_unanchored_expressions_first_rule_first() -> None:
    found = read(
        {"name": "error-rate"},
        {"name": "latency"},
        dryRun=[{"metricName": "rate"}],
        measurementRetention=[{"metricName": "lat", "limit": "3"}, {"metricName": ".*", "limit": 5}],
    )
    assert [metric.dry_run for metric in found] == [True, False]
    assert [metric.retention for metric in found] == [5, 3]


def test_a_retention_of_none_is_the_usual_one() -> None:
    """A Job would else be deleted when it has just begun."""
    for limit in (0, -1, None):
        rule = {"metricName": "m"} | ({"limit": limit} if limit is not None else {})
        assert [metric.retention for metric in read({"name": "m"}, measurementRetention=[rule])] == [10]


def test_annotations_say_what_missing_data_means() -> None:
    rules = {"reconciler.dev/on-no-data.a": "pass", "reconciler.dev/min-samples.b": "5"}
    a, b, c = read({"name": "a"}, {"name": "b"}, {"name": "c"}, annotations=rules)
    assert [(m.on_no_data, m.min_samples) for m in (a, b, c)] == [("pass", 0), ("wait", 5), ("error", 0)]
    with pytest.raises(UserError, match="'maybe' is none of error, wait, pass, fail, inconclusive"):
        read({}, annotations={"reconciler.dev/on-no-data.m": "maybe"})
