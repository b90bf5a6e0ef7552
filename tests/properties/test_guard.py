"""The replay that holds end-to-end runs against the invariants sees what breaks them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.workloads import keys
from tests.e2e.invariants import check
from tests.properties.invariants import Broken

Json = dict[str, Any]
Make = Callable[..., Json]


@pytest.fixture
def at() -> Make:
    """An object at the next resourceVersion."""
    versions = itertools.count(1)

    def make(kind: str, name: str, **body: Any) -> Json:
        metadata = {"name": name, "resourceVersion": str(next(versions)), "generation": 1, **body.pop("metadata", {})}
        return {"kind": kind, "metadata": metadata, **body}

    return make


def replica_set(at: Make, pod_hash: str, replicas: int, available: int) -> Json:
    labels = {"labels": {keys.HASH: pod_hash}}
    status = {"availableReplicas": available}
    return at("ReplicaSet", f"shop-{pod_hash}", metadata=labels, spec={"replicas": replicas}, status=status)


def service(at: Make, name: str, pod_hash: str) -> Json:
    return at("Service", name, spec={"selector": {keys.HASH: pod_hash}})


def weights(at: Make, canary: int) -> Json:
    services = [{"name": "shop-canary", "weight": canary}, {"name": "shop-stable", "weight": 100 - canary}]
    return at("TraefikService", "shop", spec={"weighted": {"services": services}})


def begun(at: Make) -> list[Json]:
    """Four stable pods get all traffic."""
    spec = {"replicas": 4, "strategy": {"canary": {"trafficRouting": {"traefik": {}}}}}
    rollout = at("Rollout", "shop", spec=spec, status={"stableRS": "old"})
    services = [service(at, name, "old") for name in ("shop-stable", "shop-canary")]
    return [rollout, replica_set(at, "old", 4, 4), *services, weights(at, 0)]


def test_a_canary_that_gets_pods_before_traffic_breaks_nothing(at: Make) -> None:
    history = [*begun(at), replica_set(at, "new", 0, 0), replica_set(at, "new", 1, 0), replica_set(at, "new", 1, 1)]
    history += [service(at, "shop-canary", "new"), weights(at, 25)]
    assert check("shop", history) == 3
    assert check("shop", reversed(history)) == 3, "the order of writes counts, not that of watches"


def test_traffic_to_a_version_without_pods_is_seen(at: Make) -> None:
    history = [*begun(at), replica_set(at, "new", 1, 0), service(at, "shop-canary", "new"), weights(at, 25)]
    with pytest.raises(Broken, match="has no pods"):
        check("shop", history)


def test_stable_pods_that_go_before_others_are_there_are_seen(at: Make) -> None:
    with pytest.raises(Broken, match="must stay"):
        check("shop", [*begun(at), replica_set(at, "old", 1, 4)])


def test_a_service_that_goes_back_and_forth_is_seen_unless_somebody_acted(at: Make) -> None:
    ready = [*begun(at), replica_set(at, "new", 4, 4), service(at, "shop-canary", "new")]
    running = at("AnalysisRun", "judge", status={"phase": "Running"})
    failed = at("AnalysisRun", "judge", status={"phase": "Failed"})
    back = service(at, "shop-canary", "old")
    with pytest.raises(Broken, match="flaps"):
        check("shop", [*ready, back])
    assert check("shop", [*ready, running, failed, back]) == 2
