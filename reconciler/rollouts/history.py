"""Old versions that are kept for rollbacks, and no longer (spec rollouts §2.8)."""

from __future__ import annotations

from reconciler.rollouts import defaults
from reconciler.rollouts.intents import DeleteReplicaSet, Intent
from reconciler.rollouts.snapshot import World
from reconciler.workloads.replica_set import ReplicaSet


def surplus(world: World) -> list[Intent]:
    """The oldest ReplicaSets beyond `revisionHistoryLimit` that have no pods; busy ones are not replaced by others."""
    kept = [rs for rs in world.others if rs.metadata.deletion_timestamp is None]
    beyond = len(kept) - defaults.revision_history_limit(world.rollout.spec)
    return [
        DeleteReplicaSet(rs.name, rs.metadata.uid, rs.metadata.resource_version)
        for rs in kept[: max(0, beyond)]
        if _idle(rs)
    ]


def _idle(rs: ReplicaSet) -> bool:
    current = rs.status.observed_generation >= rs.metadata.generation
    return rs.size == 0 and rs.status.replicas == 0 and current
