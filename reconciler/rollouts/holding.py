"""Counters of pods wait a moment for company, so that a burst of starting pods is not a burst of status writes.

Whatever a client acts on is written at once: phase, step, pauses, abort, versions, weights, and every condition that
changes its status. Only the numbers of pods, the message that follows from them and the sign of life in `Progressing`
are held back, and only for a moment after such a sign of life was written. The time of that is stored (`Progressing`
has it), so nothing has to be remembered; when it is over the counters are written, whether or not they move on.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from reconciler.rollouts.status import RolloutStatus
from reconciler.workloads.parts import Condition
from reconciler.workloads.times import moment

HOLD = timedelta(seconds=2)
"""From the second in which a sign of life was written: counters are 2 s behind the pods at most."""

_SIGNS_OF_LIFE = ("NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated")


def held_until(before: RolloutStatus, after: RolloutStatus, now: datetime) -> datetime | None:
    """When `after` is to be written, if it says nothing else than other counters; None: now."""
    if before == after or not _only_counters(before, after):
        return None
    progressing = before.condition("Progressing")
    if not (progressing and _is_sign_of_life(progressing) and progressing.last_update_time):
        return None
    written = moment(progressing.last_update_time)
    return written + HOLD if written <= now < written + HOLD else None


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
