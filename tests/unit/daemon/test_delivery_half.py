"""Nothing about Rollouts is decided while they are not known."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from reconciler.apps.record import Key
from reconciler.daemon.delivery import DeliveryHalf
from reconciler.daemon.guard import Everything
from reconciler.errors import Refused, Transient
from reconciler.http.client import HttpClient
from reconciler.kube.api import RawList, Resource
from reconciler.kube.client import HttpCluster
from reconciler.kube.events import EventRecorder
from reconciler.kube.objects import ROLLOUTS
from reconciler.rollouts.model import decode_rollout
from reconciler.rollouts.traffic import record
from reconciler.runtime.clock import SystemClock
from reconciler.sandbox.demo.manifests import definitions, folder
from reconciler.sandbox.server import Sandbox
from reconciler.workloads import keys
from tests.unit.daemon.world import PATIENCE_SECONDS

DEFINITIONS = Resource("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", False)
ROUTE = Key("traefik.io", "TraefikService", "default", "shop")
NOBODYS = Key("traefik.io", "TraefikService", "default", "other")


def a_half(url: str, cluster: HttpCluster | None = None) -> DeliveryHalf:
    cluster, clock = cluster or HttpCluster.for_url(url), SystemClock()
    return DeliveryHalf(
        cluster,
        clock,
        HttpClient("test"),
        EventRecorder(cluster, "test", clock),
        namespace=None,
        home="default",
        prometheus_url="",
        share=Everything(lambda: True),
    )


def synced(half: DeliveryHalf) -> DeliveryHalf:
    half.watch()
    clock = SystemClock()
    deadline = clock.monotonic() + PATIENCE_SECONDS
    while missing := half.missing():
        assert clock.monotonic() < deadline, missing
        clock.sleep(0.02)
    return half


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as found:
        yield found


def test_an_unreachable_cluster_decides_nothing_and_says_why() -> None:
    half = a_half("http://127.0.0.1:9")
    half.watch()
    assert half.missing().startswith("waiting for ")
    with pytest.raises(Transient, match="waiting for"):
        half.reconcile_rollout("default/shop")
    with pytest.raises(Transient, match="waiting for rollouts"):
        half.steers(ROUTE)
    half.stop()


def test_a_cluster_without_our_kinds_is_ready_and_names_them(sandbox: Sandbox) -> None:
    half = synced(a_half(sandbox.url))
    assert {"Rollout", "AnalysisRun", "AnalysisTemplate"} <= set(half.absent())
    assert not half.steers(ROUTE)
    assert half.shown.progress("default", "shop") is None
    half.stop()


def test_a_rollout_steers_its_route_and_no_other(sandbox: Sandbox) -> None:
    cluster = HttpCluster.for_url(sandbox.url)
    for definition in definitions():
        cluster.create(DEFINITIONS, None, definition)
    rollout = yaml.safe_load((folder() / "examples" / "shop" / "rollout.yaml").read_text())
    cluster.create(ROLLOUTS, "default", rollout)
    half = synced(a_half(sandbox.url))
    assert half.absent() == []
    assert (half.steers(ROUTE), half.steers(NOBODYS)) == (True, False)
    found = half.shown.progress("default", "shop")
    assert found is not None and found.images == ("registry.example/shop:1.0",)
    half.stop()


def test_a_rollout_steers_the_route_that_it_is_leaving_until_the_traffic_is_back(sandbox: Sandbox) -> None:
    cluster = HttpCluster.for_url(sandbox.url)
    for definition in definitions():
        cluster.create(DEFINITIONS, None, definition)
    rollout = yaml.safe_load((folder() / "examples" / "shop" / "rollout.yaml").read_text())
    canary = decode_rollout(orjson.dumps(rollout)).spec.strategy.canary
    assert canary is not None
    rollout["metadata"]["annotations"] = {keys.ROUTED_BY: record.written(canary)}
    rollout["spec"]["strategy"]["canary"]["trafficRouting"] = {"traefik": {"weightedTraefikServiceName": "other"}}
    cluster.create(ROLLOUTS, "default", rollout)
    half = synced(a_half(sandbox.url))
    assert (half.steers(ROUTE), half.steers(NOBODYS)) == (True, True)
    half.stop()


class MayNotListRoutes(HttpCluster):
    """An account without a right that only some Rollouts need."""

    def list_raw(self, resource: Resource, *where: Any, **selectors: str) -> RawList:
        if resource.kind == "TraefikService":
            raise Refused("may not list traefikservices")
        return super().list_raw(resource, *where, **selectors)


def test_a_kind_that_may_not_be_listed_holds_up_those_that_name_it_and_no_others(sandbox: Sandbox) -> None:
    cluster = MayNotListRoutes.for_url(sandbox.url)
    for definition in definitions():
        cluster.create(DEFINITIONS, None, definition)
    rollout = yaml.safe_load((folder() / "examples" / "shop" / "rollout.yaml").read_text())
    cluster.create(ROLLOUTS, "default", rollout)
    del rollout["spec"]["strategy"]["canary"]["trafficRouting"]
    cluster.create(ROLLOUTS, "default", {**rollout, "metadata": {"name": "plain"}})
    half = synced(a_half(sandbox.url, cluster))
    half.reconcile_rollout("default/plain")
    assert cluster.get(ROLLOUTS, "default", "plain")["status"]["observedGeneration"] == "1"
    with pytest.raises(Transient, match="waiting for traefikservices: may not list traefikservices"):
        half.reconcile_rollout("default/shop")
    half.stop()


def test_deployments_are_watched_once_a_rollout_takes_its_template_from_one(sandbox: Sandbox) -> None:
    cluster = HttpCluster.for_url(sandbox.url)
    for definition in definitions():
        cluster.create(DEFINITIONS, None, definition)
    half = synced(a_half(sandbox.url))
    assert not any(thread.name == "watch-deployments" for thread in threading.enumerate())
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"workloadRef": reference, "strategy": {"canary": {}}}
    body = {"apiVersion": ROLLOUTS.api_version, "kind": "Rollout", "metadata": {"name": "shop"}, "spec": spec}
    cluster.create(ROLLOUTS, "default", body)
    clock = SystemClock()
    deadline = clock.monotonic() + PATIENCE_SECONDS
    while not any(thread.name == "watch-deployments" for thread in threading.enumerate()):
        assert clock.monotonic() < deadline, "never watched"
        clock.sleep(0.02)
    half.stop()


def test_the_sample_that_these_tests_use_is_there() -> None:
    assert Path(folder() / "examples" / "shop" / "rollout.yaml").is_file()
