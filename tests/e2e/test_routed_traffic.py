"""What only a real proxy with real requests can show of a routed canary: who answers, and that nobody is left out.

Traefik knows weights, also those of experiments. What it cannot carry (header routes, mirrors, Services that take
turns) is refused by name before anything is changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.e2e.ground import NAMESPACE
from tests.e2e.invariants import Guard
from tests.e2e.observer import Observer
from tests.e2e.routed import Routed, routed
from tests.e2e.world import canary_weight, wait_for
from tests.properties.invariants import available

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
MATCH = [{"headerName": "x-beta", "headerValue": {"exact": "1"}}]
REFUSED = {
    "header routes": {"steps": [{"setHeaderRoute": {"name": "beta", "match": MATCH}}]},
    "mirror routes": {"steps": [{"setMirrorRoute": {"name": "beta", "percentage": 10, "match": []}}]},
    "pingPong": {"pingPong": {"pingService": "shop-stable", "pongService": "shop-canary"}},
}
EXPERIMENT = {
    "duration": "14s",
    "scaleDownDelaySeconds": 3,
    "templates": [
        {"name": "baseline", "specRef": "stable", "weight": 15},
        {"name": "candidate", "specRef": "canary", "weight": 15},
    ],
}


@pytest.fixture(scope="module")
def bench() -> Iterator[Routed]:
    with routed(rate=40) as bench:
        yield bench


@pytest.fixture
def shop(bench: Routed) -> Iterator[Routed]:
    yield bench
    bench.delete()


@pytest.fixture
def guard(shop: Routed) -> Iterator[Guard]:
    with Guard(shop.ground.cluster, NAMESPACE, "shop") as guard:
        yield guard


def test_an_experiment_gets_its_share_of_the_requests_and_leaves_nothing_behind(guard: Guard, shop: Routed) -> None:
    steps = [{"setWeight": 20}, {"experiment": EXPERIMENT}, {"pause": {}}]
    shop.create(steps=steps, scaleDownDelaySeconds=2)
    since = time.monotonic()
    shop.push("shop:2")
    wait_for(lambda: len(shop.weights()) == 4, 60, lambda: str(shop.status()))
    experiment = shop.status()["canary"]["currentExperiment"]
    shares = shop.shares(6)
    wanted = {"shop-stable": 0.5, "shop-canary": 0.2, f"{experiment}-baseline": 0.15, f"{experiment}-candidate": 0.15}
    assert shares == pytest.approx(wanted, abs=0.03)
    shop.reaches("Paused", currentStepIndex=2)
    assert shop.weights() == {"shop-stable": 80, "shop-canary": 20}
    wait_for(lambda: not left(shop, experiment), 30, lambda: str(left(shop, experiment)))
    assert shop.shares(3) == pytest.approx({"shop-stable": 0.8, "shop-canary": 0.2}, abs=0.04)
    shop.ask(pauseConditions=None)
    shop.reaches("Healthy")
    wait_for(lambda: shop.weights() == {"shop-stable": 100, "shop-canary": 0}, 20, lambda: str(shop.weights()))
    time.sleep(1)
    assert shop.failures(since) == []
    assert guard.check() >= 15


def left(shop: Routed, experiment: str) -> list[Any]:
    """What of an Experiment is still there."""
    annotations = shop.read("traefik.io/v1alpha1/traefikservices/shop")["metadata"].get("annotations") or {}
    services = [each["metadata"]["name"] for each in shop.read("core/v1/services")["items"]]
    pods = [each["metadata"]["name"] for each in shop.read("core/v1/pods")["items"]]
    standing = [name for name, size in shop.sizes().items() if size and name.startswith(experiment)]
    ours = [name for name in (*services, *pods) if name.startswith(experiment)]
    return [*standing, *ours, *(key for key in annotations if key == "reconciler.dev/experiment-services")]


def test_an_abort_and_a_promotion_shift_traffic_no_faster_than_the_pods_of_either_version_grow(
    guard: Guard, shop: Routed
) -> None:
    shop.create(steps=[{"setWeight": 75}, {"pause": {}}], dynamicStableScale=True, abortScaleDownDelaySeconds=2)
    since = time.monotonic()
    with shares_and_pods(shop) as seen:
        shop.push("shop:2")
        status = shop.reaches("Paused", currentStepIndex=1)
        versions = {side: f"shop-{status[name]}" for side, name in (("old", "stableRS"), ("new", "currentPodHash"))}
        sized(shop, versions, old=1, new=3)
        assert shop.shares(4) == pytest.approx({"shop-stable": 0.25, "shop-canary": 0.75}, abs=0.04)
        shop.ask(abort=True)
        shop.reaches("Degraded")
        sized(shop, versions, old=4, new=0)
        assert shop.weights() == {"shop-stable": 100, "shop-canary": 0}
    told = seen()
    assert len(told) >= 3, f"it comes back step by step: {told}"
    assert [each for each in told if each[0] > 25 * each[1]] == []
    shop.ask(abort=False)
    shop.reaches("Paused", currentStepIndex=1)
    shop.ask(pauseConditions=None)
    shop.reaches("Healthy", currentStepIndex=2)
    sized(shop, versions, old=0, new=4)
    assert shop.shares(1)["shop-stable"] == 1
    assert shop.failures(since) == []
    assert guard.check() >= 20


def sized(shop: Routed, versions: dict[str, str], *, old: int, new: int) -> None:
    """Wait until that many pods of either version are asked for."""
    wanted = {versions["old"]: old, versions["new"]: new}
    wait_for(lambda: shop.sizes() == wanted, 40, lambda: str(shop.sizes()))


@contextmanager
def shares_and_pods(shop: Routed) -> Iterator[Callable[[], list[tuple[int, int]]]]:
    """Whenever the proxy is told a split: the stable version's percent, and its available pods."""
    stable = shop.status()["stableRS"]
    paths = ("/apis/traefik.io/v1alpha1/namespaces/{}/traefikservices", "/apis/apps/v1/namespaces/{}/replicasets")
    with ExitStack() as stack:
        watches = [stack.enter_context(Observer(shop.ground.cluster, path.format(NAMESPACE))) for path in paths]
        yield lambda: list(_told(stable, [found for watch in watches for found in watch.since(0)]))


def _told(stable: str, versions: list[Any]) -> Iterator[tuple[int, int]]:
    pods = 0
    for found in sorted(versions, key=lambda each: int(each["metadata"]["resourceVersion"])):
        if found["kind"] == "ReplicaSet" and found["metadata"]["name"] == f"shop-{stable}":
            pods = available(found)
        elif found["kind"] == "TraefikService" and pods:
            yield 100 - canary_weight(found), pods


def test_what_the_proxy_cannot_carry_is_refused_by_name_and_nobody_notices(shop: Routed) -> None:
    steps: list[Any] = [{"setWeight": 50}]
    shop.create(steps=steps)
    since, before = time.monotonic(), (shop.weights(), shop.sizes())
    for what, change in REFUSED.items():
        routes = {"trafficRouting": {"managedRoutes": [{"name": "beta"}]}}
        shop.patch({"spec": {"strategy": {"canary": {**routes, **change}}}})
        message = shop.reaches("Degraded")["message"]
        assert what in message, message
        assert "InvalidSpec" in message
        mended = {"steps": steps, "pingPong": None, "trafficRouting": {"managedRoutes": None}}
        shop.patch({"spec": {"strategy": {"canary": mended}}})
        shop.reaches("Healthy")
    assert (shop.weights(), shop.sizes()) == before
    assert shop.failures(since) == []
