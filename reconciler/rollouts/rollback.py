"""Going back to an older version: when steps and analyses are skipped (spec rollouts §4.8)."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.rollouts import keys
from reconciler.rollouts.owned import ReplicaSet
from reconciler.rollouts.snapshot import World

_NEVER = datetime.min.replace(tzinfo=UTC)


def fast(world: World) -> bool:
    """Whether the update is a return to the stable version, or to one within `rollbackWindow`."""
    return (world.new is not None and world.new is world.stable) or within_window(world)


def within_window(world: World) -> bool:
    """Whether the wanted version is older than the stable one by no more versions than the window allows."""
    window, new, stable = world.rollout.spec.rollback_window, world.new, world.stable
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
    return rs.metadata.creation_timestamp or _NEVER
