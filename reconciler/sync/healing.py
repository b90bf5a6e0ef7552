"""Drift: objects that no longer look as we left them are confirmed with the server, then put back (spec gitops §3.7).

A suspicion costs nothing: the digests of a watch event differ from those of our apply. The confirmation is one dry run.
One object that cannot be looked at or put back costs the others nothing; it is told, and tried again after a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from reconciler.apps.delivery import OperationPhase
from reconciler.apps.record import Entry, Key, Record, RecordStore
from reconciler.errors import NotFound, Refused, UserError
from reconciler.sync.declared import Declared
from reconciler.sync.desired import DesiredState, by_key
from reconciler.sync.engine import Applier, Claimant, scrubbed_text
from reconciler.sync.live import LiveObject, LiveObjects
from reconciler.sync.plan import Change, Why
from reconciler.sync.state import AppState, Drift, automated
from reconciler.telemetry.log import logger

log = logger(__name__)

RETRY = timedelta(seconds=60)


class Healer:
    """Looks for drift in one Application whose operation has ended."""

    def __init__(self, live: LiveObjects, desired: DesiredState, applier: Applier, store: RecordStore) -> None:
        self._live, self._desired, self._applier, self._store = live, desired, applier, store

    def heal(self, state: AppState, now: datetime) -> None:
        """Confirms suspected drift with the server, then heals it where selfHeal is on and nobody fights us."""
        suspects = drifted(state.record, self._live.get)
        state.drift = {key: found for key, found in state.drift.items() if holds(found, suspects.get(key), now)}
        unknown = [key for key in suspects if key not in state.drift]
        if not unknown and not due(state, now):
            return
        declared = self._declared(state)
        self._confirm(state, [declared[key] for key in unknown if key in declared], suspects, now)
        self._put_back(state, declared, now)

    def _declared(self, state: AppState) -> dict[Key, Declared]:
        """Each object as it was last applied: by the newest commit, or where that failed by the one before."""
        found: dict[Key, Declared] = {}
        entries = state.record.entries()
        for sha in shas(state.record):
            with suppress(UserError, NotFound):
                items = by_key(self._desired.at(state, sha)).items()
                found |= {key: item for key, item in items if key in entries and entries[key].target == item.digest}
        return found

    def _confirm(self, state: AppState, items: Sequence[Declared], suspects: dict[Key, str], now: datetime) -> None:
        entries = state.record.entries()
        for item in items:
            found = self._verify(item, suspects[item.key], now)
            if isinstance(found, Entry):
                entries[item.key] = found
                continue
            state.drift[item.key] = found
            paths = [change.path for change in found.changes]
            log.info("drifted", app=state.app.name, object=str(item.key), fields=paths, trouble=found.trouble)
        self._save(state, entries)

    def _verify(self, item: Declared, own: str, now: datetime) -> Entry | Drift:
        try:
            entry, changes = self._applier.verify(item)
        except (UserError, Refused, NotFound) as error:
            return Drift(own, (), scrubbed_text(item, str(error)), now + RETRY)
        return entry or Drift(own, changes)

    def _put_back(self, state: AppState, declared: dict[Key, Declared], now: datetime) -> None:
        entries = state.record.entries()
        changes = [Change(declared[key], entries.get(key), Why.DRIFTED) for key in due(state, now) if key in declared]
        outcome = self._applier.apply_all(Claimant(state.app.name, lambda change, owner: True), changes)
        for entry in outcome.entries:
            entries[entry.key] = entry
            state.drift.pop(entry.key, None)
            state.fights.healed(entry.key, now)
            log.info("healed", app=state.app.name, object=str(entry.key))
        for change in changes:
            key = change.declared.key
            why = [str(problem) for problem in outcome.problems if problem.what.startswith(f"{key}: ")]
            if why and key in state.drift:
                state.drift[key] = replace(state.drift[key], trouble=why[0], retry_at=now + RETRY)
        self._save(state, entries)
        if outcome.trouble is not None:
            raise outcome.trouble

    def _save(self, state: AppState, entries: dict[Key, Entry]) -> None:
        inventory = tuple(entries.values())
        if inventory != state.record.inventory:
            record = msgspec.structs.replace(state.record, inventory=inventory)
            state.stored = self._store.save(state.stored, record)


def due(state: AppState, now: datetime) -> list[Key]:
    """Objects whose drift may be healed now."""
    if not automated(state).self_heal:
        return []
    return [key for key, drift in state.drift.items() if state.fights.may_heal(key, now) and drift.retry_at is None]


def holds(drift: Drift, own: str | None, now: datetime) -> bool:
    """Whether what was found still stands; what failed then is looked at anew when its time has come."""
    return drift.own == own and (drift.retry_at is None or now < drift.retry_at)


def shas(record: Record) -> list[str]:
    """The commits whose objects may be in the cluster, the newest last."""
    operation, applied = record.operation, record.applied
    newest = [operation.sha] if operation else []
    failed = operation is not None and operation.phase is OperationPhase.FAILED
    return [applied.sha, *newest] if applied and failed else newest


def waits(state: AppState, now: datetime) -> list[datetime]:
    """When time alone lets another heal happen."""
    moments = [moment for key in state.drift if (moment := state.fights.paused_until(key))]
    moments += [drift.retry_at for drift in state.drift.values() if drift.retry_at]
    return [moment for moment in moments if moment > now]


def drifted(record: Record, live: Callable[[Entry], LiveObject | None]) -> dict[Key, str]:
    """Applied objects that no longer look as we left them, with the digest they have now ("" when they are gone)."""
    found = {}
    for entry in record.inventory:
        if entry.left or not entry.uid:
            continue
        now = live(entry)
        identity = (now.uid, now.own) if now else ("", "")
        if identity != (entry.uid, entry.own):
            found[entry.key] = "/".join(identity)
    return found
