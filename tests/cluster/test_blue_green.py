"""A blue-green Rollout on a real API server: production traffic always has the endpoints of one whole version.

Judged, it has those of the version that was found good, by the analysis engine and a real Prometheus.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.kube.api import Resource
from reconciler.kube.objects import ANALYSIS_RUNS, SERVICES
from tests.cluster.analysis_engine import Analyses
from tests.cluster.rollouts_engine import Shop, until
from tests.e2e.invariants import Guard
from tests.testbed.access import Access
from tests.testbed.prometheus import Prometheus

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("rollout_crds")]
ENDPOINT_SLICES = Resource("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices")
STRATEGY = {"activeService": "live", "previewService": "next", "autoPromotionEnabled": False, "previewReplicaCount": 1}
HASH = "rollouts-pod-template-hash"
JUDGED = {
    "activeService": "live",
    "previewService": "next",
    "prePromotionAnalysis": {"templates": [{"templateName": "smoke"}]},
    "postPromotionAnalysis": {"templates": [{"templateName": "errors"}]},
    "abortScaleDownDelaySeconds": 0,
}


@pytest.fixture
def shop(control_plane: Access, namespace: str) -> Iterator[Shop]:
    shop = Shop(control_plane.kubeconfig, namespace)
    for name in ("live", "next"):
        control_plane.kubectl("-n", namespace, "create", "service", "clusterip", name, "--tcp=80")
        control_plane.kubectl("-n", namespace, "set", "selector", "service", name, "app=shop")
    shop.start()
    yield shop
    shop.stop()


@pytest.fixture
def analyses(control_plane: Access, namespace: str, prometheus: Prometheus) -> Iterator[Analyses]:
    analyses = Analyses(control_plane, namespace, prometheus.url)
    analyses.start()
    yield analyses
    analyses.stop()


def endpoints(shop: Shop) -> int:
    """Ready endpoints of the active Service."""
    slices = shop.cluster.list(ENDPOINT_SLICES, shop.namespace, label_selector="kubernetes.io/service-name=live")
    return sum(bool(each["conditions"].get("ready")) for found in slices for each in found.get("endpoints") or ())


def selects(shop: Shop, service: str) -> str:
    selector = shop.cluster.get(SERVICES, shop.namespace, service)["spec"]["selector"]
    return str(selector.get(HASH))


def test_deploy_update_promote_undo_abort_without_a_moment_with_fewer_endpoints(guard: Guard, shop: Shop) -> None:
    shop.create([], blueGreen={**STRATEGY, "scaleDownDelaySeconds": 60, "abortScaleDownDelaySeconds": 1})
    shop.reaches("Healthy", available=4)
    first = selects(shop, "live")
    until(lambda: endpoints(shop) == 4, lambda: str(endpoints(shop)))
    shop.says("set", "image", "shop", "web=shop:2")
    shop.reaches("Paused", updated=1, available=4)
    second = selects(shop, "next")
    assert selects(shop, "live") == first != second
    shop.says("promote", "shop")
    shop.reaches("Healthy", updated=4)
    assert selects(shop, "live") == second
    shop.says("undo", "shop")
    shop.reaches("Healthy", revision="3")
    assert selects(shop, "live") == first
    shop.says("set", "image", "shop", "web=shop:3")
    shop.reaches("Paused", updated=1)
    shop.says("abort", "shop")
    shop.reaches("Degraded", updated=0)
    assert selects(shop, "live") == first
    assert guard.check() >= 14
    assert set(shop.stored()["status"]["blueGreen"]) == {"activeSelector", "previewSelector"}


def verdicts(shop: Shop) -> dict[str, str]:
    """Kind of each AnalysisRun of the wanted version and its phase."""
    pod_hash = shop.stored()["status"]["currentPodHash"]
    runs = shop.cluster.list(ANALYSIS_RUNS, shop.namespace, label_selector=f"rollouts-pod-template-hash={pod_hash}")
    return {run["metadata"]["labels"]["rollout-type"]: run["status"]["phase"] for run in runs}


@pytest.mark.usefixtures("analyses")
def test_each_analysis_decides_about_its_side_of_the_cutover(guard: Guard, shop: Shop) -> None:
    shop.measures("smoke", 0.25)
    shop.measures("errors", 0.25)
    shop.create([], blueGreen=JUDGED)
    shop.reaches("Healthy", available=4)
    first = selects(shop, "live")

    shop.says("set", "image", "shop", "web=shop:2")
    shop.reaches("Degraded")
    assert "pre-promotion analysis phase error/failed" in shop.stored()["status"]["message"]
    assert (verdicts(shop), selects(shop, "live")) == ({"PrePromotion": "Failed"}, first)

    shop.measures("smoke", 0)
    shop.says("set", "image", "shop", "web=shop:3")
    shop.reaches("Degraded", revision="3")
    assert "post-promotion analysis phase error/failed" in shop.stored()["status"]["message"]
    assert verdicts(shop) == {"PrePromotion": "Successful", "PostPromotion": "Failed"}
    assert selects(shop, "live") == first, "the version that failed gave the traffic back"

    shop.measures("errors", 0)
    shop.says("set", "image", "shop", "web=shop:4")
    shop.reaches("Healthy", revision="4", updated=4)
    assert verdicts(shop) == {"PrePromotion": "Successful", "PostPromotion": "Successful"}
    assert selects(shop, "live") == selects(shop, "next") != first
    assert guard.check() >= 14
