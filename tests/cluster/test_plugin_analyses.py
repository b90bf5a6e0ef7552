"""As `test_plugin`, for a canary whose traffic is routed and that is judged while it goes on and by one of its steps.

Then the share that was asked for, the one that is, and each AnalysisRun with its counts are shown beside the pods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from reconciler.kube.objects import TRAEFIK_SERVICES
from tests.cluster.acts import HEALTHY, Act, both, tell
from tests.cluster.analysis_engine import Analyses
from tests.cluster.clients import Client, Theirs
from tests.cluster.rollouts_engine import Shop
from tests.testbed import traefik
from tests.testbed.access import Access
from tests.testbed.prometheus import Prometheus

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("rollout_crds")]
CANARY = {
    "stableService": "live",
    "canaryService": "next",
    "trafficRouting": {"traefik": {"weightedTraefikServiceName": "shop"}},
    "scaleDownDelaySeconds": 1,
    "abortScaleDownDelaySeconds": 1,
    "analysis": {"templates": [{"templateName": "watch"}]},
    "steps": [
        {"setWeight": 25},
        {"analysis": {"templates": [{"templateName": "smoke"}]}},
        {"pause": {}},
        {"setWeight": 50},
        {"pause": {}},
    ],
}


def paused(step: int, weight: int, updated: int) -> dict[str, str]:
    where = {"Step": f"{step}/5", "SetWeight": str(weight), "ActualWeight": str(weight), "Updated": str(updated)}
    return {"Status": "॥ Paused", "Message": "CanaryPauseStep", **where, "Desired": "4", "Current": str(4 + updated)}


def given_up(revision: int, why: str = "") -> dict[str, str]:
    message = f"RolloutAborted: Rollout aborted update to revision {revision}{why}"
    where = {"Step": "0/5", "SetWeight": "0", "ActualWeight": "0", "Updated": "0", "Available": "4", "Current": "4"}
    return {"Status": "✖ Degraded", "Message": message, **where}


def find(smoke: float, watch: float) -> Callable[[Shop], None]:
    """What either template finds from now on; the one in the background fails once the step is judged."""

    def change(shop: Shop) -> None:
        shop.measures("smoke", smoke)
        shop.measures("watch", watch, interval="1h", initialDelay="4s" if watch else None)

    return change


DONE = {**HEALTHY, "Strategy": "Canary", "Step": "5/5", "SetWeight": "100", "ActualWeight": "100"}
GOES_ON, GOOD, BAD = ("◌ Running", "✔ 1"), ("✔ Successful", "✔ 1"), ("✖ Failed", "✖ 1")
ASSESSED = (
    'analysis phase error/failed: Metric "errors" assessed Failed due to failed (1) > failureLimit (0) '
    "(errors measured [0.25]; successCondition: result[0] < 0.1)"
)
TWO = ("shop:2 (canary)", "shop:1 (stable)")
THREE = ("shop:3 (canary)", "shop:2 (stable)")
STORY = (
    Act("", DONE, ("shop:1 (stable)",)),
    Act("set image shop web=shop:2", paused(2, 25, 1), TWO, {"2": GOES_ON, "2-1": GOOD}),
    Act("abort shop", given_up(2), ("shop:1 (stable)",), {"2": GOOD, "2-1": GOOD}),
    Act("retry rollout shop", paused(2, 25, 1), TWO, {"2": GOOD, "2.1": GOES_ON, "2-1": GOOD, "2-1.1": GOOD}),
    Act("promote shop", paused(4, 50, 2), TWO, {"2.1": GOES_ON}),
    Act("promote shop --full", DONE, ("shop:2 (stable)",), {"2.1": GOOD}),
    Act("set image shop web=shop:3", paused(2, 25, 1), THREE, {"3": GOES_ON, "3-1": GOOD}),
    Act("promote shop --skip-current-step", paused(4, 50, 2), THREE, {"3": GOES_ON}),
    Act("promote shop --skip-all-steps", DONE, ("shop:3 (stable)",), {"3": GOOD}),
    Act(
        "set image shop web=shop:4",
        given_up(4, f": Step-based {ASSESSED}"),
        ("shop:3 (stable)",),
        {"4": GOOD, "4-1": BAD},
        before=find(smoke=0.25, watch=0),
    ),
    Act(
        "retry rollout shop",
        given_up(4, f": Background {ASSESSED}"),
        ("shop:3 (stable)",),
        {"4-1.1": GOOD, "4.1": BAD},
        before=find(smoke=0, watch=0.25),
    ),
    Act("undo shop", DONE, ("shop:3 (stable)",)),
)


@pytest.fixture
def clients(
    control_plane: Access, namespace: str, rollouts_plugin: Path, prometheus: Prometheus
) -> Iterator[tuple[Client, Theirs]]:
    """Each with a proxy's object, an analysis engine, and templates that find nothing wrong."""
    traefik.define(control_plane)
    with ExitStack() as stack:
        pair = stack.enter_context(both(control_plane, namespace, rollouts_plugin))
        for client in pair:
            analyses = Analyses(control_plane, client.shop.namespace, prometheus.url)
            analyses.start()
            stack.callback(analyses.stop)
            prepare(client.shop)
        yield pair


def prepare(shop: Shop) -> None:
    weighted = {"services": [{"name": "live", "port": 80}, {"name": "next", "port": 80}]}
    body = {"apiVersion": TRAEFIK_SERVICES.api_version, "kind": TRAEFIK_SERVICES.kind, "metadata": {"name": "shop"}}
    shop.cluster.create(TRAEFIK_SERVICES, shop.namespace, {**body, "spec": {"weighted": weighted}})
    find(smoke=0, watch=0)(shop)
    shop.create([], canary=CANARY)


def test_a_routed_and_judged_canary_goes_the_same_way_by_either_client(clients: tuple[Client, Theirs]) -> None:
    tell(STORY, *clients)
