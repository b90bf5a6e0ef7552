"""What the controller keeps in memory of one Application. All of it can be lost: a restart derives it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.apps.affected import Inputs
from reconciler.apps.delivery import Delivery, Health
from reconciler.apps.record import Entry, Key, Record, Stored
from reconciler.config.model import Application, Automated
from reconciler.errors import Problem
from reconciler.sync.assess import DEBOUNCE, assess, degraded_since
from reconciler.sync.causes import Cause
from reconciler.sync.declared import Desired
from reconciler.sync.diff import FieldChange
from reconciler.sync.fights import Fights
from reconciler.sync.health.model import Assessment
from reconciler.sync.live import LiveObject, LiveObjects, Watched, watched

UNWELL = (Health.PROGRESSING, Health.DEGRADED)


@dataclass(frozen=True, slots=True)
class Drift:
    """A confirmed difference in one object; `own` is the digest of the live fields that it was found in.

    `trouble` says why it could not be looked at or put back; that is tried again at `retry_at`.
    """

    own: str
    changes: tuple[FieldChange, ...]
    trouble: str = ""
    retry_at: datetime | None = None


@dataclass(slots=True)
class AppState:
    app: Application
    stored: Stored
    desired: Desired | None = None
    desired_sha: str = ""
    render_digest: str = ""
    renderer: str = ""
    inputs: Inputs | None = None
    inputs_sha: str = ""
    warnings: tuple[Problem, ...] = ()
    kept: tuple[str, ...] = ()
    kinds: frozenset[Watched] = frozenset()
    note: str = ""
    held: str = ""
    drift: dict[Key, Drift] = field(default_factory=dict)
    since: dict[Key, datetime] = field(default_factory=dict)
    causes: dict[Key, Cause] = field(default_factory=dict)
    fights: Fights = field(default_factory=Fights)
    retry_at: datetime | None = None
    attempts: int = 0
    trouble: str = ""
    published: Delivery | None = None

    @property
    def record(self) -> Record:
        return self.stored.record

    def forget_desired(self) -> None:
        """Bodies are kept only while they are needed; they can be rendered again."""
        self.desired, self.desired_sha = None, ""


@dataclass(frozen=True, slots=True)
class View:
    """The live side of one Application at one instant: every inventory entry that git still declares, assessed.

    `current` are the objects whose status is about the generation that we applied.
    """

    live: dict[Key, LiveObject]
    health: dict[Key, Assessment]
    current: frozenset[Key] = frozenset()
    wake_at: datetime | None = None


def view(state: AppState, live: LiveObjects, now: datetime) -> View:
    """Reads the store once, so that one decision sees one state; keeps the Degraded-since times up to date."""
    entries = state.record.entries()
    found = {key: item for key, entry in entries.items() if (item := live.get(entry)) is not None}
    degraded = [key for key, item in found.items() if item.health is Health.DEGRADED and not item.terminal]
    state.since = degraded_since(state.since, degraded, now)
    waits = [since + DEBOUNCE for since in state.since.values() if since + DEBOUNCE > now]
    return explained(assessed(entries, found, state.since, now, min(waits, default=None)), state.causes)


def automated(state: AppState) -> Automated:
    """What happens by itself; without a policy nothing does, and `Prune=false` beats the policy."""
    policy = state.app.sync_policy.automated or Automated()
    return replace(policy, prune=False) if "Prune=false" in state.app.sync_policy.sync_options else policy


def kinds_of(state: AppState) -> frozenset[Watched]:
    """The kinds of all objects of the inventory, those included that are only announced yet."""
    return frozenset(watched(entry) for entry in state.record.inventory)


def assessed(
    entries: Mapping[Key, Entry],
    live: dict[Key, LiveObject],
    since: Mapping[Key, datetime],
    now: datetime,
    wake_at: datetime | None = None,
) -> View:
    """The view of these entries and live objects. Pure."""
    declared = {key: entry for key, entry in entries.items() if not entry.left}
    health = {key: assess(entry, live.get(key), since.get(key), now) for key, entry in declared.items()}
    current = frozenset(
        key
        for key, entry in declared.items()
        if (item := live.get(key)) is not None and item.observed and item.generation >= entry.generation
    )
    return View(live, health, current, wake_at)


def explained(seen: View, causes: Mapping[Key, Cause]) -> View:
    """The view with what pods said added to the messages of their workloads. Pure."""
    health = {
        key: found._replace(message=f"{found.message}; {causes[key].text}")
        if key in causes and causes[key].text and found.health in UNWELL
        else found
        for key, found in seen.health.items()
    }
    return View(seen.live, health, seen.current, seen.wake_at)
