"""`reconciler rollouts …` on a real API server, with the engine running and pods of fake nodes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.rollouts_engine import Shop, until
from tests.testbed.access import Access

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("rollout_crds")]
STEPS = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]


@pytest.fixture
def shop(control_plane: Access, namespace: str) -> Iterator[Shop]:
    found = Shop(control_plane.kubeconfig, namespace)
    found.start()
    yield found
    found.stop()


def test_an_update_is_steered_from_the_first_pause_to_the_end_and_back(shop: Shop) -> None:
    shop.create(STEPS)
    assert shop.says("status", "shop", "-t", "60s").splitlines()[-1] == "Healthy"
    shop.says("set", "image", "shop", "web=shop:2")
    shop.reaches("Paused", step=1)
    shop.says("abort", "shop")
    assert shop.run("status", "shop", "-t", "60s").exit_code == 1
    shop.says("retry", "shop")
    shop.reaches("Paused", step=1)
    shop.says("promote", "shop")
    shop.reaches("Paused", step=3, actual_weight=50)
    shop.says("promote", "shop", "--full")
    shop.says("status", "shop", "-t", "60s")
    shop.says("undo", "shop")
    shop.reaches("Paused", step=1, revision="3")
    assert shop.stored()["spec"]["template"]["metadata"]["labels"] == {"app": "shop"}


def test_a_restart_replaces_every_pod_and_a_pause_freezes(shop: Shop) -> None:
    shop.create([])
    shop.says("status", "shop", "-t", "60s")
    asked = shop.says("restart", "shop")
    until(lambda: "restartedAt" in shop.stored()["status"], lambda: asked, seconds=120)
    shop.says("pause", "shop")
    shop.reaches("Paused", message="manually paused")
    shop.says("resume", "shop")
    shop.reaches("Healthy")


def test_get_shows_pods_and_a_plan_can_be_made_of_what_is_deployed(shop: Shop) -> None:
    shop.create(STEPS)
    shop.says("status", "shop", "-t", "60s")
    assert shop.says("get", "shop").count("ready:") == 4
    assert "step 2 waits until a person runs" in shop.says("plan", "shop")
