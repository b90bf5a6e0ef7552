"""Which call of a step plugin is due now (spec rollouts §4.11). Each is announced in the status before it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from reconciler.rollouts import stepping
from reconciler.rollouts.intents import CallStepPlugin, RecordEvent, warning
from reconciler.rollouts.model import as_object
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.step_plugins.answers import after
from reconciler.rollouts.step_plugins.contract import ANSWER_WITHIN_SECONDS, Operation, Result
from reconciler.rollouts.step_plugins.records import Record, again_at, awaited, call_id, find, finished, put, told
from reconciler.workloads.times import stamp

_GIVEN_UP = timedelta(seconds=ANSWER_WITHIN_SECONDS + 1)


@dataclass(frozen=True, slots=True)
class Due:
    """`calls` are to be made after the status of `world` is stored."""

    world: World
    calls: tuple[CallStepPlugin, ...] = ()
    events: tuple[RecordEvent, ...] = ()
    wake_at: datetime | None = None


def due(world: World, now: datetime) -> Due:
    """At most one call at a time: a plugin of an update that was given up comes before any step."""
    for wanted in (_to_abort, _to_terminate, _to_run):
        if found := wanted(world):
            return _ask(world, *found, now)
    return Due(world)


Wanted = tuple[int, str, Operation]
"""(index of the step, plugin, what is asked of it)"""


def _to_abort(world: World) -> Wanted | None:
    """What ran is undone in reverse order, once each."""
    if not world.aborted:
        return None
    return _first(world, "Abort", lambda run: run.phase in ("Running", "Successful"))


def _to_terminate(world: World) -> Wanted | None:
    """Nobody waits any more for what still runs: the update was promoted in full, or somebody skipped the step."""
    if world.aborted:
        return None
    passed = world.promoted or world.status.promote_full
    return _first(world, "Terminate", lambda run: not finished(run) and (passed or run.index < world.step_index))


def _first(world: World, operation: Operation, concerned: Callable[[Record], bool]) -> Wanted | None:
    runs = [each for each in world.canary_status.step_plugin_statuses if each.operation == "Run" and not each.disabled]
    for run in sorted(runs, key=lambda each: each.index, reverse=True):
        record = find(world, run.index, operation)
        if concerned(run) and not (record and finished(record)):
            return run.index, run.name, operation
    return None


def _to_run(world: World) -> Wanted | None:
    step = world.current_step
    if step is None or step.plugin is None or not stepping.moving(world):
        return None
    record = find(world, world.step_index, "Run")
    return None if record and finished(record) else (world.step_index, step.plugin.name, "Run")


def _ask(world: World, index: int, name: str, operation: Operation, now: datetime) -> Due:
    record = find(world, index, operation)
    if record and not awaited(record) and now < (at := again_at(record)):
        return Due(world, wake_at=at)
    first = record is None
    if record is None or not awaited(record):
        record = _announced(world, record or Record(index=index, name=name, operation=operation), now)
    standing = world.plugin_standings.get(name, "")
    if standing == "disabled":
        disabled = msgspec.structs.replace(record, disabled=True, phase="", executions=0)
        return Due(put(world, disabled))
    if standing:
        return _unable(world, after(record, Result("Error", standing), now))
    world = put(world, record)
    events = (told(world, record),) if first else ()
    return Due(world, (_call(world, record),), events, now + _GIVEN_UP)


def _announced(world: World, record: Record, now: datetime) -> Record:
    run = find(world, record.index, "Run")
    return msgspec.structs.replace(
        record,
        phase=record.phase or "Running",
        started_at=record.started_at or stamp(now),
        updated_at=stamp(now),
        backoff="",
        executions=record.executions + 1,
        status=record.status if record.executions or run is None else run.status,
    )


def _unable(world: World, record: Record) -> Due:
    """The plugin is not there, and may come."""
    wake_at = None if finished(record) else again_at(record)
    told = warning("ReconciliationError", f"step plugin {record.name}: {record.message}")
    return Due(put(world, record), events=(told,), wake_at=wake_at)


def _call(world: World, record: Record) -> CallStepPlugin:
    step = world.steps[record.index] if record.index < len(world.steps) else None
    return CallStepPlugin(
        name=record.name,
        id=call_id(world, record),
        config=step.plugin.config if step and step.plugin else None,
        status=record.status,
        rollout=as_object(world.rollout, world.status),
    )
