"""Restarting pods: never more at once than may be missing, whatever memory says (spec rollouts §4.12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from reconciler.rollouts import restart
from reconciler.rollouts.canary import course
from reconciler.rollouts.intents import EvictPod, ScaleReplicaSet
from reconciler.rollouts.owned import Pod
from reconciler.rollouts.snapshot import World
from tests.properties.rollout_world import START, Cluster, a_cluster
from tests.unit.rollouts.test_requests_of_users import push

ASKED = START + timedelta(minutes=10)
NOW = ASKED + timedelta(minutes=1)


def a_restart(*, unavailable: int = 1, min_ready: int = 0) -> Cluster:
    cluster = a_cluster(canary={"maxUnavailable": unavailable}, minReadySeconds=min_ready)
    cluster.converge()
    cluster.user("restart", {"spec": {"restartAt": ASKED.isoformat()}})
    return cluster


def pod(name: str, owner: str, *, ready: bool = True, since: Any = START, **meta: Any) -> Pod:
    condition = {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": since.isoformat()}
    body = {
        "metadata": {
            "name": name,
            "creationTimestamp": START.isoformat(),
            "ownerReferences": [{"kind": "ReplicaSet", "uid": owner, "controller": True}],
            **meta,
        },
        "status": {"conditions": [condition]},
    }
    return msgspec.convert(body, Pod)


def with_pods(cluster: Cluster, *others: dict[str, Any]) -> World:
    world = cluster.world()
    assert world.new is not None
    uid = world.new.metadata.uid
    return replace(world, pods=tuple(pod(f"p{i}", uid, **other) for i, other in enumerate(others)))


def evicted(world: World) -> list[str]:
    return [intent.name for intent in restart.reconcile(world, NOW).intents if isinstance(intent, EvictPod)]


GOING = {"deletionTimestamp": NOW.isoformat()}
FRESH = {"creationTimestamp": NOW.isoformat()}


@pytest.mark.parametrize(
    ("pods", "names"),
    [
        pytest.param([{}, {}, {}, {}], ["p0"], id="all there"),
        pytest.param([GOING, {}, {}, {}], [], id="one is going, the counts do not say so yet"),
        pytest.param([{"ready": False, **FRESH}, {}, {}, {}], [], id="its successor is not ready"),
        pytest.param([FRESH, {}, {}, {}], ["p1"], id="its successor is there"),
    ],
)
def test_one_pod_at_a_time_goes(pods: list[dict[str, Any]], names: list[str]) -> None:
    assert evicted(with_pods(a_restart(), *pods)) == names


def test_as_many_go_as_may_be_missing() -> None:
    assert evicted(with_pods(a_restart(unavailable=2), {}, {}, {}, {})) == ["p0", "p1"]


def test_a_pod_counts_after_min_ready_seconds() -> None:
    fresh = {"since": NOW - timedelta(seconds=20), **FRESH}
    assert evicted(with_pods(a_restart(min_ready=30), fresh, {}, {}, {})) == []
    assert evicted(with_pods(a_restart(min_ready=10), fresh, {}, {}, {})) == ["p1"]


def test_it_is_done_when_no_old_pod_is_left() -> None:
    done = restart.reconcile(with_pods(a_restart(), FRESH, FRESH, FRESH, FRESH), NOW)
    assert (done.intents, done.world.status.restarted_at) == ((), ASKED.isoformat())


def test_it_begins_at_its_time_and_is_looked_after_while_pods_are_left() -> None:
    world = with_pods(a_restart(), {}, {}, {}, {})
    before = restart.reconcile(world, ASKED - timedelta(minutes=5))
    assert (before.intents, before.wake_at) == ((), ASKED + timedelta(seconds=1))
    assert restart.reconcile(world, NOW).wake_at == NOW + timedelta(seconds=30)


def half_way() -> Cluster:
    """Two pods of each version, and a restart that was asked for."""
    limits = {"maxSurge": 0, "maxUnavailable": 1}
    cluster = a_cluster(steps=[{"setWeight": 50}, {"pause": {}}], canary=limits)
    cluster.converge()
    push(cluster, 2)
    cluster.user("restart", {"spec": {"restartAt": ASKED.isoformat()}})
    return cluster


def of_both(cluster: Cluster, **first: Any) -> World:
    """The world with its pods, one by one; `first` is what the first one of the new version is like."""
    world = cluster.world()
    assert world.new and world.stable
    new, stable = world.new.metadata.uid, world.stable.metadata.uid
    pods = [pod(f"new-{n}", new, **(first if n == 0 else {})) for n in range(world.new.available)]
    pods += [pod(f"stable-{n}", stable) for n in range(world.stable.available)]
    return replace(world, pods=tuple(pods))


def asked_for(world: World) -> tuple[list[str], list[int]]:
    """The pods that are evicted, and the sizes that are changed, by one decision about a canary."""
    intents = course.reconcile(world, NOW).intents
    evictions = [each.name for each in intents if isinstance(each, EvictPod)]
    return evictions, [each.replicas for each in intents if isinstance(each, ScaleReplicaSet)]


def test_no_pod_is_evicted_while_another_version_loses_some() -> None:
    """Either alone leaves as many pods as there have to be; both together would not."""
    cluster = half_way()
    assert asked_for(of_both(cluster)) == (["stable-0"], [])
    cluster.user("abort", {"status": {"abort": True}})
    assert asked_for(of_both(cluster)) == ([], [1])


def test_a_version_loses_no_pods_before_the_counts_know_of_the_last_eviction() -> None:
    cluster = half_way()
    cluster.user("abort", {"status": {"abort": True}})
    assert asked_for(of_both(cluster, **GOING)) == ([], [])
