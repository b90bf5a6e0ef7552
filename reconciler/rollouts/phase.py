"""`status.phase` and `status.message`: where a Rollout stands, in the words that clients show (spec rollouts §5.1)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from reconciler.rollouts.analyses import verdicts
from reconciler.rollouts.bluegreen import standing
from reconciler.rollouts.conditions import ABORTED, INVALID, TIMED_OUT
from reconciler.rollouts.proving import bake, first_deploy
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import RolloutStatus
from reconciler.rollouts.step_plugins import records
from reconciler.workloads.times import moment


class Phase(NamedTuple):
    phase: str
    message: str = ""


def phase(world: World, status: RolloutStatus, now: datetime) -> Phase:
    """First match, as listed in the spec. `status` has its new conditions and counters."""
    return _broken(status) or _paused(world, status) or _progressing(world, status, now) or Phase("Healthy")


def _broken(status: RolloutStatus) -> Phase | None:
    invalid = status.condition(INVALID)
    if invalid:
        return Phase("Degraded", f"{INVALID}: {invalid.message}")
    for condition in status.conditions:
        if condition.reason in (ABORTED, TIMED_OUT):
            return Phase("Degraded", f"{condition.reason}: {condition.message}")
    return None


def _paused(world: World, status: RolloutStatus) -> Phase | None:
    if world.rollout.spec.paused:
        return Phase("Paused", "manually paused")
    pauses = status.pause_conditions or ()
    return Phase("Paused", pauses[0].reason) if pauses else None


def _progressing(world: World, status: RolloutStatus, now: datetime) -> Phase | None:
    outside = verdicts.trouble(world) or records.waiting(world) or _unconfirmed(world)
    waits = (
        (bool(outside), outside),
        (restarting(world, now), "rollout is restarting"),
        (status.updated_replicas < world.replicas, "more replicas need to be updated"),
        (status.available_replicas < status.updated_replicas, "updated replicas are still becoming available"),
    )
    awaited = standing.awaited if world.is_blue_green else _canary
    proving = bake.told(world) or first_deploy.told(world)
    message = next((message for holds, message in waits if holds), "") or proving or awaited(world, status)
    return Phase("Progressing", message) if message else None


def _unconfirmed(world: World) -> str:
    told = world.weights if world.unconfirmed and not world.promoted else None
    return f"waiting for the router to confirm weight {told.canary.weight}" if told else ""


def _canary(world: World, status: RolloutStatus) -> str:
    if not world.routes_traffic and status.replicas > status.updated_replicas:
        return "old replicas are pending termination"
    return "waiting for all steps to complete" if status.stable_rs != status.current_pod_hash else ""


def restarting(world: World, now: datetime) -> bool:
    """Whether a restart was asked for that is due and not done (spec §4.12)."""
    asked = world.rollout.spec.restart_at
    return asked is not None and asked != world.status.restarted_at and moment(asked) < now
