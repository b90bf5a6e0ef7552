"""Restarting pods without a new version (spec rollouts §4.12): evictions, so that disruption budgets are honoured.

In a canary evictions and changes of sizes take turns: each counts on the pods that the other would take away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.rollouts import defaults
from reconciler.rollouts.intents import EvictPod, Intent
from reconciler.rollouts.owned import Pod
from reconciler.rollouts.phase import restarting
from reconciler.rollouts.snapshot import World
from reconciler.workloads.replica_set import ReplicaSet
from reconciler.workloads.times import moment

_AGAIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Restarted:
    world: World
    intents: tuple[Intent, ...] = ()
    wake_at: datetime | None = None


def asked(world: World) -> bool:
    """Whether a restart is asked for that is not done: then the pods are part of what has to be read."""
    wanted = world.rollout.spec.restart_at
    return wanted is not None and wanted != world.rollout.status.restarted_at


def unseen(world: World, now: datetime) -> bool:
    """Whether a ReplicaSet still counts a pod as available that is going already, as after our own last eviction."""
    going = {owner for owner, pod in _owned(world) if pod.metadata.deletion_timestamp}
    return any(
        rs.status.available_replicas > _standing(world, rs, now)
        for rs in world.replica_sets
        if rs.metadata.uid in going
    )


def reconcile(world: World, now: datetime, *, resizing: bool = False) -> Restarted:
    """Evicts as many old pods as availability allows; the rest follows as new ones become available.

    `resizing`: this decision changes a size, the effect of which has to be seen first.
    """
    due = world.rollout.spec.restart_at
    if due is None or not asked(world) or due == world.status.restarted_at:
        return Restarted(world)
    if not restarting(world, now):
        return Restarted(world, wake_at=moment(due) + timedelta(seconds=1))
    old = _old_pods(world, moment(due))
    if not old:
        return Restarted(world.with_status(restarted_at=due))
    going = [] if resizing else old[: _allowance(world, now)]
    return Restarted(world, tuple(EvictPod(pod.metadata.name) for pod in going), wake_at=now + _AGAIN)


def _old_pods(world: World, since: datetime) -> list[Pod]:
    """Created before the request and not going already; those of stable first, then new, then older versions."""
    ranks = {rs.metadata.uid: rank for rank, rs in reversed(list(enumerate(_ranked(world))))}
    mine = [(ranks[owner], pod) for owner, pod in _owned(world) if _before(pod, since)]
    return [pod for _, pod in sorted(mine, key=lambda item: item[0])]


def _owned(world: World) -> Iterator[tuple[str, Pod]]:
    """Pods of this Rollout, with the uid of the ReplicaSet that each belongs to."""
    uids = {rs.metadata.uid for rs in world.replica_sets}
    for pod in world.pods:
        owner = pod.metadata.controller
        if owner and owner.uid in uids:
            yield owner.uid, pod


def _ranked(world: World) -> list[ReplicaSet]:
    first = [rs for rs in (world.stable, world.new) if rs]
    return [*first, *(rs for rs in world.replica_sets if rs not in first)]


def _before(pod: Pod, since: datetime) -> bool:
    created, going = pod.metadata.creation_timestamp, pod.metadata.deletion_timestamp
    return going is None and created is not None and created < since


def _allowance(world: World, now: datetime) -> int:
    """Counted from the pods, which were just read: the ReplicaSets' own counts may not know of our last eviction."""
    asked_for = max(world.replicas, sum(rs.size for rs in world.replica_sets))
    available = sum(_standing(world, rs, now) for rs in world.replica_sets)
    return max(0, available - (asked_for - max(1, defaults.unavailable(world.strategy, world.replicas))))


def _standing(world: World, rs: ReplicaSet, now: datetime) -> int:
    """Its available pods, counted one by one."""
    steady = timedelta(seconds=world.rollout.spec.min_ready_seconds)
    return sum(_available(pod, now - steady) for owner, pod in _owned(world) if owner == rs.metadata.uid)


def _available(pod: Pod, since: datetime) -> bool:
    if pod.metadata.deletion_timestamp is not None:
        return False
    ready = (c for c in pod.status.conditions if c.get("type") == "Ready" and c.get("status") == "True")
    return any(not (when := c.get("lastTransitionTime")) or moment(when) <= since for c in ready)
