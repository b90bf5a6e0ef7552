"""What dashboards of the family read: metrics' names, their labels and the values of these (spec rollouts §11.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
import pytest

from reconciler.analysis.model import decode_run
from reconciler.daemon import figures
from reconciler.errors import Conflict, Transient
from reconciler.kube.happenings import ObjectRef
from reconciler.kube.objects import EXPERIMENTS, ROLLOUTS, Meta
from reconciler.rollouts.duration import Completion
from reconciler.rollouts.model import decode_rollout
from reconciler.runtime.clock import VirtualClock
from reconciler.telemetry.established import Series
from tests.properties.rollout_world import Cluster, a_blue_green, a_cluster, template

Json = dict[str, Any]


def texts(found: Iterable[Series]) -> list[str]:
    """As a metrics page shows them, labels in order."""
    return [
        f"{one.name}{{{','.join(f'{key}={value}' for key, value in sorted(one.labels.items()))}}} {one.value:g}"
        for one in found
    ]


def an_update(**world: Any) -> Cluster:
    cluster = a_cluster(**{"steps": [{"setWeight": 25}, {"pause": {}}], **world})
    cluster.converge()
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    cluster.converge()
    return cluster


def healthy() -> Cluster:
    cluster = a_blue_green()
    cluster.converge()
    return cluster


def aborted() -> Cluster:
    cluster = an_update()
    cluster.user("abort", {"status": {"abort": True}})
    cluster.converge()
    return cluster


def beginning() -> Cluster:
    cluster = a_cluster()
    cluster.reconcile()
    return cluster


def late() -> Cluster:
    cluster = a_cluster(progressDeadlineSeconds=5)
    cluster.reconcile()
    cluster.broken.add(cluster.status["currentPodHash"])
    cluster.converge()
    cluster.wait(20)
    return cluster


def invalid() -> Cluster:
    cluster = a_cluster(steps=[{"setWeight": 20, "pause": {}}])
    cluster.converge()
    return cluster


@pytest.mark.parametrize(
    ("made", "phase"),
    [
        (healthy, "Completed"),
        (beginning, "Progressing"),
        (an_update, "Paused"),
        (aborted, "Abort"),
        (late, "Timeout"),
        (invalid, "InvalidSpec"),
    ],
)
def test_a_rollouts_phase_has_the_name_that_dashboards_know(made: Any, phase: str) -> None:
    shown = list(figures.of_rollouts([decode_rollout(orjson.dumps(made().rollout))]))
    assert [one.labels["phase"] for one in shown if "phase" in one.labels] == [phase, phase]


def test_a_rollout_has_its_strategy_router_and_pods() -> None:
    rollout = decode_rollout(orjson.dumps(an_update(traefik=True).rollout))
    assert texts(figures.of_rollouts([rollout])) == [
        "rollout_info{name=shop,namespace=ns,phase=Paused,strategy=canary,traffic_router=Traefik} 1",
        "rollout_phase{name=shop,namespace=ns,phase=Paused,strategy=canary} 1",
        "rollout_info_replicas_available{name=shop,namespace=ns} 5",
        "rollout_info_replicas_unavailable{name=shop,namespace=ns} 0",
        "rollout_info_replicas_desired{name=shop,namespace=ns} 4",
        "rollout_info_replicas_updated{name=shop,namespace=ns} 1",
    ]


def test_pods_that_are_not_available_are_counted_as_such() -> None:
    rollout = decode_rollout(orjson.dumps(late().rollout))
    shown = {one.name.rpartition("_")[2]: one.value for one in figures.of_rollouts([rollout])}
    assert (shown["available"], shown["unavailable"], shown["desired"]) == (0, 4, 4)


@pytest.mark.parametrize(
    ("strategy", "strategy_label", "router"),
    [
        ({"blueGreen": {}}, "blueGreen", ""),
        ({"canary": {}}, "canary", ""),
        ({"canary": {"trafficRouting": {"nginx": {}}}}, "canary", "Nginx"),
        ({"canary": {"trafficRouting": {"istio": {}}}}, "canary", "Istio"),
        ({"canary": {"trafficRouting": {"plugins": {"example/proxy": {}}}}}, "canary", "example/proxy"),
    ],
)
def test_a_router_has_the_name_that_dashboards_know(strategy: Json, strategy_label: str, router: str) -> None:
    body = {"metadata": {"name": "shop", "namespace": "ns"}, "spec": {"strategy": strategy}}
    info = next(figures.of_rollouts([decode_rollout(orjson.dumps(body))]))
    assert (info.labels["strategy"], info.labels["traffic_router"]) == (strategy_label, router)


def test_an_analysis_run_has_its_phase_and_those_of_its_metrics() -> None:
    metrics = [
        {"name": "errors", "provider": {"prometheus": {"query": "up"}}},
        {"name": "own", "provider": {"web": {}}},
    ]
    results = [{"name": "errors", "phase": "Failed"}, {"name": "own", "phase": "Running", "dryRun": True}]
    body = {
        "metadata": {"name": "judge", "namespace": "ns"},
        "spec": {"metrics": metrics},
        "status": {"phase": "Running", "metricResults": results},
    }
    assert texts(figures.of_runs([decode_run(orjson.dumps(body))])) == [
        "analysis_run_info{name=judge,namespace=ns,phase=Running} 1",
        "analysis_run_phase{name=judge,namespace=ns,phase=Running} 1",
        "analysis_run_metric_type{metric=errors,name=judge,namespace=ns,type=Prometheus} 1",
        "analysis_run_metric_type{metric=own,name=judge,namespace=ns,type=WebMetric} 1",
        "analysis_run_metric_phase{dry_run=false,metric=errors,name=judge,namespace=ns,phase=Failed,type=Prometheus} 1",
        "analysis_run_metric_phase{dry_run=true,metric=own,name=judge,namespace=ns,phase=Running,type=WebMetric} 1",
    ]


def test_a_run_that_has_not_begun_is_pending() -> None:
    run = decode_run(b'{"metadata": {"name": "judge", "namespace": "ns"}, "spec": {}}')
    assert next(figures.of_runs([run])).labels["phase"] == "Pending"


SHOP = Meta(name="shop", namespace="ns")


class Counted:
    """What is counted about an object that is there, as a metrics page shows it."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.figures = figures.Figures(lambda kind, namespace, name: True, self.clock)

    def value(self, name: str, **labels: str) -> float | None:
        samples = (sample for family in self.figures._tallies.families() for sample in family.samples)
        wanted = {"namespace": "ns", "name": "shop", **labels}
        return next((each.value for each in samples if (each.name, each.labels) == (name, wanted)), None)


def test_the_duration_of_an_update_is_shown_with_and_without_its_waiting_for_people() -> None:
    counted = Counted()
    counted.figures.completed(SHOP, Completion("Promoted", seconds=100, paused_seconds=30))
    names = ("rollout_duration", "rollout_progression_duration", "rollout_manual_pause_duration")
    assert [counted.value(f"{name}_seconds_sum", status="Promoted") for name in names] == [100, 70, 30]


def test_events_are_counted_of_rollouts_alone() -> None:
    counted = Counted()
    for kind in (ROLLOUTS, EXPERIMENTS):
        counted.figures.happened(ObjectRef.of(kind, SHOP), "Normal", "RolloutPaused")
    assert counted.value("rollout_events_total", type="Normal", reason="RolloutPaused") == 1


@pytest.mark.parametrize(("error", "failures"), [(Transient("x"), 1), (Conflict("x"), None)])
def test_a_reconcile_is_timed_and_counted_as_failed_unless_somebody_was_faster(
    error: Exception, failures: float | None
) -> None:
    counted = Counted()

    def reconcile(key: str) -> None:
        counted.clock.advance(2)
        raise error

    with pytest.raises(type(error)):
        counted.figures.measured("rollout", reconcile)("ns/shop")
    assert counted.value("rollout_reconcile_sum") == 2
    assert counted.value("rollout_reconcile_error") == failures
