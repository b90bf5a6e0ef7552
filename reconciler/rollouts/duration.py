"""How long updates take, and how much of it was waiting for people (spec rollouts §5.6)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from reconciler.rollouts.conditions import Look
from reconciler.rollouts.snapshot import INCONCLUSIVE, STEP_PAUSE
from reconciler.rollouts.status import DurationRecord, moment, stamp

_ABORTED = "Aborted"


def record(look: Look) -> DurationRecord | None:
    """The record of the update under way or of the last one."""
    found = look.before.duration
    if _starts(look):
        found = DurationRecord(rollout_started_at=stamp(look.now))
    if found is None:
        return None
    return _finished(look, _with_pause(look, found))


def _starts(look: Look) -> bool:
    before, after = look.before, look.after
    if after.current_pod_hash != before.current_pod_hash or not before.current_pod_hash:
        return not _returned(look)
    return before.aborted_at is not None and after.aborted_at is None and not look.completed


def _returned(look: Look) -> bool:
    """Back to the stable version while an update was under way: that record ends, none begins."""
    running = look.before.duration is not None and look.before.duration.finished_at is None
    return look.completed and running


def _with_pause(look: Look, found: DurationRecord) -> DurationRecord:
    waiting, since = _waits_for_person(look), found.manual_pause_started_at
    if waiting and since is None and found.finished_at is None:
        return msgspec.structs.replace(found, manual_pause_started_at=stamp(look.now))
    if not waiting and since is not None:
        seconds = int((look.now - moment(since)).total_seconds())
        total = found.total_manual_pause_duration_seconds + max(0, seconds)
        return msgspec.structs.replace(found, manual_pause_started_at=None, total_manual_pause_duration_seconds=total)
    return found


def _waits_for_person(look: Look) -> bool:
    reasons = {pause.reason for pause in look.after.pause_conditions or ()}
    step = look.world.current_step
    endless = step is not None and step.pause is not None and step.pause.duration is None
    return look.world.rollout.spec.paused or INCONCLUSIVE in reasons or (STEP_PAUSE in reasons and endless)


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
    before = look.before
    if before.stable_rs == look.after.stable_rs and before.current_pod_hash != before.stable_rs:
        return "FastRolledBack"
    return "FastPromoted" if before.promote_full else "Promoted"


def _ended(found: DurationRecord, outcome: str, now: datetime) -> DurationRecord:
    return msgspec.structs.replace(found, completion_status=outcome, finished_at=stamp(now))
