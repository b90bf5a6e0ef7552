"""The records of step plugins in a Rollout's status: finding, adding and changing one (spec rollouts §1.7, §4.11)."""

from __future__ import annotations

from datetime import datetime

from reconciler.kube.durations import parse_go_duration
from reconciler.rollouts.intents import RecordEvent, normal
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import StepPluginStatus
from reconciler.rollouts.step_plugins.contract import CallId
from reconciler.workloads.times import moment

Record = StepPluginStatus

USUAL_BACKOFF = "30s"


def find(world: World, index: int, operation: str) -> Record | None:
    known = world.canary_status.step_plugin_statuses
    return next((each for each in known if (each.index, each.operation) == (index, operation)), None)


def put(world: World, record: Record) -> World:
    """The world with the record in its place, or at the end."""
    known = list(world.canary_status.step_plugin_statuses)
    same = [(each.index, each.operation) == (record.index, record.operation) for each in known]
    at = same.index(True) if True in same else len(known)
    known[at : at + 1] = [record]
    return world.with_canary(step_plugin_statuses=tuple(known))


def call_id(world: World, record: Record) -> CallId:
    """Of the call that the record announced last."""
    return CallId(world.pod_hash, record.index, record.operation, record.started_at, record.executions)


def finished(record: Record) -> bool:
    return bool(record.finished_at) or record.disabled


def awaited(record: Record) -> bool:
    """Announced, and not answered yet."""
    return not finished(record) and not record.backoff


def again_at(record: Record) -> datetime:
    """When a step that is not over is asked again; the established engine writes a minute as `1m0s`."""
    return moment(record.updated_at) + parse_go_duration(record.backoff or "0")


def is_backoff(text: str) -> bool:
    """Whether `again_at` can reckon with it."""
    try:
        return not text or parse_go_duration(text).total_seconds() >= 0
    except ValueError:
        return False


def waiting(world: World) -> str:
    """What the plugin of the current step says that it waits for."""
    step = world.current_step
    record = find(world, world.step_index, "Run") if step and step.plugin and not world.promoted else None
    return f"step plugin {record.name}: {record.message}" if record and not finished(record) and record.message else ""


def told(world: World, record: Record, reason: str = "StepPluginTransition") -> RecordEvent:
    text = f"Step plugin {record.name} (step {record.index + 1}/{len(world.steps)}) {record.operation}: {record.phase}"
    return normal(reason, f"{text}: {record.message}" if record.message else text)
