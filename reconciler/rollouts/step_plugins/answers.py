"""What plugins answered since the last decision, taken into the status (spec rollouts §4.11)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from reconciler.rollouts.intents import RecordEvent
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.step_plugins.contract import Result
from reconciler.rollouts.step_plugins.records import Record, awaited, call_id, find, put, told
from reconciler.workloads.times import stamp, stamp_not_before

RETRY_SECONDS = 30
"""After an Error, and after a Running that does not say when."""

_SOONEST_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Answered:
    """`world` has the answers in its status, and an `abort_cause` if one of them is that the step failed."""

    world: World
    events: tuple[RecordEvent, ...] = ()


def take(world: World, now: datetime) -> Answered:
    """Records of steps that are ahead again, after a retry or because somebody went back, are dropped first."""
    world = _without_old(world)
    events: list[RecordEvent] = []
    for record in world.canary_status.step_plugin_statuses:
        result = world.plugin_answers.get(call_id(world, record))
        if result is None or not awaited(record):
            continue
        changed = after(record, result, now)
        world = put(world, changed)
        events += [told(world, changed)] if changed.phase != record.phase else []
    cause = world.abort_cause or _failure(world)
    return Answered(replace(world, abort_cause=cause), tuple(events))


def after(record: Record, result: Result, now: datetime) -> Record:
    """The record with the answer in it. Only `run` may take its time; the other two are asked once."""
    waits = result.phase in ("Running", "Error") and record.operation == "Run"
    phase, message = result.phase, result.message
    if phase == "Running" and not waits:
        phase, message = "Failed", message or f"{record.operation} must not answer Running"
    return msgspec.structs.replace(
        record,
        phase=phase,
        message=message,
        status=record.status if phase == "Error" else result.status,
        updated_at=stamp_not_before(now),
        backoff=f"{_backoff(result)}s" if waits else "",
        finished_at="" if waits else stamp(now),
    )


def _backoff(result: Result) -> int:
    if result.phase == "Error" or not result.requeue_after:
        return RETRY_SECONDS
    return max(_SOONEST_SECONDS, round(result.requeue_after))


def _without_old(world: World) -> World:
    status, known = world.status, world.canary_status.step_plugin_statuses
    if not known or status.abort:
        return world
    retried = status.aborted_at is not None
    back = any(record.index > world.step_index for record in known)
    if not retried and not back:
        return world
    kept = tuple(record for record in known if not retried and record.index < world.step_index)
    return world.with_canary(step_plugin_statuses=kept)


def _failure(world: World) -> str:
    """Why the current step has the update given up."""
    record = find(world, world.step_index, "Run")
    decided = world.promoted or world.aborted or world.status.promote_full
    if record is None or record.phase != "Failed" or decided or world.steps_done:
        return ""
    return f"Step Plugin {record.index + 1} ({record.name}) failed: {record.message}"
