"""How a list of conditions changes, the same for every kind of object (spec rollouts §5.2)."""

from __future__ import annotations

from datetime import datetime

from reconciler.workloads.parts import Condition
from reconciler.workloads.times import stamp


def put(conditions: tuple[Condition, ...], wanted: Condition, now: datetime) -> tuple[Condition, ...]:
    """`conditions` with `wanted` in it. A `last_update_time` in `wanted` says: this is news although it looks equal."""
    old = next((c for c in conditions if c.type == wanted.type), None)
    fresh = bool(wanted.last_update_time)
    if old and (old.status, old.reason) == (wanted.status, wanted.reason) and not fresh:
        return conditions
    transition = old.last_transition_time if old and old.status == wanted.status else stamp(now)
    updated = Condition(
        type=wanted.type,
        status=wanted.status,
        reason=wanted.reason,
        message=wanted.message,
        last_update_time=stamp(now),
        last_transition_time=transition,
    )
    return (*(c for c in conditions if c.type != wanted.type), updated)
