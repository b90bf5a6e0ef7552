"""What goes with a change of size: deadlines, the replicas it was made for, and capacity (spec rollouts §2.10, §3)."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.workloads import keys
from tests.properties.rollout_world import Cluster, Json
from tests.unit.rollouts.test_requests_of_users import an_update, ask
from tests.unit.rollouts.test_traffic_safety import lose, replica_set, weights

PAUSE: Json = {"pause": {}}


def routed(*steps: Json, **canary: Any) -> Cluster:
    return an_update(list(steps), traefik=True, replicas=5, canary=canary)


def size(cluster: Cluster, version: int) -> int:
    return int(replica_set(cluster, f"img:{version}")["spec"]["replicas"])


def annotation(cluster: Cluster, version: int, key: str) -> str | None:
    found: str | None = replica_set(cluster, f"img:{version}")["metadata"]["annotations"].get(key)
    return found


def test_a_version_without_pods_has_no_deadline_and_gets_none() -> None:
    cluster = routed({"setWeight": 20})
    assert (size(cluster, 1), annotation(cluster, 1, keys.DEADLINE)) == (5, "2026-01-01T00:00:30Z")
    cluster.wait(31)
    assert (size(cluster, 1), annotation(cluster, 1, keys.DEADLINE)) == (0, None)
    cluster.wait(31)
    assert annotation(cluster, 1, keys.DEADLINE) is None
    assert cluster.decide().intents == ()


def test_a_version_that_is_wanted_again_loses_its_deadline() -> None:
    cluster = routed({"setWeight": 20}, PAUSE)
    ask(cluster, abort=True)
    assert annotation(cluster, 2, keys.DEADLINE) == "2026-01-01T00:00:30Z"
    ask(cluster, abort=False)
    assert annotation(cluster, 2, keys.DEADLINE) is None


@pytest.mark.parametrize("aborted", [False, True], ids=["under way", "aborted"])
def test_a_version_of_a_fixed_size_knows_the_number_of_replicas_too(aborted: bool) -> None:
    cluster = routed({"setCanaryScale": {"replicas": 2}}, {"setWeight": 20}, PAUSE)
    ask(cluster, abort=aborted)
    cluster.user("scale", {"spec": {"replicas": 8}})
    cluster.converge()
    assert [size(cluster, version) for version in (1, 2)] == [8, 2]
    assert [annotation(cluster, version, keys.DESIRED_REPLICAS) for version in (1, 2)] == ["8", "8"]


def test_a_stable_version_whose_traffic_has_moved_keeps_the_pods_that_the_canary_has_just_lost() -> None:
    cluster = routed({"setWeight": 20}, PAUSE, {"setWeight": 80}, PAUSE, dynamicStableScale=True)
    cluster.user("promote", {"status": {"pauseConditions": None}})
    while weights(cluster)["ca"] < 80:
        cluster.reconcile()
        cluster.run_pods()
    assert size(cluster, 1) > 1
    lose(cluster, "img:2", 1)
    for _ in range(5):
        cluster.reconcile()
    assert size(cluster, 1) == 3  # of five pods one may be missing, and the canary has one
