"""What somebody asked for since the last decision: a new version, abort, retry, full promotion (spec rollouts §4).

Clients ask by patching the status (spec §4.10). A request is heeded here once, before anything is done, so that
everything after it in the same decision already follows it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.rollouts import rollback
from reconciler.rollouts.analyses import run_slots
from reconciler.rollouts.intents import RecordEvent, normal, warning
from reconciler.rollouts.snapshot import World
from reconciler.workloads.times import stamp


@dataclass(frozen=True, slots=True)
class Heeded:
    world: World
    events: tuple[RecordEvent, ...] = ()


def heed(world: World, now: datetime) -> Heeded:
    """The status after all requests. `world.abort_cause` is an abort that an analysis or a deadline asks for."""
    if changed(world):
        return _restart(world)
    if world.promoted:
        return Heeded(_settled(world))
    if _aborts(world):
        return _abort(world, now)
    if world.status.aborted_at is not None:
        world = run_slots.cleared(world)  # what they said led to the abort that is taken back
    if world.status.promote_full or rollback.within_window(world):
        return Heeded(_skip_to_end(world))
    return Heeded(world.with_status(abort=False, aborted_at=None))


def changed(world: World) -> bool:
    """Whether template or steps are not those that the status is about."""
    status = world.status
    return status.current_pod_hash != world.pod_hash or status.current_step_hash != world.step_hash


def abort_message(world: World) -> str:
    cause = f": {world.abort_cause}" if world.abort_cause else ""
    return f"Rollout aborted update to revision {world.revision}{cause}"


def _restart(world: World) -> Heeded:
    """A new version, or new steps, begin at the first step with a clean slate (spec §4.2)."""
    replaced = world.status.current_pod_hash != world.pod_hash
    world = replace(run_slots.cleared(world).with_canary(step_plugin_statuses=()), abort_cause="").with_status(
        current_pod_hash=world.pod_hash,
        current_step_hash=world.step_hash,
        current_step_index=0 if world.steps else None,
        pause_conditions=None,
        controller_pause=False,
        abort=False,
        aborted_at=None,
        promote_full=False,
        restarted_at=world.rollout.spec.restart_at,
    )
    why = _skips_steps(world)
    if not why:
        return Heeded(world)
    told = (normal("SkipSteps", why),) if replaced and world.steps else ()
    return Heeded(world.with_status(current_step_index=world.last_index), told)


def _skips_steps(world: World) -> str:
    if world.promoted:
        return "Rollback to stable ReplicaSets"
    if rollback.within_window(world) and world.new and world.new.size > 0:
        return "Rollback to active ReplicaSets within RollbackWindow"
    return ""


def _settled(world: World) -> World:
    """Nothing is under way: requests about an update have no object any more."""
    world = replace(world, abort_cause="")
    return world.with_status(abort=False, aborted_at=None, promote_full=False, current_step_index=world.last_index)


def _aborts(world: World) -> bool:
    """Of abort and full promotion the later request counts: an abort that was heeded before has its time noted."""
    if world.abort_cause:
        return True
    heeded_before = world.status.aborted_at is not None
    return world.status.abort and not (world.status.promote_full and heeded_before)


def _abort(world: World, now: datetime) -> Heeded:
    first = world.status.aborted_at is None
    world = world.with_status(
        abort=True,
        aborted_at=stamp(now) if first else world.status.aborted_at,
        pause_conditions=None,
        controller_pause=False,
        promote_full=False,
        current_step_index=0 if world.steps else None,
    )
    return Heeded(world, (warning("RolloutAborted", abort_message(world)),) if first else ())


def _skip_to_end(world: World) -> World:
    return world.with_status(
        abort=False,
        aborted_at=None,
        pause_conditions=None,
        controller_pause=False,
        current_step_index=world.last_index,
    )
