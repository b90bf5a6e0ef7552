"""Measured values as gauges: what runs have measured last, bounded in number, gone with the run."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from reconciler.analysis.model import AnalysisRun
from reconciler.daemon import measured
from reconciler.telemetry.measured import FAMILIES, Measured

WHO = {"namespace": "ns", "name": "shop", "kind": "Step", "metric": "errors"}


def a_run(name: str = "shop-1", value: str = "[0.03, 0.5]", phase: str = "Running", **metadata: Any) -> AnalysisRun:
    metric = {"name": "errors", "successCondition": "result[0] < 0.05", "failureCondition": "result[0] > 0.5"}
    measurement = {"phase": "Successful", "startedAt": "2026-01-01T00:00:00Z", "value": value}
    meta = {
        "name": name,
        "namespace": "ns",
        "labels": {"rollout-type": "Step"},
        "ownerReferences": [{"kind": "Rollout", "name": "shop", "uid": "u", "controller": True}],
        "creationTimestamp": "2026-01-01T00:00:00Z",
        **metadata,
    }
    status = {"phase": phase, "metricResults": [{"name": "errors", "measurements": [measurement]}]}
    return msgspec.convert({"metadata": meta, "spec": {"metrics": [metric]}, "status": status}, AnalysisRun)


class Scraped:
    def __init__(self, *runs: AnalysisRun) -> None:
        collector = Measured()
        collector.source = lambda: measured.samples(runs)
        self.registry = CollectorRegistry()
        self.registry.register(collector)  # type: ignore[arg-type]

    def value(self, family: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(FAMILIES[family][0], labels)

    def count(self) -> int:
        return sum(len(family.samples) for family in self.registry.collect())


def test_the_latest_values_and_what_they_are_compared_with_are_shown() -> None:
    scraped = Scraped(a_run())
    assert [scraped.value("value", **WHO, index=index) for index in ("0", "1", "2")] == [0.03, 0.5, None]
    assert scraped.value("threshold", **WHO, condition="successCondition", index="0") == 0.05
    assert scraped.value("threshold", **WHO, condition="failureCondition", index="0") == 0.5


@pytest.mark.parametrize("phase", ["Successful", "Failed", "Error", "Inconclusive"])
def test_nothing_is_left_of_a_run_that_is_complete(phase: str) -> None:
    assert Scraped(a_run(phase=phase)).count() == 1


def test_of_two_runs_that_judge_the_same_the_newer_is_shown() -> None:
    newer = a_run("shop-2", "[0.9]", creationTimestamp="2026-01-01T00:01:00Z")
    assert Scraped(newer, a_run()).value("value", **WHO, index="0") == 0.9


def test_a_run_of_its_own_is_shown_under_its_name() -> None:
    run = a_run("mine", ownerReferences=[], labels={})
    assert Scraped(run).value("value", namespace="ns", name="mine", kind="", metric="errors", index="0") == 0.03


def test_their_number_is_bounded_and_what_is_left_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "MOST_RUNS", 2)
    runs = [a_run(f"r{number}", "[" + "1," * 99 + "1]", ownerReferences=[]) for number in range(5)]
    scraped = Scraped(*runs)
    assert scraped.value("left_out") == 3
    assert scraped.count() == 2 * (8 + 2) + 1


def test_what_is_no_number_is_not_shown() -> None:
    assert Scraped(a_run(value="[NaN]")).value("value", **WHO, index="0") is None
