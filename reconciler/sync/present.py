"""The state of one Application in the words that statuses, pages and commands share (`apps.delivery`). Pure."""

from __future__ import annotations

from dataclasses import replace

from reconciler.apps.delivery import Delivery, Health, ObjectHealth, OperationPhase, WorkloadProgress
from reconciler.apps.record import Key
from reconciler.errors import Problem
from reconciler.sync.assess import worst
from reconciler.sync.health.model import Assessment
from reconciler.sync.live import LiveObject
from reconciler.sync.observe import finished
from reconciler.sync.ports import Progress
from reconciler.sync.state import AppState, View

PLAIN_WORKLOADS = ("DaemonSet", "Deployment", "Job", "StatefulSet")


def delivery(state: AppState, seen: View, progress: Progress, *, head: str, repository_error: str) -> Delivery:
    """`progress` answers for Rollouts; for plain workloads the live object says it all."""
    record, app = state.record, state.app
    operation = record.operation
    if operation is not None and state.note and not finished(record):
        operation = replace(operation, message=state.note)
    return Delivery(
        app=app.name,
        repo_url=app.source.repo_url,
        branch=app.source.target_revision,
        namespace=app.destination.namespace,
        head=head,
        operation=operation,
        seen_at=record.seen.get(operation.sha) if operation else None,
        applied_sha=record.applied.sha if record.applied else "",
        applied_at=record.applied.at if record.applied else None,
        sync=sync_state(state),
        drifted=len(state.drift),
        health=overall(state, seen),
        objects=tuple(_object(key, found) for key, found in seen.health.items()),
        workloads=tuple(_workloads(seen, progress)),
        superseded=record.closing,
        warnings=(*state.warnings, *notes(state)),
        repository_error=repository_error,
        blocked=state.held,
    )


def sync_state(state: AppState) -> str:
    """`Unknown` until something was applied or while it cannot be told; else whether cluster and git agree."""
    record = state.record
    if record.applied is None or state.trouble:
        return "Unknown"
    left = any(entry.left for entry in record.inventory)
    failed = record.operation is not None and record.operation.phase is OperationPhase.FAILED
    return "OutOfSync" if state.drift or left or failed or not finished(record) else "Synced"


def overall(state: AppState, seen: View) -> Health:
    return worst(seen.health.values()) if state.record.applied else Health.UNKNOWN


def notes(state: AppState) -> list[Problem]:
    """What is not wrong in git but worth knowing: drift that stays, objects that were kept, trouble with the server."""
    found = [Problem(text) for text in state.kept]
    for key, drift in state.drift.items():
        fields = ", ".join(change.path for change in drift.changes[:3] if change.path) or "the object is gone"
        paused = state.fights.paused_until(key)
        fix = f"healing is paused until {paused:%H:%M:%S} UTC: somebody changes it back each time" if paused else ""
        what = f"{key} differs from git: {fields}" if drift.changes else f"{key} may differ from git"
        found.append(Problem(what, drift.trouble or fix))
    if state.trouble:
        found.append(Problem(state.trouble, "it is tried again"))
    return found


def _object(key: Key, found: Assessment) -> ObjectHealth:
    return ObjectHealth(key.kind, key.namespace, key.name, found.health, found.message, found.terminal)


def _workloads(seen: View, progress: Progress) -> list[WorkloadProgress]:
    found = []
    for key, health in seen.health.items():
        live = seen.live.get(key)
        if key.kind == "Rollout" and key.group == "argoproj.io":
            told = progress(key.namespace, key.name)
            told = told if told is None or key in seen.current else outdated(told, health)
            found.append(told or plain(key, health, live))
        elif key.kind in PLAIN_WORKLOADS and (live is None or live.images):
            found.append(plain(key, health, live))
    return found


def outdated(told: WorkloadProgress, health: Assessment) -> WorkloadProgress:
    """A Rollout's progress between our apply and the engine's first look at it.

    Its status still tells of the version before: an old abort must not fail the new commit, nor a promotion pass it.
    """
    return replace(
        told,
        health=health.health,
        phase=str(health.health),
        message=health.message,
        weight=None,
        step=None,
        aborted=False,
        promoted=False,
        paused=False,
        metrics=(),
    )


def plain(key: Key, health: Assessment, live: LiveObject | None) -> WorkloadProgress:
    """A workload without steps: all or nothing."""
    return WorkloadProgress(
        kind=key.kind,
        namespace=key.namespace,
        name=key.name,
        health=health.health,
        phase=str(health.health),
        message=health.message,
        desired=live.desired if live else 0,
        ready=live.ready if live else 0,
        updated=live.updated if live else 0,
        promoted=health.health is Health.HEALTHY,
        images=live.images if live else (),
    )
