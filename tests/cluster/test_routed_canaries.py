"""Canaries with a traffic router on a real API server: what its objects say, step by step, and what may never be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.kube.objects import INGRESSES, SERVICES, TRAEFIK_SERVICES
from tests.cluster.test_rollouts import Rollouts, a_rollout, named, running, selected, until
from tests.e2e.invariants import Guard
from tests.testbed.access import Access

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("rollout_crds")]


@pytest.fixture
def rollouts(control_plane: Access, namespace: str) -> Iterator[Rollouts]:
    for started in running(control_plane, namespace):
        for name in ("stable", "canary"):
            spec = {"selector": {"app": "shop"}, "ports": [{"port": 80}]}
            started.cluster.create(SERVICES, namespace, named("v1", "Service", name, spec))
        yield started


def test_traffic_follows_the_steps_goes_back_on_abort_and_over_on_promotion(guard: Guard, rollouts: Rollouts) -> None:
    weighted = {"weighted": {"services": [{"name": "stable", "port": 80}, {"name": "canary", "port": 80}]}}
    body = named(TRAEFIK_SERVICES.api_version, TRAEFIK_SERVICES.kind, "shop", weighted)
    rollouts.cluster.create(TRAEFIK_SERVICES, rollouts.namespace, body)
    routing = {"traefik": {"weightedTraefikServiceName": "shop"}}
    rollouts.create(
        a_rollout(
            [{"setWeight": 25}, {"pause": {}}],
            stableService="stable",
            canaryService="canary",
            trafficRouting=routing,
            abortScaleDownDelaySeconds=1,
            scaleDownDelaySeconds=1,
        )
    )
    rollouts.reaches("Healthy")
    until(lambda: weights(rollouts) == {"stable": 100, "canary": 0}, lambda: str(weights(rollouts)))
    rollouts.push("shop:2")
    status = rollouts.reaches("Paused")
    assert weights(rollouts) == {"stable": 75, "canary": 25}
    assert selected(rollouts, "canary") == status["currentPodHash"] != selected(rollouts, "stable")
    rollouts.patch({"status": {"abort": True}}, "status")
    rollouts.reaches("Degraded")
    assert weights(rollouts) == {"stable": 100, "canary": 0}
    assert selected(rollouts, "canary") == selected(rollouts, "stable") == status["stableRS"]
    until(lambda: rollouts.pods() == {"shop:1": 4}, lambda: str(rollouts.pods()))
    rollouts.patch({"status": {"abort": False}}, "status")
    rollouts.reaches("Paused", currentStepIndex=1)
    rollouts.patch({"status": {"promoteFull": True}}, "status")
    rollouts.reaches("Healthy")
    until(lambda: weights(rollouts) == {"stable": 100, "canary": 0}, lambda: str(weights(rollouts)))
    until(lambda: rollouts.pods() == {"shop:2": 4}, lambda: str(rollouts.pods()))
    assert guard.check() >= 20


def test_nginx_gets_a_canary_ingress_that_follows_the_weight(guard: Guard, rollouts: Rollouts) -> None:
    backend = {"service": {"name": "stable", "port": {"number": 80}}}
    rule = {"host": "shop.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    web = named(INGRESSES.api_version, INGRESSES.kind, "web", {"rules": [rule]})
    rollouts.cluster.create(INGRESSES, rollouts.namespace, web)
    routing = {"nginx": {"stableIngress": "web"}}
    services = {"stableService": "stable", "canaryService": "canary"}
    rollouts.create(a_rollout([{"setWeight": 30}, {"pause": {}}], trafficRouting=routing, **services))
    rollouts.reaches("Healthy")
    rollouts.push("shop:2")
    rollouts.reaches("Paused")
    made = rollouts.cluster.get(INGRESSES, rollouts.namespace, "shop-web-canary")
    assert made["metadata"]["annotations"]["nginx.ingress.kubernetes.io/canary-weight"] == "30"
    assert made["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"] == "canary"
    rollouts.patch({"status": {"promoteFull": True}}, "status")
    rollouts.reaches("Healthy")
    assert guard.check() >= 8


def test_a_canary_that_becomes_blue_green_within_an_update_leaves_its_route_in_order(rollouts: Rollouts) -> None:
    weighted = {"weighted": {"services": [{"name": "stable", "port": 80}, {"name": "canary", "port": 80}]}}
    body = named(TRAEFIK_SERVICES.api_version, TRAEFIK_SERVICES.kind, "shop", weighted)
    rollouts.cluster.create(TRAEFIK_SERVICES, rollouts.namespace, body)
    spec = {"selector": {"app": "shop"}, "ports": [{"port": 80}]}
    rollouts.cluster.create(SERVICES, rollouts.namespace, named("v1", "Service", "active", spec))
    routing = {"traefik": {"weightedTraefikServiceName": "shop"}}
    steps = [{"setWeight": 50}, {"pause": {}}]
    services = {"stableService": "stable", "canaryService": "canary"}
    rollouts.create(a_rollout(steps, trafficRouting=routing, dynamicStableScale=True, **services))
    rollouts.reaches("Healthy")
    rollouts.push("shop:2")
    rollouts.reaches("Paused")
    until(lambda: rollouts.pods() == {"shop:1": 2, "shop:2": 2}, lambda: str(rollouts.pods()))
    blue_green = {"activeService": "active", "autoPromotionEnabled": False, "scaleDownDelaySeconds": 1}
    rollouts.patch({"spec": {"strategy": {"canary": None, "blueGreen": blue_green}}})
    stable = rollouts.reaches("Paused", message="BlueGreenPause")["stableRS"]
    assert weights(rollouts) == {"stable": 100, "canary": 0}
    assert {selected(rollouts, name) for name in ("stable", "canary", "active")} == {stable}
    rollouts.patch({"status": {"pauseConditions": None}}, "status")
    rollouts.reaches("Healthy")
    until(lambda: rollouts.pods() == {"shop:2": 4}, lambda: str(rollouts.pods()))
    until(lambda: not selected(rollouts, "stable"), lambda: str(selected(rollouts, "stable")))


def weights(rollouts: Rollouts) -> dict[str, int | None]:
    found = rollouts.cluster.get(TRAEFIK_SERVICES, rollouts.namespace, "shop")
    return {entry["name"]: entry.get("weight") for entry in found["spec"]["weighted"]["services"]}
