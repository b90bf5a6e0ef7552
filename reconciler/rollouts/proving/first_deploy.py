"""The judgement on the first version of all, before it counts as stable.

There is nothing to go back to: a failure leaves its pods as they are, for nothing else could serve, and the Rollout is
Degraded until somebody retries or another version comes.
"""

from __future__ import annotations

from reconciler.analysis.model import Phase
from reconciler.rollouts.analyses import run_slots
from reconciler.rollouts.proving import wanted
from reconciler.rollouts.snapshot import World


def analysis(world: World, *, ready: bool) -> wanted.Analysis | None:
    """What shall judge now; once begun it goes on although a pod is lost."""
    idle = world.status.stable_rs or world.aborted or world.status.promote_full
    begun = run_slots.recorded(world, "FirstDeploy") is not None
    return wanted.of(world.rollout).first_deploy if not idle and (ready or begun) else None


def passed(world: World) -> bool:
    """Whether it was successful, or need not be."""
    if wanted.of(world.rollout).first_deploy is None or world.status.promote_full:
        return True
    reference = run_slots.recorded(world, "FirstDeploy")
    run = world.run(reference.name) if reference else None
    return run is not None and run.status.phase is Phase.SUCCESSFUL


def told(world: World) -> str:
    """That it is judged, in words; empty when it is not."""
    reference = None if world.status.stable_rs or world.aborted else run_slots.recorded(world, "FirstDeploy")
    return f"the first version is judged by {reference.name}" if reference else ""
