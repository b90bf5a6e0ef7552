"""How much of the traffic the steps ask for (spec rollouts §3.3, §3.7)."""

from __future__ import annotations

from reconciler.rollouts.snapshot import World
from reconciler.rollouts.step_model import SetCanaryScale


def target(world: World) -> int:
    """The weight that sizes and traffic work towards: all when nothing is at stake, none after an abort."""
    if world.status.promote_full or not world.status.stable_rs or world.promoted:
        return world.max_weight
    if world.aborted:
        return 0
    if world.steps_done:
        return world.max_weight
    return last_set(world, upto=world.step_index + 1)


def last_set(world: World, *, upto: int) -> int:
    """The last `setWeight` among the first `upto` steps; 0 when there is none."""
    weights = [step.set_weight for step in world.steps[:upto] if step.set_weight is not None]
    return weights[-1] if weights else 0


def canary_scale(world: World) -> SetCanaryScale | None:
    """The `setCanaryScale` in force; None when the canary's size follows its weight."""
    if world.promoted or world.status.promote_full or world.steps_done or world.aborted:
        return None
    scales = [step.set_canary_scale for step in world.steps[: world.step_index + 1] if step.set_canary_scale]
    return scales[-1] if scales and not scales[-1].match_traffic_weight else None
