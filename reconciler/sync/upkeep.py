"""Between operations: what left git is pruned, the commit gets its verdict (drift: `healing.py`).

Without any change in git or in the cluster none of this makes a request.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from reconciler.apps.delivery import Health, OperationPhase
from reconciler.apps.record import APPROVE_PRUNE, Record, RecordStore
from reconciler.kube.api import Cluster
from reconciler.sync.assess import verdict
from reconciler.sync.deletion import delete_left
from reconciler.sync.neighbours import Behind
from reconciler.sync.prune import MOVING, REFUSED, pruning
from reconciler.sync.state import AppState, View, automated
from reconciler.sync.transitions import pruned
from reconciler.telemetry.log import logger

log = logger(__name__)

SOON, LATER = timedelta(seconds=2), timedelta(seconds=60)
"""When to look again at what only others can change: Applications on their way, and what failed or was refused."""

ROLLING = ("DaemonSet", "Deployment", "StatefulSet")


class Upkeep:
    """Looks after one Application whose operation has ended."""

    def __init__(self, cluster: Cluster, store: RecordStore) -> None:
        self._cluster, self._store = cluster, store

    def prune(self, state: AppState, seen: View, behind: Callable[[], Behind]) -> timedelta | None:
        """Deletes what left git, once the workloads are through and no other Application can still claim it.

        Returns when to look again although nothing here will change by itself. `behind` names those others.
        """
        left = [entry for entry in state.record.inventory if entry.left]
        state.kept = ()
        if not left:
            return None
        if not automated(state).prune:
            state.kept = tuple(f"{entry.key} left git and stays: syncPolicy.automated.prune is off" for entry in left)
            return None
        if not _is_applied(state.record):
            state.kept = (f"{len(left)} objects left git and stay until the newest commit is applied",)
            return None
        if not settled(seen):
            return None
        others = behind()
        if names := [*others.failing, *others.coming]:
            state.kept = (f"{len(left)} objects left git; {', '.join(names[:3])} may still take them over",)
            return SOON if others.coming else LATER
        return self._delete(state)

    def _delete(self, state: AppState) -> timedelta | None:
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
        if any(MOVING in text for text in told):
            return SOON
        return LATER if any(REFUSED in text for text in told) else None

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
