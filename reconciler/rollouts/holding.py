"""Counters of pods wait a moment for company, so that a burst of starting pods is not a burst of status writes.

Whatever a client acts on is written at once: phase, step, pauses, abort, versions, weights, and every condition that
changes its status. Only the numbers of pods, the message that follows from them and the sign of life in `Progressing`
are held back, and only for a moment after such a sign of life was written. The time of that is stored (`Progressing`
has it), so nothing has to be remembered; when it is over the counters are written, whether or not they move on. The
moment is longer the more Rollouts are being updated at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from reconciler.rollouts.status import RolloutStatus
from reconciler.workloads.parts import Condition
from reconciler.workloads.times import moment

SHORTEST, LONGEST = timedelta(seconds=2), timedelta(seconds=60)
"""From the second in which a sign of life was written: how far counters may be behind the pods."""

EACH = timedelta(milliseconds=300)
"""For every Rollout that is being updated: all of them together write counters about three times a second."""

_SIGNS_OF_LIFE = ("NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated")


def patience(under_way: int, deadline_seconds: int) -> timedelta:
    """How long counters may wait while so many are being updated; never for long compared with the deadline."""
    return min(max(SHORTEST, EACH * under_way), LONGEST, max(SHORTEST, timedelta(seconds=deadline_seconds) / 4))


def held_until(before: RolloutStatus, after: RolloutStatus, now: datetime, patience: timedelta) -> datetime | None:
    """When `after` is to be written, if it says nothing else than other counters; None: now."""
    if before == after or not _only_counters(before, after):
        return None
    progressing = before.condition("Progressing")
    if not (progressing and _is_sign_of_life(progressing) and progressing.last_update_time):
        return None
    written = moment(progressing.last_update_time)
    return written + patience if written <= now < written + patience else None


def _only_counters(before: RolloutStatus, after: RolloutStatus) -> bool:
    counted = msgspec.structs.replace(
        after,
        replicas=before.replicas,
        updated_replicas=before.updated_replicas,
        ready_replicas=before.ready_replicas,
        available_replicas=before.available_replicas,
        hpa_replicas=before.hpa_replicas,
        message=before.message,
        conditions=before.conditions,
    )
    return counted == before and _stands(before) == _stands(after)


def _stands(status: RolloutStatus) -> dict[str, Condition | None]:
    """What the conditions say, whatever their order; a sign of life says only that it goes on."""
    return {condition.type: None if _is_sign_of_life(condition) else condition for condition in status.conditions}


def _is_sign_of_life(condition: Condition) -> bool:
    return condition.type == "Progressing" and condition.reason in _SIGNS_OF_LIFE
