"""`kubectl argo rollouts` and `reconciler rollouts` on the real API server: the same acts, states and words.

Two namespaces are steered through the same story, one by each client. After every act both Rollouts have the same
status, the established client shows what its rules say (spec rollouts §11.4), and ours shows the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.acts import HEALTHY, Act, both, same_status, tell
from tests.cluster.clients import Client, Theirs
from tests.cluster.rollouts_engine import until
from tests.testbed.access import Access

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("rollout_crds")]
STEPS = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]


def paused(step: int, weight: int, updated: int, message: str = "CanaryPauseStep") -> dict[str, str]:
    where = {"Step": f"{step}/4", "SetWeight": str(weight), "ActualWeight": str(weight), "Updated": str(updated)}
    return {"Status": "॥ Paused", "Message": message, **where, "Desired": "4", "Current": "4", "Available": "4"}


def aborted(revision: int) -> dict[str, str]:
    message = f"RolloutAborted: Rollout aborted update to revision {revision}"
    where = {"Step": "0/4", "SetWeight": "0", "ActualWeight": "0", "Updated": "0", "Available": "4"}
    return {"Status": "✖ Degraded", "Message": message, **where}


DONE = {**HEALTHY, "Strategy": "Canary", "Step": "4/4", "SetWeight": "100", "ActualWeight": "100"}
CANARY = (
    Act("", DONE, ("shop:1 (stable)",)),
    Act("set image shop web=shop:2", paused(1, 25, 1), ("shop:2 (canary)", "shop:1 (stable)")),
    Act("pause shop", paused(1, 25, 1, "manually paused"), ("shop:2 (canary)", "shop:1 (stable)")),
    Act("promote shop", paused(3, 50, 2), ("shop:2 (canary)", "shop:1 (stable)")),
    Act("abort shop", aborted(2), ("shop:1 (stable)",)),
    Act("retry rollout shop", paused(1, 25, 1), ("shop:2 (canary)", "shop:1 (stable)")),
    Act("promote shop --full", DONE, ("shop:2 (stable)",)),
    Act("undo shop", paused(1, 25, 1), ("shop:1 (canary)", "shop:2 (stable)")),
    Act("abort shop", aborted(3), ("shop:2 (stable)",)),
    Act("undo shop", DONE, ("shop:2 (stable)",)),
    Act("undo shop --to-revision=3", paused(1, 25, 1), ("shop:1 (canary)", "shop:2 (stable)")),
    Act("promote shop --full", DONE, ("shop:1 (stable)",)),
)

LIVE = {**HEALTHY, "Strategy": "BlueGreen"}
WAITS = {"Status": "॥ Paused", "Message": "BlueGreenPause", "Desired": "4", "Current": "8", "Updated": "4"}
BLUE_GREEN = (
    Act("", LIVE, ("shop:1 (stable, active)",)),
    Act("set image shop web=shop:2", WAITS, ("shop:1 (stable, active)", "shop:2 (preview)")),
    Act("abort shop", {"Status": "✖ Degraded", "Current": "4"}, ("shop:1 (stable, active)",)),
    Act("retry rollout shop", WAITS, ("shop:1 (stable, active)", "shop:2 (preview)")),
    Act("promote shop", LIVE, ("shop:2 (stable, active)",)),
    Act("undo shop", WAITS, ("shop:2 (stable, active)", "shop:1 (preview)")),
    Act("promote shop --full", LIVE, ("shop:1 (stable, active)",)),
)


@pytest.fixture
def clients(control_plane: Access, namespace: str, rollouts_plugin: Path) -> Iterator[tuple[Client, Theirs]]:
    with both(control_plane, namespace, rollouts_plugin) as pair:
        yield pair


def test_a_canary_goes_the_same_way_by_either_client(clients: tuple[Client, Theirs]) -> None:
    for client in clients:
        client.shop.create(STEPS)
    tell(CANARY, *clients)


def test_a_blue_green_rollout_goes_the_same_way_by_either_client(clients: tuple[Client, Theirs]) -> None:
    strategy = {"activeService": "live", "previewService": "next", "autoPromotionEnabled": False}
    delays = {"scaleDownDelaySeconds": 1, "abortScaleDownDelaySeconds": 1}
    for client in clients:
        client.shop.create([], blueGreen={**strategy, **delays})
    tell(BLUE_GREEN, *clients)


def test_a_restart_by_either_client_ends_the_same(clients: tuple[Client, Theirs]) -> None:
    for client in clients:
        client.shop.create([])
        client.shop.reaches("Healthy", available=4)
        client.do("restart", "shop")
    for client in clients:
        until(lambda shop=client.shop: "restartedAt" in shop.stored()["status"], lambda: "no restart", seconds=120)
        client.shop.reaches("Healthy", available=4)
    same_status(*clients)
