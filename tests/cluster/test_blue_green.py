"""A blue-green Rollout on a real API server: production traffic always has the endpoints of one whole version."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from reconciler.kube.api import Resource
from reconciler.kube.objects import SERVICES
from tests.cluster.rollouts_engine import Shop, until
from tests.testbed.access import Access

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("rollout_crds")]
ENDPOINT_SLICES = Resource("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices")
STRATEGY = {"activeService": "live", "previewService": "next", "autoPromotionEnabled": False, "previewReplicaCount": 1}
HASH = "rollouts-pod-template-hash"


class Probe:
    """Counts ready endpoints of the active Service while a story goes on; `fewest` once there were all."""

    def __init__(self, shop: Shop) -> None:
        self._shop, self._stop, self.fewest = shop, threading.Event(), 4
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Probe:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.02):
            self.fewest = min(self.fewest, endpoints(self._shop))


@pytest.fixture
def shop(control_plane: Access, namespace: str) -> Iterator[Shop]:
    shop = Shop(control_plane.kubeconfig, namespace)
    for name in ("live", "next"):
        control_plane.kubectl("-n", namespace, "create", "service", "clusterip", name, "--tcp=80")
        control_plane.kubectl("-n", namespace, "set", "selector", "service", name, "app=shop")
    shop.start()
    yield shop
    shop.stop()


def endpoints(shop: Shop) -> int:
    """Ready endpoints of the active Service."""
    slices = shop.cluster.list(ENDPOINT_SLICES, shop.namespace, label_selector="kubernetes.io/service-name=live")
    return sum(bool(each["conditions"].get("ready")) for found in slices for each in found.get("endpoints") or ())


def selects(shop: Shop, service: str) -> str:
    selector = shop.cluster.get(SERVICES, shop.namespace, service)["spec"]["selector"]
    return str(selector.get(HASH))


def test_deploy_update_promote_undo_abort_without_a_moment_with_fewer_endpoints(shop: Shop) -> None:
    shop.create([], blueGreen={**STRATEGY, "scaleDownDelaySeconds": 60, "abortScaleDownDelaySeconds": 1})
    shop.reaches("Healthy", available=4)
    first = selects(shop, "live")
    until(lambda: endpoints(shop) == 4, lambda: str(endpoints(shop)))
    with Probe(shop) as probe:
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
    assert probe.fewest >= 4
    assert set(shop.stored()["status"]["blueGreen"]) == {"activeSelector", "previewSelector"}
