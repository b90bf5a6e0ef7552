"""`reconciler adopt` on a real control plane: the real Deployment controller, and every pod watched all the time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.kube.objects import PODS
from reconciler.workloads import keys
from tests.cluster.adopting import Deployed, EndpointWatch, PodWatch
from tests.cluster.rollouts_engine import Shop, until
from tests.testbed.access import Access

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("rollout_crds")]


@pytest.fixture
def shop(control_plane: Access, namespace: str) -> Iterator[Shop]:
    found = Shop(control_plane.kubeconfig, namespace)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def deployed(shop: Shop) -> Deployed:
    """Two versions old, four pods, two Services and an HPA."""
    found = Deployed(shop.cluster, shop.kubeconfig, shop.namespace)
    found.deploy("shop:0")
    found.deploy("shop:1")
    for name in ("live", "next"):
        found.serve(name)
    found.scale_automatically()
    until(lambda: len(shop.cluster.list(PODS, shop.namespace)) == 4, lambda: "old pods stay")
    return found


@pytest.fixture
def pods(deployed: Deployed) -> Iterator[PodWatch]:
    watch = PodWatch(deployed.cluster, deployed.namespace)
    watch.start()
    yield watch
    watch.stop()


@pytest.fixture
def reachable(deployed: Deployed) -> Iterator[EndpointWatch]:
    """What clients of the Service `live` can reach."""
    watch = EndpointWatch(deployed.cluster, deployed.namespace, "live")
    watch.start()
    until(lambda: watch.ready() == 4, lambda: f"{watch.ready()} addresses")
    watch.fewest = 4
    yield watch
    watch.stop()


def undisturbed(pods: PodWatch) -> bool:
    return (len(pods.seen), pods.fewest, pods.most) == (4, 4, 4)


def test_pods_never_notice_that_they_are_a_rollouts_now_and_a_deployments_again(
    shop: Shop, deployed: Deployed, pods: PodWatch, reachable: EndpointWatch, tmp_path: Path
) -> None:
    steps = [{"setWeight": 50}, {"pause": {}}]
    services = {"stableService": "live", "canaryService": "next"}
    deployed.adopt("--strategy", deployed.strategy(tmp_path, steps=steps, **services))
    shop.reaches("Healthy", available=4, revision="2")
    assert (deployed.exist(), deployed.scaled()) == ((False, True), "Rollout")
    until(lambda: keys.HASH in deployed.selector("live"), lambda: str(deployed.selector("live")))
    assert len(deployed.replica_sets("Rollout")) == 2
    assert undisturbed(pods), pods

    deployed.revert()
    deployed.complete(4)
    assert (deployed.exist(), deployed.scaled()) == ((True, False), "Deployment")
    assert keys.HASH not in {**deployed.selector("live"), **deployed.selector("next")}
    assert keys.HASH not in deployed.deployment()["spec"]["template"]["metadata"]["labels"]
    assert undisturbed(pods), pods
    assert reachable.fewest == 4

    deployed.adopt()
    shop.reaches("Healthy", available=4)
    assert undisturbed(pods), pods
    shop.says("restart", "shop")  # what a watch of pods looks like when something does happen
    until(lambda: not undisturbed(pods), lambda: "the watch saw no restart")


def test_a_version_that_the_engine_made_goes_back_as_it_is(
    control_plane: Access, shop: Shop, deployed: Deployed
) -> None:
    deployed.adopt()
    shop.says("set", "image", "shop", "web=shop:2")
    shop.says("status", "shop", "-t", "60s")
    until(lambda: len(shop.cluster.list(PODS, shop.namespace)) == 4, lambda: "old pods stay")
    watch = PodWatch(deployed.cluster, deployed.namespace)
    watch.start()
    deployed.revert()
    deployed.complete(4)
    watch.stop()
    assert undisturbed(watch), watch
    sets = {rs["metadata"]["name"] for rs in deployed.replica_sets("Deployment")}
    control_plane.kubectl("-n", deployed.namespace, "rollout", "undo", "deployment/shop")
    deployed.complete(4)  # with a version that came along
    assert {rs["metadata"]["name"] for rs in deployed.replica_sets("Deployment")} == sets
    deployed.deploy("shop:3")  # and a new one rolls out as any Deployment's


def test_a_deployment_that_stays_holds_the_template_and_no_pods(shop: Shop, deployed: Deployed, pods: PodWatch) -> None:
    deployed.adopt("--workload-ref", "--steps", "50,pause")
    shop.reaches("Healthy", available=4)
    assert deployed.deployment()["spec"]["replicas"] == 0
    assert undisturbed(pods), pods
    shop.says("set", "image", "shop", "web=shop:2")
    shop.reaches("Paused", step=1)


def test_and_gets_its_pods_back(shop: Shop, deployed: Deployed, pods: PodWatch) -> None:
    deployed.adopt("--workload-ref")
    shop.reaches("Healthy", available=4)
    deployed.revert()
    deployed.complete(4)
    assert deployed.exist() == (True, False)
    assert undisturbed(pods), pods


def test_an_undo_reaches_the_versions_of_the_deployment(shop: Shop, deployed: Deployed) -> None:
    deployed.adopt()
    assert "revision 1" in shop.says("undo", "shop")
    shop.says("status", "shop", "-t", "60s")
    images = {rs["spec"]["template"]["spec"]["containers"][0]["image"] for rs in deployed.replica_sets("Rollout")}
    assert images == {"shop:0", "shop:1"}
    assert shop.stored()["metadata"]["annotations"][keys.REVISION] == "3"


def test_a_deployment_becomes_a_blue_green_rollout_whose_service_follows(
    shop: Shop, deployed: Deployed, pods: PodWatch, reachable: EndpointWatch, tmp_path: Path
) -> None:
    services = {"activeService": "live", "previewService": "next", "autoPromotionEnabled": False}
    deployed.adopt("--strategy", deployed.strategy(tmp_path, "blueGreen", **services))
    shop.reaches("Healthy", available=4)
    assert keys.HASH in deployed.selector("live")
    assert undisturbed(pods), pods
    shop.says("set", "image", "shop", "web=shop:2")
    shop.reaches("Paused", message="BlueGreenPause")
    shop.says("promote", "shop")
    shop.reaches("Healthy")
    assert reachable.fewest == 4


@pytest.mark.parametrize("acts", [1, 2, 3])
def test_killed_after_any_act_the_same_command_goes_on(
    shop: Shop, deployed: Deployed, pods: PodWatch, acts: int
) -> None:
    deployed.kill_after(acts, "deployment/shop", "--yes", "--steps", "50,pause")
    deployed.adopt()
    shop.reaches("Healthy", available=4, steps=2)
    deployed.kill_after(acts, "--revert", "rollout/shop", "--yes")
    deployed.revert()
    deployed.complete(4)
    assert deployed.exist() == (True, False)
    assert undisturbed(pods), pods
