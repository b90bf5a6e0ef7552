"""Options of a canary that change how many pods it has, and when: each alone, against what it is without."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.rollouts.canary.desired import enough
from reconciler.rollouts.strategy_model import ProgressThreshold
from reconciler.workloads import keys
from tests.properties.rollout_world import Cluster, Json, a_cluster, template
from tests.unit.rollouts.test_requests_of_users import an_update, ask, push
from tests.unit.rollouts.test_traffic_safety import canary_service, hash_of, replica_set, weights

PAUSE: Json = {"pause": {}}


def size(cluster: Cluster, version: int) -> int:
    return int(replica_set(cluster, f"img:{version}")["spec"]["replicas"])


def routed(*steps: Json, replicas: int = 10, **canary: Any) -> Cluster:
    return an_update(list(steps), traefik=True, replicas=replicas, canary=canary)


@pytest.mark.parametrize(("least", "replicas", "pods"), [(None, 10, 1), (3, 10, 3), (30, 10, 10), (2, 1, 1)])
def test_a_canary_under_a_router_has_at_least_so_many_pods(least: int | None, replicas: int, pods: int) -> None:
    cluster = routed({"setWeight": 5}, PAUSE, replicas=replicas, minPodsPerReplicaSet=least)
    assert size(cluster, 2) == pods


@pytest.mark.parametrize(
    ("scale", "pods"),
    [
        ({"weight": 30}, 3),
        ({"weight": 31}, 4),
        ({"replicas": 2}, 2),
        ({"replicas": 0}, 0),
        ({"matchTrafficWeight": True}, 6),
    ],
    ids=str,
)
def test_a_canary_has_the_pods_that_its_last_scale_says_whatever_its_weight(scale: Json, pods: int) -> None:
    earlier: Json = {"setCanaryScale": {"replicas": 5}}
    cluster = routed(earlier, {"setCanaryScale": scale}, {"pause": {"duration": 1}}, {"setWeight": 60}, PAUSE)
    cluster.wait(2)
    assert size(cluster, 2) == pods


def test_a_canary_without_weight_has_no_pods_for_it() -> None:
    assert size(routed({"setWeight": 0}, PAUSE, minPodsPerReplicaSet=3), 2) == 0


def test_a_shrinking_stable_version_keeps_at_least_so_many_pods() -> None:
    cluster = routed({"setWeight": 95}, PAUSE, minPodsPerReplicaSet=3, dynamicStableScale=True)
    assert (size(cluster, 1), size(cluster, 2)) == (3, 10)


@pytest.mark.parametrize(
    ("kind", "value", "available", "wanted", "met"),
    [
        ("Percent", 90, 9, 10, True),
        ("Percent", 90, 8, 10, False),
        ("Percent", 90, 0, 0, True),
        ("Pods", 3, 3, 10, True),
        ("Pods", 3, 2, 10, False),
        ("Pods", 30, 10, 10, True),
        ("Percent", -1, 9, 10, False),
        ("Percent", 0, 0, 10, True),
        ("Pods", -1, 9, 10, False),
        ("Pods", 0, 0, 10, True),
    ],
)
def test_how_many_pods_count_as_all(kind: str, value: int, available: int, wanted: int, met: bool) -> None:
    assert enough(ProgressThreshold(type=kind, value=value), available, wanted) is met


@pytest.mark.parametrize(
    ("threshold", "index"),
    [
        (None, 0),
        ({"type": "Percent", "value": 75}, 1),
        ({"type": "Percent", "value": 80}, 0),
        ({"type": "Pods", "value": 3}, 1),
        ({"type": "Pods", "value": 4}, 0),
    ],
    ids=str,
)
def test_an_update_goes_on_with_a_few_pods_missing_where_that_was_allowed(threshold: Json | None, index: int) -> None:
    canary = {"replicaProgressThreshold": threshold} if threshold else {}
    cluster = an_update([PAUSE, {"setWeight": 40}, PAUSE], traefik=True, replicas=10, canary=canary)
    cluster.user("promote", {"status": {"pauseConditions": None}})
    for _ in range(8):
        cluster.reconcile()
        for version in (1, 2):
            rs = replica_set(cluster, f"img:{version}")
            ready = min(rs["spec"]["replicas"], 3) if version == 2 else rs["spec"]["replicas"]
            counts = {"replicas": rs["spec"]["replicas"], "readyReplicas": ready, "availableReplicas": ready}
            if rs.get("status", {}).get("availableReplicas") != ready or rs["status"]["replicas"] != counts["replicas"]:
                cluster.put("ReplicaSet", {**rs, "status": counts})
    assert cluster.status["currentStepIndex"] == 1 + index


def test_without_a_router_a_weight_is_reached_when_the_stable_pods_are_as_few_as_it_says() -> None:
    """Pods that are still going answer requests, so that the canary has not its share yet."""
    cluster = a_cluster(steps=[{"setWeight": 50}, PAUSE], canary={"maxSurge": 4})
    cluster.converge()
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    cluster.reconcile()
    for going, index in ((2, 0), (1, 0), (0, 1)):
        for _ in range(4):
            stable, canary = replica_set(cluster, "img:1"), replica_set(cluster, "img:2")
            set_pods(cluster, stable, stable["spec"]["replicas"] + going)
            set_pods(cluster, canary, canary["spec"]["replicas"])
            cluster.reconcile()
        assert (size(cluster, 1), size(cluster, 2), cluster.status["currentStepIndex"]) == (2, 2, index)


def set_pods(cluster: Cluster, rs: Json, number: int) -> None:
    counts = {"replicas": number, "readyReplicas": number, "availableReplicas": number}
    cluster.put("ReplicaSet", {**rs, "status": {**counts, "observedGeneration": rs["metadata"]["generation"]}})


@pytest.mark.parametrize(("limit", "kept"), [(None, [True, True]), (1, [False, True]), (0, [False, False])])
def test_only_so_many_old_versions_keep_their_pods_for_the_delay(limit: int | None, kept: list[bool]) -> None:
    """The newest first."""
    canary = {} if limit is None else {"scaleDownDelayRevisionLimit": limit}
    cluster = routed({"setWeight": 20}, PAUSE, replicas=5, **canary)
    for version in (3, 4):
        push(cluster, version)
    assert [size(cluster, version) > 0 for version in (2, 3)] == kept
    cluster.wait(31)
    assert [size(cluster, version) for version in (2, 3)] == [0, 0]


def test_weights_count_in_hundredths_of_the_largest() -> None:
    routing = {"nginx": {"stableIngress": "web"}, "maxTrafficWeight": 1000}
    cluster = an_update([{"setWeight": 25}, PAUSE], traefik=True, replicas=10)
    rules = [{"http": {"paths": [{"backend": {"service": {"name": "st"}}}]}}]
    cluster.put("Ingress", {"metadata": {"name": "web"}, "spec": {"rules": rules}})
    cluster.user("nginx", {"spec": {"strategy": {"canary": {"trafficRouting": {"traefik": None, **routing}}}}})
    push(cluster, 3)
    annotations = cluster.objects["Ingress", "shop-web-canary"]["metadata"]["annotations"]
    found = {key.partition("/")[2]: value for key, value in annotations.items()}
    assert (found["canary-weight"], found["canary-weight-total"], size(cluster, 3)) == ("25", "1000", 1)


def test_an_aborted_dynamic_update_never_takes_a_pod_from_the_stable_version() -> None:
    """Its traffic leaves as the stable version grows, and finds the canary until the last of it has left."""
    cluster = routed({"setWeight": 20}, {"setWeight": 60}, PAUSE, replicas=5, dynamicStableScale=True)
    assert size(cluster, 1) == 2
    seen, shares = [], []
    cluster.user("abort", {"status": {"abort": True}})
    for _ in range(12):
        cluster.reconcile()
        cluster.run_pods(most=1)
        seen.append(size(cluster, 1))
        shares.append(weights(cluster)["ca"])
        assert shares[-1] == 0 or canary_service(cluster) == hash_of(cluster, "img:2")
    assert canary_service(cluster) == hash_of(cluster, "img:1")
    assert seen == sorted(seen)
    assert seen[-1] == 5
    assert shares == sorted(shares, reverse=True)
    assert (shares[0], shares[-1]) == (60, 0)


@pytest.mark.parametrize(("delay", "kept"), [(None, 0), (30, 3), (0, 3)])
def test_an_aborted_dynamic_canary_keeps_its_pods_only_where_a_delay_is_written(delay: int | None, kept: int) -> None:
    canary = {} if delay is None else {"abortScaleDownDelaySeconds": delay}
    fixed: Json = {"setCanaryScale": {"replicas": 3}}
    cluster = routed(fixed, {"setWeight": 60}, PAUSE, replicas=5, dynamicStableScale=True, **canary)
    ask(cluster, abort=True)
    assert (size(cluster, 1), size(cluster, 2)) == (5, kept)


def test_a_canary_that_an_abort_is_to_keep_is_there_until_the_next_version() -> None:
    cluster = routed({"setWeight": 40}, PAUSE, replicas=5, abortScaleDownDelaySeconds=0)
    ask(cluster, abort=True)
    cluster.wait(600)
    assert (size(cluster, 2), weights(cluster)["ca"]) == (2, 0)
    push(cluster, 3)
    cluster.wait(31)
    assert size(cluster, 2) == 0


def test_the_delay_after_an_abort_begins_when_the_stable_version_has_all_the_traffic_and_all_its_pods() -> None:
    cluster = routed({"setWeight": 40}, PAUSE, replicas=5, abortScaleDownDelaySeconds=3)
    stable = replica_set(cluster, "img:1")
    cluster.put("ReplicaSet", {**stable, "status": stable["status"] | {"availableReplicas": 4, "readyReplicas": 4}})
    cluster.user("abort", {"status": {"abort": True}})
    for _ in range(4):
        cluster.reconcile()
    assert keys.DEADLINE not in replica_set(cluster, "img:2")["metadata"]["annotations"]
    cluster.converge()
    assert keys.DEADLINE in replica_set(cluster, "img:2")["metadata"]["annotations"]
