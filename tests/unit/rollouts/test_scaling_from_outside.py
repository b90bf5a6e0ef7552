"""An autoscaler writes another number of replicas whenever it likes, also in an update (spec rollouts §2.10, §10)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.rollout_world import Cluster, Json, a_cluster, template

STEPS: list[Json] = [{"setWeight": 50}, {"pause": {}}, {"setWeight": 75}, {"pause": {}}]


def paused_at_half(*, traefik: bool = False, **canary: Any) -> Cluster:
    """An update of four pods that waits at its first pause."""
    cluster = a_cluster(steps=STEPS, traefik=traefik, canary=canary)
    cluster.converge()
    cluster.user("update", {"spec": {"template": template("img:2")}})
    cluster.converge()
    return cluster


def scale(cluster: Cluster, replicas: int) -> None:
    cluster.user(f"scale {replicas}", {"spec": {"replicas": replicas}})
    cluster.converge()


def pods(cluster: Cluster) -> dict[str, int]:
    """Pods asked for, by image."""
    sets = [body["spec"] for (kind, _), body in cluster.objects.items() if kind == "ReplicaSet"]
    return {each["template"]["spec"]["containers"][0]["image"]: each["replicas"] for each in sets}


def weights(cluster: Cluster) -> dict[str, int]:
    services = cluster.objects["TraefikService", "shop"]["spec"]["weighted"]["services"]
    return {each["name"]: each["weight"] for each in services}


@pytest.mark.parametrize("replicas", [2, 3, 10])
def test_without_a_router_the_step_stays_and_sizes_keep_its_proportion(replicas: int) -> None:
    cluster = paused_at_half()
    scale(cluster, replicas)
    assert (cluster.status["phase"], cluster.status["currentStepIndex"]) == ("Paused", 1)
    assert (
        pods(cluster)
        == {2: {"img:1": 1, "img:2": 1}, 3: {"img:1": 2, "img:2": 2}, 10: {"img:1": 5, "img:2": 5}}[replicas]
    )


@pytest.mark.parametrize("replicas", [2, 3, 10])
def test_with_a_router_the_weight_stays_and_sizes_follow(replicas: int) -> None:
    cluster = paused_at_half(traefik=True)
    scale(cluster, replicas)
    assert (cluster.status["phase"], cluster.status["currentStepIndex"]) == ("Paused", 1)
    assert weights(cluster) == {"st": 50, "ca": 50}
    assert pods(cluster) == {"img:1": replicas, "img:2": -(-replicas // 2)}


def test_traffic_goes_on_to_move_although_somebody_scales_again_and_again() -> None:
    cluster = paused_at_half(traefik=True)
    cluster.user("promote", {"status": {"pauseConditions": None}})
    for turn in range(6):
        cluster.user("scale", {"spec": {"replicas": 4 + turn % 2}})
        for _ in range(4):  # stable's size, the canary's, then its pods are seen
            cluster.reconcile()
            cluster.run_pods()
    assert weights(cluster) == {"st": 25, "ca": 75}


def test_a_split_that_somebody_undid_is_mended_in_the_reconcile_that_scales() -> None:
    """The established controller leaves traffic alone in a reconcile that sees another number of replicas."""
    cluster = paused_at_half(traefik=True)
    undone = {"services": [{"name": "st", "weight": 100}, {"name": "ca", "weight": 0}]}
    cluster.patch("TraefikService", "shop", {"spec": {"weighted": undone}})
    cluster.user("scale", {"spec": {"replicas": 3}})
    cluster.reconcile()
    assert weights(cluster) == {"st": 50, "ca": 50}


def test_an_abort_is_heeded_in_the_reconcile_that_scales() -> None:
    cluster = paused_at_half(traefik=True)
    cluster.user("abort and scale", {"spec": {"replicas": 6}, "status": {"abort": True}})
    cluster.reconcile()
    assert weights(cluster) == {"st": 100, "ca": 0}


def test_scaling_to_nothing_and_back_keeps_the_step() -> None:
    cluster = paused_at_half(traefik=True)
    scale(cluster, 0)
    assert pods(cluster) == {"img:1": 0, "img:2": 0}
    scale(cluster, 4)
    assert (cluster.status["currentStepIndex"], pods(cluster)) == (1, {"img:1": 4, "img:2": 2})
    assert weights(cluster) == {"st": 50, "ca": 50}


def test_autoscalers_read_all_pods_and_the_selector() -> None:
    cluster = paused_at_half(traefik=True)
    assert (cluster.status["HPAReplicas"], cluster.status["selector"]) == (6, "app=shop")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.booleans())
def test_whatever_an_autoscaler_writes_the_update_ends_where_it_would(numbers: list[int], traefik: bool) -> None:
    cluster = paused_at_half(traefik=traefik)
    for number in numbers:
        cluster.user("scale", {"spec": {"replicas": number}})
        cluster.reconcile()
    cluster.converge()
    for _ in range(2):
        cluster.user("promote", {"status": {"pauseConditions": None}})
        cluster.converge()
    cluster.wait(120)
    assert cluster.status["phase"] == "Healthy"
    assert pods(cluster) == {"img:1": 0, "img:2": numbers[-1]}
