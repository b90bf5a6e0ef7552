"""How long updates take, and how much of it was waiting for people (spec rollouts §5.6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from reconciler.rollouts import rollback
from reconciler.rollouts.conditions import Look
from reconciler.rollouts.snapshot import BLUE_GREEN_PAUSE, INCONCLUSIVE, STEP_PAUSE
from reconciler.rollouts.status import DurationRecord
from reconciler.workloads.times import moment, stamp

_ABORTED, _SUPERSEDED = "Aborted", "Superseded"


@dataclass(frozen=True, slots=True)
class Completion:
    """An update that has ended: how, after how long, and how much of that it waited for a person."""

    status: str
    seconds: float
    paused_seconds: float


def completions(before: DurationRecord | None, after: DurationRecord | None) -> list[Completion]:
    """What ended from one stored record to the next: to be counted once the later one is stored."""
    found = []
    started = after.rollout_started_at if after else None
    if before and _running(before) and started and started != before.rollout_started_at:
        found.append(_ended(before, _SUPERSEDED, moment(started)))
        before = None
    if after and not _running(after) and (before is None or _running(before)):
        found.append(after)
    return [_completion(record) for record in found if record.rollout_started_at and record.finished_at]


def _running(record: DurationRecord) -> bool:
    return record.finished_at is None


def _completion(record: DurationRecord) -> Completion:
    lasted = moment(record.finished_at or "") - moment(record.rollout_started_at or "")
    seconds = max(0.0, lasted.total_seconds())
    return Completion(record.completion_status, seconds, min(seconds, record.total_manual_pause_duration_seconds))


def record(look: Look) -> DurationRecord | None:
    """The record of the update under way or of the last one."""
    found = look.before.duration
    if _starts(look):
        found = DurationRecord(rollout_started_at=stamp(look.now))
    if found is None:
        return None
    return _finished(look, _with_pause(look, found))


def _starts(look: Look) -> bool:
    """A version or steps that are new, or a retry. A change back goes on with the record of the update it ends."""
    before, after = look.before, look.after
    if not before.current_pod_hash:
        return True
    if after.current_pod_hash == before.stable_rs:
        return False
    changed = after.current_pod_hash != before.current_pod_hash or after.current_step_hash != before.current_step_hash
    running = before.duration is not None and _running(before.duration)
    retried = before.aborted_at is not None and after.aborted_at is None
    return (changed and not (running and rollback.backwards(look.world, before.stable_rs))) or retried


def _with_pause(look: Look, found: DurationRecord) -> DurationRecord:
    waiting, since = _waits_for_person(look) and not look.world.aborted, found.manual_pause_started_at
    if waiting and since is None and found.finished_at is None:
        return msgspec.structs.replace(found, manual_pause_started_at=stamp(look.now))
    if not waiting and since is not None:
        return _resumed(found, look.now)
    return found


def _resumed(found: DurationRecord, now: datetime) -> DurationRecord:
    since = found.manual_pause_started_at
    seconds = int((now - moment(since)).total_seconds()) if since else 0
    total = found.total_manual_pause_duration_seconds + max(0, seconds)
    return msgspec.structs.replace(found, manual_pause_started_at=None, total_manual_pause_duration_seconds=total)


def _waits_for_person(look: Look) -> bool:
    reasons = {pause.reason for pause in look.after.pause_conditions or ()}
    step = look.world.current_step
    endless = step is not None and step.pause is not None and step.pause.duration is None
    by_hand = look.world.rollout.spec.paused or (BLUE_GREEN_PAUSE in reasons and not _promotes_itself(look))
    return by_hand or INCONCLUSIVE in reasons or (STEP_PAUSE in reasons and endless)


def _promotes_itself(look: Look) -> bool:
    return look.world.blue_green.auto_promotion_enabled is not False


def _finished(look: Look, found: DurationRecord) -> DurationRecord:
    if found.finished_at is not None:
        return found
    if look.world.aborted:
        return _ended(found, _ABORTED, look.now)
    if not look.completed:
        return found
    found = msgspec.structs.replace(found, completion_status=found.completion_status or _outcome(look))
    new = look.world.new
    if new is None or new.available < look.world.replicas:
        return found
    return _ended(found, found.completion_status, look.now)


def _outcome(look: Look) -> str:
    before, world = look.before, look.world
    if before.stable_rs and rollback.backwards(world, before.stable_rs):
        fast = (
            look.after.stable_rs == before.stable_rs or rollback.skips(world, before.stable_rs) or rollback.warm(world)
        )
        return "FastRolledBack" if fast else "RolledBack"
    return "FastPromoted" if before.promote_full else "Promoted"


def _ended(found: DurationRecord, outcome: str, now: datetime) -> DurationRecord:
    """A pause that still lasts ends with the update."""
    return msgspec.structs.replace(_resumed(found, now), completion_status=outcome, finished_at=stamp(now))
