"""Telling the routers: all edits are worked out first, every router is tried, the split counts when all carry it."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.rollouts.intents import Intent, normal
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import Weights
from reconciler.rollouts.traffic import routers
from reconciler.rollouts.traffic.routers.error import RouterError
from reconciler.rollouts.traffic.split import desired_split


@dataclass(frozen=True, slots=True)
class Shift:
    """`world` has the new weights in its status, unless `troubles` say why some router cannot carry them."""

    world: World
    intents: tuple[Intent, ...] = ()
    troubles: tuple[str, ...] = ()


def reconcile(world: World) -> Shift:
    """The writes that bring traffic to where it shall be, and the status that says so (spec rollouts §3.7)."""
    routing = world.canary.traffic_routing
    if routing is None:
        return Shift(world.with_canary(weights=None) if world.weights else world)
    split = desired_split(world)
    if split is None:
        return Shift(world)
    intents: list[Intent] = []
    troubles: list[str] = []
    for name, router in routers.used(routing):
        try:
            intents += router.shift(world, split)
        except RouterError as error:
            troubles.append(f"{name}: {error}")
    if troubles:
        return Shift(world, tuple(intents), tuple(troubles))
    return Shift(world.with_canary(weights=split), (*intents, *_told(world.weights, split)))


def _told(before: Weights | None, after: Weights) -> list[Intent]:
    if before is None:
        return [normal("TrafficWeightUpdated", f"Traffic weight updated to {after.canary.weight}{_extra(after)}")]
    if (before.canary.weight, before.additional) == (after.canary.weight, after.additional):
        return []
    change = f"from {before.canary.weight} to {after.canary.weight}"
    return [normal("TrafficWeightUpdated", f"Traffic weight updated {change}{_extra(after)}")]


def _extra(split: Weights) -> str:
    shares = ", ".join(f"{each.service_name}={each.weight}" for each in split.additional)
    return f", additional: {shares}" if shares else ""
