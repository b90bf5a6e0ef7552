"""A Rollout that stands still while its pods change hands with a Deployment, in either direction (`adopting/`).

What moves the ReplicaSets is somebody else. The engine says in the status that it has understood, which is what the
other side waits for, and makes no pods. It ends the wait for a Deployment's ReplicaSet itself, as soon as it owns it:
with as many replicas as that has by then, whatever an autoscaler did meanwhile.
"""

from __future__ import annotations

import msgspec

from reconciler.rollouts import projection
from reconciler.rollouts.intents import Intent, PatchRollout, normal
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import CanaryStatus
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet

WAITS = "waiting to take over ReplicaSet"
GIVES = "handing its pods over to Deployment"


def gives_away(rollout: Rollout) -> bool:
    return keys.HANDS_OVER in rollout.metadata.annotations


def given_away(rollout: Rollout) -> tuple[Intent, ...]:
    """Says that nothing is done, and nothing else."""
    return _told(rollout, f"{GIVES} {rollout.metadata.annotations[keys.HANDS_OVER]}")


def waits(world: World) -> bool:
    return keys.TAKES_OVER in world.rollout.metadata.annotations


def await_pods(world: World) -> tuple[Intent, ...]:
    """Says what is waited for, or that it has come."""
    name = world.rollout.metadata.annotations[keys.TAKES_OVER]
    taken = next((rs for rs in world.replica_sets if rs.name == name), None)
    return _taken(taken) if taken else _told(world.rollout, f"{WAITS} {name}: `reconciler adopt` moves it")


def _taken(rs: ReplicaSet) -> tuple[Intent, ...]:
    mark = {"annotations": {keys.TAKES_OVER: None}}
    return (
        PatchRollout({"metadata": mark, "spec": {"replicas": rs.size, "paused": None}}),
        normal("TookOver", f"Took over ReplicaSet {rs.name} with {rs.size} pods"),
    )


def _told(rollout: Rollout, message: str) -> tuple[Intent, ...]:
    before = rollout.status
    after = msgspec.structs.replace(
        before,
        observed_generation=str(rollout.metadata.generation),
        phase="Progressing",
        message=message,
        canary=before.canary or CanaryStatus(),
        blue_green=before.blue_green if before.blue_green is not None else {},
    )
    return projection.write(before, after)
