"""Metrics under established names: as many as there are objects, gone with them, in a form that promtool accepts."""

from __future__ import annotations

import subprocess

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from reconciler.telemetry import established
from reconciler.telemetry.established import Series, Tallies


class Shown:
    """A registry with one source and one set of tallies, as text."""

    def __init__(self) -> None:
        self.collector = established._Collector()
        self.registry = CollectorRegistry()
        self.registry.register(self.collector)  # type: ignore[arg-type]
        self.living = {("shop", "web"), ("shop", "api")}
        self.tallies = Tallies(lambda metric, namespace, name: (namespace, name) in self.living)
        self.collector.tallies["all"] = self.tallies

    def value(self, metric: str, /, **labels: str) -> float | None:
        return self.registry.get_sample_value(metric, labels)


def test_gauges_are_read_when_they_are_asked_for() -> None:
    shown, found = Shown(), [Series("rollout_info", {"name": "web"})]
    shown.collector.sources["rollouts"] = lambda: found
    assert shown.value("rollout_info", name="web") == 1
    found.clear()
    assert shown.value("rollout_info", name="web") is None


def test_what_was_counted_about_an_object_goes_with_it() -> None:
    shown = Shown()
    for name in ("web", "api"):
        shown.tallies.count("rollout_events_total", "shop", name, "Normal", "RolloutPaused")
        shown.tallies.observe("rollout_reconcile", 0.2, "shop", name)
    shown.living.remove(("shop", "web"))
    event = {"namespace": "shop", "type": "Normal", "reason": "RolloutPaused"}
    assert shown.value("rollout_events_total", name="web", **event) is None
    assert shown.value("rollout_events_total", name="api", **event) == 1
    assert shown.value("rollout_reconcile_count", namespace="shop", name="web") is None
    assert shown.value("rollout_reconcile_count", namespace="shop", name="api") == 1
    shown.living.add(("shop", "web"))
    assert shown.value("rollout_events_total", name="web", **event) is None


@pytest.mark.parametrize(
    ("seconds", "counted"),
    [
        pytest.param(0.01, {"0.01": 1, "0.15": 1, "1.0": 1, "+Inf": 1}, id="the end belongs to the bucket"),
        pytest.param(0.2, {"0.01": 0, "0.15": 0, "0.25": 1, "+Inf": 1}, id="in the middle"),
        pytest.param(5.0, {"1.0": 0, "+Inf": 1}, id="beyond"),
    ],
)
def test_a_value_is_counted_in_every_bucket_that_holds_it(seconds: float, counted: dict[str, int]) -> None:
    shown = Shown()
    shown.tallies.observe("rollout_reconcile", seconds, "shop", "web")
    where = {"namespace": "shop", "name": "web"}
    assert {le: shown.value("rollout_reconcile_bucket", le=le, **where) for le in counted} == counted
    assert shown.value("rollout_reconcile_sum", **where) == seconds


def test_requests_are_counted_by_kind_verb_and_code_and_never_by_name() -> None:
    before = established.REGISTRY.get_sample_value
    labels = {"kind": "rollouts", "verb": "Patch", "status_code": "409"}
    earlier = before("controller_clientset_k8s_request_total", labels) or 0
    established.observe_api_request("patch", "rollouts", 409)
    established.observe_api_request("apply", "rollouts", 409)
    assert before("controller_clientset_k8s_request_total", labels) == earlier + 2


def test_promtool_has_nothing_against_the_form_of_any_of_them() -> None:
    shown = Shown()
    shown.collector.sources["all"] = lambda: [Series(name, {"name": "web"}) for name in established.GAUGES]
    for name, (_, labels) in established.COUNTERS.items():
        shown.tallies.count(name, *("shop", "web", "c", "d")[: len(labels)])
    for name, (_, labels, _) in established.HISTOGRAMS.items():
        shown.tallies.observe(name, 0.3, *("shop", "web", "Promoted")[: len(labels)])
    text = generate_latest(shown.registry)
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert checked.stderr.decode() == ""
    assert checked.returncode == 0
    for name in (*established.GAUGES, *established.COUNTERS):
        assert f"\n{name}{{".encode() in b"\n" + text, name
