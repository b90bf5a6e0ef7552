"""What a row of a plan says of a moment: traffic asked for and real, how it ended, how long pods stay. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.rollouts import defaults
from reconciler.rollouts.canary import weights
from reconciler.rollouts.proving import wanted
from reconciler.rollouts.snapshot import World


def percent(share: float) -> str:
    """`20%`; below one percent with what tells it from nothing, as `0.5%`."""
    return f"{share:.2g}%" if 0 < share < 1 else f"{share:.0f}%"


def ending(world: World) -> str:
    """How it ended, in words."""
    if world.promoted:
        return "baked, promoted" if wanted.of(world.rollout).bake else "promoted"
    return "back to stable" if world.aborted else "stuck"


def asked(world: World, number: int) -> float:
    """Percent of traffic that the steps up to this one ask for; at the end (0) what the new version has."""
    return _percent(_weight(world, number), world.max_weight)


def _weight(world: World, number: int) -> int:
    if not number or world.is_blue_green:
        return world.max_weight if _serves(world) else 0
    return weights.last_set(world, upto=number)


def share(world: World) -> float:
    """Percent of traffic: as the router was told, else of the available pods."""
    if _serves(world) or world.is_blue_green:
        return 100.0 if _serves(world) else 0.0
    if world.routes_traffic:
        return _percent(world.weights.canary.weight if world.weights else 0, world.max_weight)
    ours, others = (rs.available if rs else 0 for rs in (world.new, world.stable))
    return 100 * ours / (ours + others) if ours + others else 0.0


def _serves(world: World) -> bool:
    """Whether the new version has all traffic for good, or by a switch."""
    return world.promoted or (world.active is not None and world.active is world.new)


def _percent(weight: int, most: int) -> float:
    return weight * 100 / most


def lingering(world: World, now: datetime) -> timedelta:
    """Pods that get no traffic any more stay for a while where a router might still send them some."""
    if not (world.routes_traffic or world.is_blue_green):
        return timedelta()
    deadlines = [rs.deadline for rs in world.older if rs.size and rs.deadline]
    if world.promoted and deadlines:
        return max(timedelta(), max(deadlines) - now)
    if world.promoted and any(rs.size for rs in world.older):
        return timedelta(seconds=defaults.scale_down_delay_seconds(world.strategy))
    if world.aborted and world.new and world.new.size:
        return timedelta(seconds=defaults.abort_scale_down_delay_seconds(world.strategy))
    return timedelta()
