"""From sizes to writes for a blue-green Rollout: what serves, then the new version, then superseded ones (§6, §3.4)."""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.rollouts import defaults, resizing, rollback
from reconciler.rollouts.bluegreen import sizes
from reconciler.rollouts.resizing import Scaling, annotated, first_of, given_up, resized
from reconciler.rollouts.snapshot import World


def reconcile(world: World, now: datetime) -> Scaling:
    """The next change of sizes, if any. A pause by hand stops none: no traffic depends on them."""
    return first_of((_stable, _active, _new, _others), world, now) if world.new else Scaling()


def _stable(world: World, now: datetime) -> Scaling:
    """The version to come back to keeps all its pods until the new one is promoted.

    With `scaleDownDelaySeconds` its time of grace is counted from the cutover already, and may be over by then.
    """
    stable, counting = world.stable, _counting(world)
    if stable is None or stable is world.new:
        return Scaling()
    if counting and stable.deadline is None and stable.size == world.replicas:
        delay = timedelta(seconds=defaults.scale_down_delay_seconds(world.strategy))
        return Scaling((annotated(stable, now + delay),))
    return resized(world, stable, world.replicas, drop_deadline=not counting)


def _active(world: World, now: datetime) -> Scaling:
    active = world.active
    if active is None or active is world.new or active is world.stable:
        return Scaling()
    return resized(world, active, world.replicas, drop_deadline=True)


def _new(world: World, now: datetime) -> Scaling:
    new = world.new
    if new is None:
        return Scaling()
    if world.aborted and world.stable is not None and world.active is not new:
        return given_up(world, new, now, unused=True)
    return resized(world, new, sizes.wanted(world), drop_deadline=world.promoted or not rollback.warm(world))


def _others(world: World, now: datetime) -> Scaling:
    """While a person has to judge an inconclusive analysis, what there is to come back to stays."""
    return Scaling() if world.inconclusive else resizing.others(world, now)


def _counting(world: World) -> bool:
    config, taken_over = world.blue_green, world.active is world.new
    delayed = config.post_promotion_analysis is not None and bool(config.scale_down_delay_seconds)
    return delayed and taken_over and not world.aborted
