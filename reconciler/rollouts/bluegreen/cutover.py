"""Which version each Service of a blue-green Rollout shall select now (spec rollouts §6, §2.5).

Traffic goes to a new version when that has all its pods and nothing is left to wait for. It comes back to the stable
version when an update is given up, and also while the version that has it has lost every pod before it was promoted:
any available stable pod is better than none. (The established engine comes back only if the broken version is whole.)
An active Service that selects every version, because it is another one now or was written anew, is no cutover: the
stable version has the traffic first, as soon as it is whole, and the update goes its way: only where no stable pod is
left there is nothing to wait for. (The established engine skips pause and analysis.)
"""

from __future__ import annotations

from reconciler.rollouts import rollback
from reconciler.rollouts.bluegreen import sizes
from reconciler.rollouts.snapshot import World
from reconciler.workloads.replica_set import ReplicaSet


def preview(world: World) -> ReplicaSet | None:
    """None: it stays as it is."""
    return None if halted(world) else world.new


def active(world: World) -> ReplicaSet | None:
    """None: it stays as it is."""
    if world.aborted or _stranded(world):
        return world.stable
    passed = fast_tracked(world) or world.blue_green_status.scale_up_preview_check_point
    return world.new if passed and sizes.saturated(world) and not halted(world) else None


def fast_tracked(world: World) -> bool:
    """Whether there is nothing to wait for but pods: no pause, no analysis before the cutover."""
    first = not world.status.stable_rs or (not world.active_hash and not _protects(world))
    return first or world.active is world.new or world.status.promote_full or rollback.fast(world)


def complete(world: World) -> bool:
    """Whether the new version has the traffic, or needs none."""
    return world.active is world.new or needless(world)


def needless(world: World) -> bool:
    """Whether there is nothing to give the traffic to, and nothing of ours that has it.

    A Rollout without replicas does not narrow a Service that still selects every pod of the application: those that are
    there are of somebody else, as of a Deployment that is to be replaced.
    """
    return not world.replicas and not world.active_hash


def halted(world: World) -> bool:
    """Whether Services stay as they are and no pause ends: a person looks at it (spec §4.9)."""
    return world.rollout.spec.paused or world.inconclusive


def _stranded(world: World) -> bool:
    """Whether traffic goes to a version without pods while the stable one has some, or to every version there is."""
    if not world.active_hash:
        return _can_serve(world)
    lost = world.active is None or world.active.available == 0
    waiting = world.stable is not None and world.stable.available > 0
    return lost and waiting and world.replicas > 0


def _protects(world: World) -> bool:
    """Whether there are stable pods that users are better served by than by a version which nobody has judged yet."""
    return world.stable is not None and world.replicas > 0 and world.stable.available > 0


def _can_serve(world: World) -> bool:
    """Whether the stable version, whole, could take what a Service sends to all versions."""
    return world.stable is not None and world.replicas > 0 and world.stable.available >= world.replicas
