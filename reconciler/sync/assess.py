"""Health of an Application's objects for the generations that it applied (spec gitops §4.5). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from reconciler.apps.delivery import Health
from reconciler.apps.record import Entry, Key
from reconciler.sync.health.model import Assessment

DEBOUNCE = timedelta(seconds=30)
"""A pod that restarts once must not fail a commit: Degraded counts only after so long, unless it is terminal."""

MISSING = Assessment(Health.MISSING, "is not in the cluster")
WORST_FIRST = (
    Health.UNKNOWN,
    Health.DEGRADED,
    Health.MISSING,
    Health.PROGRESSING,
    Health.SUSPENDED,
    Health.HEALTHY,
)


class Live(Protocol):
    @property
    def generation(self) -> int: ...
    @property
    def assessment(self) -> Assessment: ...


def assess(entry: Entry | None, live: Live | None, since: datetime | None, now: datetime) -> Assessment:
    """`since`: from when on the object has been Degraded without a break."""
    if entry is None or live is None:
        return MISSING
    if live.generation < entry.generation:
        return Assessment(Health.PROGRESSING, f"generation {entry.generation} has not been seen yet")
    found = live.assessment
    lasting = found.health is Health.DEGRADED and since is not None and now - since >= DEBOUNCE
    return found._replace(terminal=True) if lasting else found


def degraded_since(before: Mapping[Key, datetime], degraded: Iterable[Key], now: datetime) -> dict[Key, datetime]:
    """From when on each of the objects that are Degraded now has been so."""
    return {key: before.get(key, now) for key in degraded}


def worst(found: Iterable[Assessment]) -> Health:
    """The health of a whole; without objects it is Healthy."""
    present = {item.health for item in found}
    return next((health for health in WORST_FIRST if health in present), Health.HEALTHY)


def verdict(found: Mapping[Key, Assessment]) -> Health | None:
    """The final health of an applied commit, or None while it is not decided.

    A suspended object is as its owner wants it, except a Rollout, which waits for its next step.
    """
    if any(item.health is Health.DEGRADED and item.terminal for item in found.values()):
        return Health.DEGRADED
    well = all(
        item.health is Health.HEALTHY or (item.health is Health.SUSPENDED and key.kind != "Rollout")
        for key, item in found.items()
    )
    return Health.HEALTHY if well else None
