"""Telling the routers: all edits are worked out first, every router is tried, the split counts when all carry it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

import msgspec

from reconciler.rollouts.intents import CreateRouted, Intent, PatchRouted, RecordEvent, normal, warning
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import Weights
from reconciler.rollouts.strategy_model import Canary
from reconciler.rollouts.traffic import routers
from reconciler.rollouts.traffic.routers.contract import PING_PONG, Router, RouterError, Verifying
from reconciler.rollouts.traffic.split import desired_split
from reconciler.rollouts.traffic.wanted import Wanted, wanted

ASK_AGAIN = timedelta(seconds=10)
"""When a router has not confirmed what it was told."""


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
    answers: list[bool | None] = []
    troubles: list[str] = []
    for name, router in routers.used(routing):
        asked = _in_its_terms(router, world.canary, wanted(world, split))
        try:
            writes = router.shift(world, asked)
        except RouterError as error:
            troubles.append(f"{name}: {error}")
            continue
        confirmed, told = _confirmed(name, router, world, asked, writes)
        answers.append(confirmed)
        intents += [*writes, *told]
    if troubles:
        return Shift(world, tuple(intents), tuple(troubles))
    told_split = msgspec.structs.replace(split, verified=_all(answers))
    moved = replace(world, routes_told=True).with_canary(weights=told_split)
    return Shift(moved, (*intents, *_told(world.weights, split)))


def ask_again_at(world: World, now: datetime) -> datetime | None:
    """When to look whether a router has confirmed what it was told; nothing may tell us that it has."""
    return now + ASK_AGAIN if world.unconfirmed else None


def _in_its_terms(router: Router, canary: Canary, asked: Wanted) -> Wanted:
    """Services that take turns are for routers that know of them; others have a canary and a stable Service."""
    if canary.ping_pong is None or PING_PONG in router.ABILITIES:
        return asked
    split = msgspec.structs.replace(
        asked.split,
        canary=msgspec.structs.replace(asked.split.canary, service_name=canary.canary_service),
        stable=msgspec.structs.replace(asked.split.stable, service_name=canary.stable_service),
    )
    return replace(asked, split=split)


def _confirmed(
    name: str, router: Router, world: World, asked: Wanted, writes: list[Intent]
) -> tuple[bool | None, list[RecordEvent]]:
    """Whether the router says that all has arrived; what is only being written has not."""
    if not hasattr(router, "verify"):
        return None, []
    try:
        answer = cast(Verifying, router).verify(world, asked)
    except RouterError as error:
        return False, [warning("WeightVerifyError", f"{name}: {error}")]
    pending = any(isinstance(write, CreateRouted | PatchRouted) for write in writes)
    return (False if pending and answer is not None else answer), []


def _all(answers: list[bool | None]) -> bool | None:
    """One router that has not confirmed is enough to wait for; None: none of them can tell."""
    known = [answer for answer in answers if answer is not None]
    return all(known) if known else None


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
