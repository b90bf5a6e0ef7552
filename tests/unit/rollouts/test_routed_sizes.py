"""Pods and traffic of a routed canary when one cannot follow the other: broken routers, missing pods, no replicas."""

from __future__ import annotations

from datetime import timedelta

from reconciler.workloads import keys
from tests.properties.rollout_world import Cluster, Json
from tests.unit.rollouts.test_canary_options import size
from tests.unit.rollouts.test_requests_of_users import an_update, ask
from tests.unit.rollouts.test_traffic_safety import lose, replica_set, weights

PAUSE: Json = {"pause": {}}
DOWN = [{"setWeight": 60}, PAUSE, {"setWeight": 20}, PAUSE]


def paused(*steps: Json, dynamic: bool = False) -> Cluster:
    return an_update(list(steps), traefik=True, replicas=5, canary={"dynamicStableScale": True} if dynamic else {})


def test_a_canary_keeps_the_pods_for_traffic_that_a_broken_router_still_sends_to_it() -> None:
    cluster = paused(*DOWN)
    weighted = cluster.objects["TraefikService", "shop"]["spec"]["weighted"]
    cluster.patch("TraefikService", "shop", {"spec": {"weighted": {"services": []}}})
    ask(cluster, pauseConditions=None)
    assert size(cluster, 2) == 3
    cluster.patch("TraefikService", "shop", {"spec": {"weighted": weighted}})
    cluster.converge()
    assert (weights(cluster)["ca"], size(cluster, 2)) == (20, 1)


def test_a_weight_goes_down_although_the_canary_lacks_a_pod() -> None:
    cluster = paused(*DOWN)
    lose(cluster, "img:2", 2)
    cluster.user("promote", {"status": {"pauseConditions": None}})
    for _ in range(2):
        cluster.reconcile()
    assert weights(cluster) == {"st": 80, "ca": 20}


def test_an_aborted_dynamic_update_can_be_scaled_to_nothing() -> None:
    cluster = paused(*DOWN[:2], dynamic=True)
    lose(cluster, "img:1", 1)
    cluster.user("abort and scale", {"spec": {"replicas": 0}, "status": {"abort": True}})
    cluster.converge()
    assert (size(cluster, 1), size(cluster, 2), weights(cluster)["ca"]) == (0, 0, 0)


def test_a_full_promotion_with_more_pods_than_replicas_sends_all_traffic_and_no_more() -> None:
    cluster = paused({"setCanaryScale": {"replicas": 5}}, {"setWeight": 20}, PAUSE, dynamic=True)
    cluster.user("full and scale", {"spec": {"replicas": 3}, "status": {"promoteFull": True}})
    cluster.reconcile()
    assert weights(cluster) == {"st": 0, "ca": 100}


def test_an_abort_takes_a_fixed_size_back() -> None:
    cluster = paused({"setCanaryScale": {"replicas": 3}}, PAUSE, dynamic=True)
    assert size(cluster, 2) == 3
    ask(cluster, abort=True)
    assert size(cluster, 2) == 0


def test_who_gives_an_aborted_canary_its_time_knows_when_that_is_over() -> None:
    cluster = paused(*DOWN[:2])
    cluster.user("abort", {"status": {"abort": True}})
    while keys.DEADLINE not in replica_set(cluster, "img:2")["metadata"]["annotations"]:
        decision = cluster.reconcile()
        cluster.run_pods()
    assert decision.wake_at == cluster.now + timedelta(seconds=30)
