"""The example packages of the documentation, installed beside a running engine, on the sandbox's API server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.kube.client import HttpCluster
from reconciler.kube.objects import CONFIG_MAPS, ROLLOUTS, SERVICES
from reconciler.sandbox.server import Sandbox
from tests.cluster.rollouts_engine import Shop, until
from tests.packages import installed
from tests.properties.rollout_world import BETA

CRDS = Path(__file__).parents[3] / "manifests/crds"
NAMESPACE = "plugins"
APPROVAL = {"plugin": {"name": "example/approval", "config": {"approvers": ["ada"]}}}
ROUTING = {"plugins": {"example/configmap": {"configMap": "traffic"}}, "managedRoutes": [{"name": "beta"}]}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Sandbox() as server, installed("configmap-router", "approval-step"):
        cluster = HttpCluster.for_url(server.url)
        cluster.create(cluster.find("v1", "Namespace"), None, {"metadata": {"name": NAMESPACE}})
        definitions = cluster.find("apiextensions.k8s.io/v1", "CustomResourceDefinition")
        for name in ("rollouts", "experiments", "analysisruns"):
            crd = yaml.safe_load((CRDS / f"{name}.yaml").read_text())
            cluster.apply(definitions, None, crd["metadata"]["name"], crd)
        for name in ("ca", "st"):
            spec = {"selector": {"app": "shop"}, "ports": [{"port": 80}]}
            cluster.create(SERVICES, NAMESPACE, {"metadata": {"name": name}, "spec": spec})
        found = Shop(server.kubeconfig(tmp_path / "kubeconfig"), NAMESPACE)
        found.start()
        yield found
        found.stop()


def traffic(shop: Shop) -> dict[str, Any]:
    data = shop.cluster.get(CONFIG_MAPS, NAMESPACE, "traffic")["data"]
    return {key: json.loads(data[key]) for key in ("weights", "routes")}


def test_an_update_is_routed_by_one_package_and_waits_for_the_approval_of_another(shop: Shop) -> None:
    steps = [{"setWeight": 25}, BETA, APPROVAL]
    shop.create([], canary={"canaryService": "ca", "stableService": "st", "trafficRouting": ROUTING, "steps": steps})
    shop.reaches("Healthy")
    shop.says("set", "image", "shop", "web=shop:2")
    until(lambda: "waiting for ada" in asked(shop).get("message", ""), lambda: shop.says("get", "shop"))
    shares = {each["service"]: each["weight"] for each in traffic(shop)["weights"]}
    assert (shares, traffic(shop)["routes"][0]["name"]) == ({"ca": 25, "st": 75}, "beta")
    assert asked(shop)["status"] == {"asked": 1}

    version = shop.stored()["status"]["currentPodHash"]
    approval = {"metadata": {"annotations": {f"approved.example/{version}": "ada"}}}
    shop.cluster.patch(ROLLOUTS, NAMESPACE, "shop", approval)
    shop.reaches("Healthy")
    until(lambda: traffic(shop)["routes"] == [], lambda: str(traffic(shop)))
    assert asked(shop)["message"] == "approved by ada"


def asked(shop: Shop) -> dict[str, Any]:
    records = (shop.stored()["status"].get("canary") or {}).get("stepPluginStatuses") or [{}]
    return dict(records[0])
