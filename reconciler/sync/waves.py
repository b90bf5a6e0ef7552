"""Which part of a plan may be carried out now (spec gitops §3.3). Pure, so a restart needs no cursor.

A step is a wave, split into definitions and the rest. Changes of a step wait until every object of earlier steps is
healthy in the generation that we applied; a paused Rollout (Suspended) holds nobody up, an object that stays Degraded
stops the operation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.apps.delivery import Health
from reconciler.apps.record import Key
from reconciler.sync.declared import Declared
from reconciler.sync.health.model import Assessment
from reconciler.sync.plan import Change

PASSING = (Health.HEALTHY, Health.SUSPENDED)


@dataclass(frozen=True, slots=True)
class Apply:
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    message: str


@dataclass(frozen=True, slots=True)
class Fail:
    message: str


Step = Apply | Wait | Fail


def next_step(changes: Sequence[Change], declared: Sequence[Declared], health: Mapping[Key, Assessment]) -> Step | None:
    """None when nothing is left to apply. `health` is that of the applied generations."""
    if not changes:
        return None
    first = min(change.declared.step for change in changes)
    earlier = [item for item in declared if item.step < first]
    found = [(item, health[item.key]) for item in earlier]
    if broken := [told(item, a) for item, a in found if a.health is Health.DEGRADED and a.terminal]:
        return Fail("; ".join(broken[:3]))
    if waiting := [told(item, a) for item, a in found if a.health not in PASSING]:
        more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        return Wait(f"wave {first[0]} waits for {waiting[0]}{more}")
    return Apply(tuple(change for change in changes if change.declared.step == first))


def told(item: Declared, found: Assessment) -> str:
    return f"{item.key}: {found.message or found.health}"
