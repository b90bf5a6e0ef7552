"""From sizes to writes: which ReplicaSet is resized now (spec rollouts §3.3 order, §2.10).

One change of the stable version, else one of the canary, else superseded versions.
"""

from __future__ import annotations

from datetime import datetime

from reconciler.rollouts.canary import desired
from reconciler.rollouts.canary.sizes import Group, Sizes, step
from reconciler.rollouts.intents import ScaleReplicaSet
from reconciler.rollouts.resizing import Scaling, first_of, given_up, others, resized
from reconciler.rollouts.snapshot import World
from reconciler.workloads.replica_set import ReplicaSet


def reconcile(world: World, now: datetime) -> Scaling:
    """The next change of sizes, if any. Nothing while halted (spec §4.9)."""
    if world.new is None or world.halted:
        return Scaling()
    return first_of((_stable, _canary, others), world, now)


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
    left = sum(rs.size for rs in world.others)
    sizes = step(desired.limits(world), goal, _group(new), _group(separate) if separate else None, left)
    return sizes if separate else Sizes(sizes.canary, sizes.canary)


def _stable(world: World, now: datetime) -> Scaling:
    stable = world.stable
    if stable is None or stable is world.new:
        return Scaling()
    return resized(world, stable, _wanted(world).stable, drop_deadline=True)


def _canary(world: World, now: datetime) -> Scaling:
    new = world.new
    if new is None:
        return Scaling()
    if _keeps_aborted(world):
        unused = world.weights is None or (world.weights.canary.weight == 0 and not world.unconfirmed)
        return given_up(world, new, now, unused=unused)
    return resized(world, new, _wanted(world).canary, drop_deadline=True)


def _keeps_aborted(world: World) -> bool:
    """Whether the canary of an aborted update keeps its pods for a while, or for good (spec §3.5)."""
    chosen = world.canary.abort_scale_down_delay_seconds
    separate = world.stable is not None and world.stable is not world.new
    return world.aborted and world.routes_traffic and separate and (not world.dynamic or chosen is not None)


def _group(rs: ReplicaSet | None) -> Group:
    return Group(rs.size, rs.available) if rs else Group()
