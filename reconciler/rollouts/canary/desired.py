"""The sizes that the current state asks for, and whether they are reached (spec rollouts §3.2, §3.5, §3.6)."""

from __future__ import annotations

from reconciler.rollouts import defaults
from reconciler.rollouts.canary import routed_sizes, weights
from reconciler.rollouts.canary.sizes import Limits, Sizes, split
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.strategy_model import ProgressThreshold
from reconciler.workloads.replica_set import ReplicaSet


def limits(world: World) -> Limits:
    total = world.replicas
    return Limits(total, defaults.surge(world.canary, total), defaults.unavailable(world.canary, total))


def sizes(world: World) -> Sizes:
    """Where canary and stable shall end up; both `replicas` when they are the same version."""
    if world.routes_traffic:
        return routed_sizes.sizes(world)
    if world.promoted or world.stable is None:
        return Sizes(world.replicas, world.replicas)
    return split(world.replicas, weights.target(world), world.max_weight, limits(world).surge)


def reached(world: World) -> bool:
    """The gate of `setWeight` and `setCanaryScale`: the pods are there before traffic or the next step (§3.6)."""
    wanted = sizes(world)
    if world.new is None or not _new_ready(world, world.new, wanted.canary):
        return False
    if world.stable and world.stable is not world.new and not world.dynamic:
        actual = (world.stable.size, world.stable.status.replicas)
        if actual != (wanted.stable, wanted.stable):
            return False
    return world.routes_traffic or not any(rs.status.available_replicas for rs in world.others)


def enough(threshold: ProgressThreshold | None, available: int, wanted: int) -> bool:
    """`replicaProgressThreshold`: whether `available` of `wanted` pods count as all. Without one all are needed."""
    if threshold is None or threshold.value < 0:
        return available >= wanted
    if threshold.type == "Pods":
        return available >= min(threshold.value, wanted)
    return available * 100 >= threshold.value * wanted


def _new_ready(world: World, new: ReplicaSet, wanted: int) -> bool:
    threshold = world.canary.replica_progress_threshold
    if threshold is None or threshold.value < 0:
        return new.size == wanted == new.available
    return new.size == wanted and enough(threshold, new.available, wanted)
