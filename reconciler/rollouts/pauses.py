"""Pauses of an update: beginning one, ending one, and since when it lasts (spec rollouts §4.6, §4.7)."""

from __future__ import annotations

from datetime import datetime

from reconciler.rollouts.intents import RecordEvent, normal
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import PauseCondition
from reconciler.workloads.times import moment, stamp_not_before


def begin(world: World, reason: str, now: datetime) -> tuple[World, RecordEvent]:
    """The world with one more pause, and the event that says so."""
    pauses = (*(world.status.pause_conditions or ()), PauseCondition(reason=reason, start_time=stamp_not_before(now)))
    told = normal("RolloutPaused", f"Rollout is paused ({reason})")
    return world.with_status(pause_conditions=pauses, controller_pause=True), told


def end(world: World, reason: str) -> World:
    left = tuple(pause for pause in world.status.pause_conditions or () if pause.reason != reason)
    return world.with_status(pause_conditions=left or None, controller_pause=bool(left))


def since(world: World, reason: str) -> datetime | None:
    """When it began; None while the update is not paused for that reason."""
    pauses = world.status.pause_conditions or ()
    return next((moment(pause.start_time) for pause in pauses if pause.reason == reason), None)


def resumed(world: World) -> bool:
    """Whether we had paused and somebody has cleared all pauses since."""
    return world.status.controller_pause and not world.status.pause_conditions
