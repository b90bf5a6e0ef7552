"""Changing the size of one ReplicaSet, whatever the strategy: the write, its event, the deadline that goes with it.

A decision changes one size at a time, so that each change can be judged by its effect before the next. Deadlines belong
here, as they say when a size becomes zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.rollouts import defaults, superseded
from reconciler.rollouts.intents import Intent, PatchReplicaSet, ScaleReplicaSet, normal
from reconciler.rollouts.snapshot import World
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet
from reconciler.workloads.times import stamp_not_before


@dataclass(frozen=True, slots=True)
class Scaling:
    intents: tuple[Intent, ...] = ()
    wake_at: datetime | None = None


Part = Callable[[World, datetime], Scaling]


def first_of(parts: Iterable[Part], world: World, now: datetime) -> Scaling:
    """The writes of the first part that has any, and the earliest time at which one up to it has to be asked again."""
    waits: list[datetime] = []
    for part in parts:
        scaling = part(world, now)
        waits += [scaling.wake_at] if scaling.wake_at else []
        if scaling.intents:
            return Scaling(scaling.intents, min(waits, default=None))
    return Scaling(wake_at=min(waits, default=None))


def resized(
    world: World, rs: ReplicaSet, size: int, *, drop_deadline: bool = False, wake_at: datetime | None = None
) -> Scaling:
    """Brings a ReplicaSet to `size`, sized for the replicas that are wanted now; nothing when it is there."""
    size = _without_gap(world, rs, size)
    stale = rs.sized_for != world.replicas
    if size == rs.size and not stale and not _drops(world, rs, size, asked=drop_deadline):
        return Scaling(wake_at=wake_at)
    return Scaling(tuple(scaled(world, rs, size, drop_deadline=drop_deadline)), wake_at)


def scaled(world: World, rs: ReplicaSet, size: int, *, drop_deadline: bool = False) -> list[Intent]:
    """The write and, when the size changes, the event that clients show."""
    drop = _drops(world, rs, size, asked=drop_deadline)
    write = ScaleReplicaSet(rs.name, size, world.replicas, rs.metadata.resource_version, drop_deadline=drop)
    if size == rs.size:
        return [write]
    way = "up" if size > rs.size else "down"
    revision = world.revision if rs is world.new else rs.revision
    text = f"Scaled {way} ReplicaSet {rs.name} (revision {revision}) from {rs.size} to {size}"
    return [write, normal("ScalingReplicaSet", text)]


def others(world: World, now: datetime) -> Scaling:
    """Superseded versions: those whose time of grace begins, and those that lose pods now."""
    intents: list[Intent] = []
    waits: list[datetime] = []
    for fate in superseded.fates(world, now):
        rs = fate.replica_set
        waits += [fate.wake_at] if fate.wake_at else []
        if fate.deadline:
            intents.append(annotated(rs, fate.deadline))
        elif fate.size != rs.size:
            intents += scaled(world, rs, fate.size)
    return Scaling(tuple(intents), min(waits, default=None))


def given_up(world: World, new: ReplicaSet, now: datetime, *, unused: bool) -> Scaling:
    """The new version of an aborted update: drained after a delay once it is `unused` and the stable version whole.

    A delay of 0 means: keep it for good.
    """
    delay = defaults.abort_scale_down_delay_seconds(world.strategy)
    if new.deadline is not None and delay:
        return resized(world, new, 0) if new.deadline <= now else resized(world, new, new.size, wake_at=new.deadline)
    whole = world.stable is not None and world.stable.available >= world.replicas
    if delay and whole and unused and new.size > 0:
        until = now + timedelta(seconds=delay)
        return Scaling((annotated(new, until),), until)
    return resized(world, new, new.size)


def annotated(rs: ReplicaSet, until: datetime) -> PatchReplicaSet:
    """Gives a ReplicaSet the time until which it keeps its pods."""
    return PatchReplicaSet(
        rs.name, {"metadata": {"annotations": {keys.DEADLINE: stamp_not_before(until)}}}, rs.metadata.resource_version
    )


def _without_gap(world: World, rs: ReplicaSet, size: int) -> int:
    """Under a router, a version that is to shrink keeps the available pods that all others together cannot replace yet.

    Without one, `canary.sizes.step` sees to that; in blue-green no version stands in for another. Until a router has
    confirmed the split nothing shrinks by more than the number of replicas did.
    """
    if not world.routes_traffic or size >= rs.size:
        return size
    if world.unconfirmed:
        before = rs.sized_for or max(1, world.replicas)
        return max(size, min(rs.size, -(-rs.size * world.replicas // before)))
    elsewhere = sum(other.available for other in world.replica_sets if other.name != rs.name)
    needed = world.replicas - defaults.unavailable(world.strategy, world.replicas) - elsewhere
    return max(size, min(rs.available, needed))


def _drops(world: World, rs: ReplicaSet, size: int, *, asked: bool) -> bool:
    """Whether the scale-down deadline goes; that of an aborted version stays to be seen until a retry."""
    kept = world.aborted and rs is world.new
    return rs.deadline is not None and (asked or size == 0) and not kept
