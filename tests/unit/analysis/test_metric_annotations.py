"""What annotations of a template say about its metrics reaches the measurement, with arguments filled in."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from reconciler.analysis.metric import RULE_PROVIDER, Metric
from reconciler.analysis.model import Phase, RunStatus
from reconciler.errors import UserError
from reconciler.http.model import Request, Response
from tests.unit.analysis.test_analysis_controller import World
from tests.unit.analysis.test_validate import PROMETHEUS, read

RULED = {
    "reconciler.dev/rule.m": "{{args.rule}}",
    "reconciler.dev/rule-matchers.m": 'service="{{args.service}}"',
}
ARGS = [{"name": "rule", "value": "HighErrorRate"}, {"name": "service", "value": "shop"}]


def ruled(**metric: Any) -> Metric:
    [found] = read(metric, annotations=RULED, args=ARGS)
    return found


def test_a_metric_that_names_a_rule_asks_for_that_and_not_for_its_query() -> None:
    metric = ruled(provider={"prometheus": {"query": "copy > 1", "address": "http://prom"}})
    assert metric.provider == RULE_PROVIDER
    assert (metric.config["rule"], metric.config["matchers"]) == ("HighErrorRate", 'service="shop"')
    assert (metric.config["query"], metric.config["address"]) == ("", "http://prom")


def test_a_metric_that_names_a_rule_waits_for_data_unless_told_otherwise() -> None:
    assert ruled().on_no_data == "wait"
    [failing] = read({}, annotations={**RULED, "reconciler.dev/on-no-data.m": "fail"}, args=ARGS)
    assert failing.on_no_data == "fail"


@pytest.mark.parametrize(
    ("annotations", "metric", "problem"),
    [
        ({"reconciler.dev/rule.m": " "}, {}, "reconciler.dev/rule.m: names no rule"),
        ({"reconciler.dev/rule.m": "{{args.x}}"}, {}, "reconciler.dev/rule.m: failed to resolve {{args.x}}"),
        ({"reconciler.dev/rule-matchers.m": 'a="b"'}, {}, "there is no reconciler.dev/rule.m"),
        (RULED | {"reconciler.dev/rule-matchers.m": "a=b"}, {}, "'a=b' is no label matcher"),
        (RULED, {"provider": {"web": {"url": "http://x"}}}, "asks web, which has no rules"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_name(
    annotations: dict[str, str], metric: dict[str, Any], problem: str
) -> None:
    with pytest.raises(UserError) as caught:
        read(metric, annotations=annotations, args=ARGS)
    assert problem in str(caught.value)


class Ruling(World):
    """A Prometheus with one alert; `measured` is what its expression gives."""

    measured: tuple[float, ...] = (0.01,)

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        if "/rules" in request.url:
            rule = {"name": "HighErrorRate", "query": "errors > 0.05", "type": "alerting", "duration": 0}
            return Response(
                200, {}, orjson.dumps({"status": "success", "data": {"groups": [{"name": "g", "rules": [rule]}]}})
            )
        at = self.clock.now().timestamp()
        series = [{"metric": {"pod": str(n)}, "values": [[at, str(v)]]} for n, v in enumerate(self.measured)]
        return Response(
            200, {}, orjson.dumps({"status": "success", "data": {"resultType": "matrix", "result": series}})
        )

    def measure(self) -> None:
        self.reconcile()
        self.answer()

    @property
    def status(self) -> RunStatus:
        return self.run.status

    @property
    def asked(self) -> list[str]:
        return [parse_qs(urlsplit(each.url).query).get("query", ["rules"])[0] for each in self.requests]


def a_metric(name: str) -> dict[str, Any]:
    return {"name": name, "interval": "30s", "provider": PROMETHEUS}


def test_an_alert_of_prometheus_judges_a_run() -> None:
    world = Ruling(a_metric("m"), args=ARGS, annotations=RULED)
    world.measure()
    assert world.status.metric_results[0].successful == 1
    world.measured = (0.2,)
    world.clock.advance(35)
    world.measure()
    assert world.status.phase is Phase.FAILED
    assert 'HighErrorRate fires: 0.2 for {pod="0"}' in world.status.message
    assert world.asked == ["rules", 'errors{service="shop"}'] * 2


def test_metrics_that_ask_one_prometheus_share_its_list_of_rules() -> None:
    annotations = {"reconciler.dev/rule.a": "HighErrorRate", "reconciler.dev/rule.b": "g/HighErrorRate"}
    world = Ruling(a_metric("a"), a_metric("b"), annotations=annotations)
    world.measure()
    assert world.asked == ["rules", "errors", "errors"]


def test_a_run_says_what_it_waits_for_when_there_is_no_data_yet() -> None:
    world = Ruling(a_metric("m"), args=ARGS, annotations=RULED)
    world.measured = (float("nan"),)
    world.measure()
    assert world.status.message.startswith('no verdict on "m" since 2026-01-01T00:00:00Z: no data was returned')
