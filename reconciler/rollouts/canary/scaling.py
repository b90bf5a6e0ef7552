"""From sizes to writes: which ReplicaSet is resized now (spec rollouts §3.3 order, §2.10).

One change of the stable version, else one of the canary, else superseded versions: so each change can be judged by
its effect before the next. Deadlines belong here too, as they say when a size becomes zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.rollouts import defaults
from reconciler.rollouts.canary import desired, superseded
from reconciler.rollouts.canary.sizes import Group, Sizes, step
from reconciler.rollouts.intents import Intent, PatchReplicaSet, ScaleReplicaSet, normal
from reconciler.rollouts.snapshot import World
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet
from reconciler.workloads.times import stamp_not_before


@dataclass(frozen=True, slots=True)
class Scaling:
    intents: tuple[Intent, ...] = ()
    wake_at: datetime | None = None


def reconcile(world: World, now: datetime) -> Scaling:
    """The next change of sizes, if any. Nothing while halted (spec §4.9)."""
    if world.new is None or world.halted:
        return Scaling()
    parts: tuple[Callable[[World, datetime], Scaling], ...] = (_stable, _canary, _others)
    waits: list[datetime] = []
    for part in parts:
        scaling = part(world, now)
        waits += [scaling.wake_at] if scaling.wake_at else []
        if scaling.intents:
            return Scaling(scaling.intents, min(waits, default=None))
    return Scaling(wake_at=min(waits, default=None))


def first_size(world: World, now: datetime) -> int:
    """How many pods `world.new`, about to be created, begins with.

    None where traffic is routed: until Services name a version, its pods would get whatever reaches their application.
    """
    if world.rollout.spec.strategy.canary is None or world.routes_traffic or world.new is None:
        return 0
    scalings = (each for each in reconcile(world, now).intents if isinstance(each, ScaleReplicaSet))
    return next((each.replicas for each in scalings if each.name == world.new.name), 0)


def _wanted(world: World) -> Sizes:
    target = desired.sizes(world)
    new, stable = world.new, world.stable
    if world.routes_traffic or new is None:
        return target
    separate = stable if stable and stable is not new else None
    goal = target if separate else Sizes(target.canary, 0)
    others = sum(rs.size for rs in world.others)
    sizes = step(desired.limits(world), goal, _group(new), _group(separate) if separate else None, others)
    return sizes if separate else Sizes(sizes.canary, sizes.canary)


def _stable(world: World, now: datetime) -> Scaling:
    stable = world.stable
    if stable is None or stable is world.new:
        return Scaling()
    return _resized(world, stable, _wanted(world).stable, drop_deadline=True)


def _canary(world: World, now: datetime) -> Scaling:
    new = world.new
    if new is None:
        return Scaling()
    if _keeps_aborted(world):
        return _aborted(world, new, now)
    return _resized(world, new, _wanted(world).canary, drop_deadline=True)


def _others(world: World, now: datetime) -> Scaling:
    intents: list[Intent] = []
    waits: list[datetime] = []
    for fate in superseded.fates(world, now):
        rs = fate.replica_set
        waits += [fate.wake_at] if fate.wake_at else []
        if fate.deadline:
            intents.append(_annotated(rs, fate.deadline))
        elif fate.size != rs.size:
            intents += scaled(world, rs, fate.size)
    return Scaling(tuple(intents), min(waits, default=None))


def _keeps_aborted(world: World) -> bool:
    """Whether the canary of an aborted update keeps its pods for a while, or for good (spec §3.5)."""
    chosen = world.canary.abort_scale_down_delay_seconds
    separate = world.stable is not None and world.stable is not world.new
    return world.aborted and world.routes_traffic and separate and (not world.dynamic or chosen is not None)


def _aborted(world: World, new: ReplicaSet, now: datetime) -> Scaling:
    """Drain once no traffic is left on it and the stable version is whole; a delay of 0 means: keep it for good."""
    delay = defaults.abort_scale_down_delay_seconds(world.canary)
    if new.deadline is not None and delay:
        return _resized(world, new, 0) if new.deadline <= now else _resized(world, new, new.size, wake_at=new.deadline)
    whole = world.stable is not None and world.stable.available >= world.replicas
    unused = world.weights is None or world.weights.canary.weight == 0
    if delay and whole and unused and new.size > 0:
        until = now + timedelta(seconds=delay)
        return Scaling((_annotated(new, until),), until)
    return _resized(world, new, new.size)


def _resized(
    world: World, rs: ReplicaSet, size: int, *, drop_deadline: bool = False, wake_at: datetime | None = None
) -> Scaling:
    size = _without_gap(world, rs, size)
    stale = rs.sized_for != world.replicas
    if size == rs.size and not stale and not _drops(world, rs, size, asked=drop_deadline):
        return Scaling(wake_at=wake_at)
    return Scaling(tuple(scaled(world, rs, size, drop_deadline=drop_deadline)), wake_at)


def _without_gap(world: World, rs: ReplicaSet, size: int) -> int:
    """A version that is to shrink keeps the available pods that all others together cannot replace yet.

    Without traffic routing `sizes.step` sees to that already.
    """
    if not world.routes_traffic or size >= rs.size:
        return size
    elsewhere = sum(other.available for other in world.replica_sets if other.name != rs.name)
    needed = desired.limits(world).least_available - elsewhere
    return max(size, min(rs.available, needed))


def _drops(world: World, rs: ReplicaSet, size: int, *, asked: bool) -> bool:
    """Whether the scale-down deadline goes; that of an aborted canary stays to be seen until a retry."""
    kept = world.aborted and rs is world.new
    return rs.deadline is not None and (asked or size == 0) and not kept


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


def _annotated(rs: ReplicaSet, until: datetime) -> PatchReplicaSet:
    return PatchReplicaSet(
        rs.name, {"metadata": {"annotations": {keys.DEADLINE: stamp_not_before(until)}}}, rs.metadata.resource_version
    )


def _group(rs: ReplicaSet | None) -> Group:
    return Group(rs.size, rs.available) if rs else Group()
