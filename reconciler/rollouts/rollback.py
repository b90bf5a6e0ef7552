"""Going back to an older version: when steps and analyses are skipped (spec rollouts §4.8)."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.rollouts.snapshot import World
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet

_NOT_YET = datetime.max.replace(tzinfo=UTC)
"""A ReplicaSet that is only planned is newer than all that exist."""


def fast(world: World) -> bool:
    """Whether the update is a return to the stable version, to one within `rollbackWindow`, or to one still warm."""
    return (world.new is not None and world.new is world.stable) or within_window(world) or warm(world)


def warm(world: World) -> bool:
    """Blue-green: whether an older version is wanted that still has its pods, in its time of grace.

    Its deadline stays until it is promoted, so that this remains true while its pods are waited for. A version that was
    given up has a deadline as well, but nobody trusts its pods.
    """
    new = world.new
    if not world.is_blue_green or new is None or new.deadline is None or new.size == 0:
        return False
    return keys.ABORTED_AT not in new.metadata.annotations and backwards(world, world.status.stable_rs)


def backwards(world: World, stable_hash: str) -> bool:
    """Whether the wanted version is that of `stable_hash`, or older."""
    new, stable = world.new, _of(world, stable_hash)
    return new is not None and stable is not None and (new is stable or _created(new) < _created(stable))


def skips(world: World, stable_hash: str) -> bool:
    """Whether it is older than that of `stable_hash` by no more versions than the window allows."""
    return _in_window(world, _of(world, stable_hash))


def within_window(world: World) -> bool:
    """Whether the wanted version is older than the stable one by no more versions than the window allows."""
    return _in_window(world, world.stable)


def _of(world: World, pod_hash: str) -> ReplicaSet | None:
    return next((rs for rs in world.replica_sets if rs.hash == pod_hash), None)


def _in_window(world: World, stable: ReplicaSet | None) -> bool:
    window, new = world.rollout.spec.rollback_window, world.new
    if window is None or window.revisions <= 0 or new is None or stable is None:
        return False
    if _created(new) >= _created(stable):
        return False
    between = [
        rs
        for rs in world.replica_sets
        if _created(new) < _created(rs) < _created(stable) and keys.EXPERIMENT not in rs.metadata.annotations
    ]
    return len(between) < window.revisions


def _created(rs: ReplicaSet) -> datetime:
    return rs.metadata.creation_timestamp or _NOT_YET
