"""Between operations: drift is confirmed and healed, what left git is pruned, the commit gets its verdict.

Without any change in git or in the cluster none of this makes a request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from reconciler.apps.delivery import Health, OperationPhase
from reconciler.apps.record import APPROVE_PRUNE, Entry, Key, Record, RecordStore
from reconciler.config.model import Automated
from reconciler.errors import NotFound, UserError
from reconciler.kube.api import Cluster
from reconciler.sync.assess import verdict
from reconciler.sync.declared import Declared
from reconciler.sync.deletion import delete_left
from reconciler.sync.desired import DesiredState, by_key
from reconciler.sync.engine import Applier, Claimant
from reconciler.sync.live import LiveObject, LiveObjects
from reconciler.sync.plan import Change, Why
from reconciler.sync.prune import MOVING, pruning
from reconciler.sync.state import AppState, Drift, View
from reconciler.sync.transitions import pruned
from reconciler.telemetry.log import logger

log = logger(__name__)

ROLLING = ("DaemonSet", "Deployment", "StatefulSet")


class Upkeep:
    """Looks after one Application whose operation has ended."""

    def __init__(
        self,
        cluster: Cluster,
        live: LiveObjects,
        desired: DesiredState,
        applier: Applier,
        store: RecordStore,
    ) -> None:
        self._cluster, self._live, self._desired, self._applier = cluster, live, desired, applier
        self._store = store

    def heal(self, state: AppState, now: datetime) -> None:
        """Confirms suspected drift with the server, then heals it where selfHeal is on and nobody fights us."""
        suspects = drifted(state.record, self._live.get)
        state.drift = {key: found for key, found in state.drift.items() if suspects.get(key) == found.own}
        unknown = [key for key in suspects if key not in state.drift]
        heals = automated(state).self_heal and any(state.fights.may_heal(key, now) for key in state.drift)
        if not unknown and not heals:
            return
        declared = self._declared(state)
        if not declared:
            return
        self._confirm(state, [declared[key] for key in unknown if key in declared], suspects)
        if automated(state).self_heal:
            self._put_back(state, declared, now)

    def _declared(self, state: AppState) -> dict[Key, Declared]:
        operation = state.record.operation
        assert operation is not None
        try:
            return by_key(self._desired.at(state, operation.sha))
        except (UserError, NotFound):
            return {}

    def _confirm(self, state: AppState, items: Sequence[Declared], suspects: dict[Key, str]) -> None:
        entries = state.record.entries()
        for item in items:
            if entries[item.key].target != item.digest:
                continue
            entry, changes = self._applier.verify(item)
            if entry is not None:
                entries[item.key] = entry
            else:
                state.drift[item.key] = Drift(suspects[item.key], changes)
                paths = [change.path for change in changes]
                log.info("drifted", app=state.app.name, object=str(item.key), fields=paths)
        self._save(state, tuple(entries.values()))

    def _put_back(self, state: AppState, declared: dict[Key, Declared], now: datetime) -> None:
        entries = state.record.entries()
        due = [key for key in state.drift if key in declared and state.fights.may_heal(key, now)]
        changes = [Change(declared[key], entries.get(key), Why.DRIFTED) for key in due]
        outcome = self._applier.apply_all(Claimant(state.app.name, lambda change, owner: True), changes)
        for entry in outcome.entries:
            entries[entry.key] = entry
            state.drift.pop(entry.key, None)
            state.fights.healed(entry.key, now)
            log.info("healed", app=state.app.name, object=str(entry.key))
        self._save(state, tuple(entries.values()))
        if outcome.trouble is not None:
            raise outcome.trouble

    def prune(self, state: AppState, seen: View, behind: Callable[[], list[str]]) -> bool:
        """Deletes what left git, once the workloads are through and no other Application can still claim it.

        Returns whether to look again soon although nothing here will change by itself. `behind` names those others.
        """
        left = [entry for entry in state.record.inventory if entry.left]
        state.kept = ()
        if not left:
            return False
        if not automated(state).prune:
            state.kept = tuple(f"{entry.key} left git and stays: syncPolicy.automated.prune is off" for entry in left)
            return False
        if not _is_applied(state.record):
            state.kept = (f"{len(left)} objects left git and stay until the newest commit is applied",)
            return False
        if not settled(seen):
            return False
        if others := behind():
            state.kept = (f"{len(left)} objects left git; {', '.join(others[:3])} may still take them over",)
            return True
        return self._delete(state, left)

    def _delete(self, state: AppState, left: Sequence[Entry]) -> bool:
        assert state.record.applied is not None
        sha = state.record.applied.sha
        policy = automated(state)
        found = pruning(state.record.inventory, approved=False, allow_empty=policy.allow_empty)
        if found.held and self._approved(state, sha):
            found = pruning(state.record.inventory, approved=True, allow_empty=True)
        if found.held:
            state.held = f"prune needs approval: {found.held}; annotate its record with {APPROVE_PRUNE}={sha}"
        forgotten, told = delete_left(self._cluster, state.app.name, found.due)
        state.kept = tuple(told)
        if forgotten:
            log.info("pruned", app=state.app.name, objects=[str(entry.key) for entry in forgotten])
            state.stored = self._store.save(state.stored, pruned(state.record, forgotten, len(told)))
        return any(MOVING in text for text in told)

    def _approved(self, state: AppState, sha: str) -> bool:
        """Reads the record's annotation afresh; asked only while something is held."""
        return self._store.load(state.app.name).annotation(APPROVE_PRUNE) == sha

    def judge(self, state: AppState, seen: View, now: datetime) -> None:
        """Notes the first final health of the applied commit; a later recovery may still turn it to Healthy."""
        record = state.record
        if record.applied is None or record.verdict is Health.HEALTHY or not _is_applied(record):
            return
        found = verdict(seen.health)
        if found is None or found is record.verdict:
            return
        sha = record.applied.sha
        good = sha if found is Health.HEALTHY else record.last_good
        judged = msgspec.structs.replace(record, verdict=found, verdict_at=now, last_good=good)
        state.stored = self._store.save(state.stored, judged)
        log.info("judged", app=state.app.name, sha=sha[:7], verdict=str(found))

    def _save(self, state: AppState, inventory: tuple[Entry, ...]) -> None:
        if inventory != state.record.inventory:
            record = msgspec.structs.replace(state.record, inventory=inventory)
            state.stored = self._store.save(state.stored, record)


def automated(state: AppState) -> Automated:
    """What happens by itself; without a policy nothing does, and `Prune=false` beats the policy."""
    policy = state.app.sync_policy.automated or Automated()
    return replace(policy, prune=False) if "Prune=false" in state.app.sync_policy.sync_options else policy


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


def settled(seen: View) -> bool:
    """Whether old pods are through: they may still need what left git (old ConfigMaps above all)."""
    for key, health in seen.health.items():
        if key.kind == "Rollout" and health.health is not Health.HEALTHY:
            return False
        if key.kind in ROLLING and health.health is Health.PROGRESSING:
            return False
    return True


def _is_applied(record: Record) -> bool:
    """Whether the present objects are those of the newest commit: after a failure nobody knows what it declares."""
    operation = record.operation
    return operation is not None and operation.phase in (OperationPhase.APPLIED, OperationPhase.NO_CHANGE)
