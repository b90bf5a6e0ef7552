"""What the record becomes at each step of an operation. Pure; each is written down before or right after the act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from reconciler.apps.delivery import Operation, OperationPhase
from reconciler.apps.record import Applied, Entry, Record
from reconciler.errors import Problem
from reconciler.sync.declared import Desired
from reconciler.sync.engine import Outcome, intent
from reconciler.sync.observe import superseding
from reconciler.sync.plan import Plan, Why


def begun(record: Record, operation: Operation, planned: Plan, now: datetime, desired: Desired) -> Record:
    """The record that is written before the first object is touched.

    Objects that drifted or vanished meanwhile are marked to be written by this operation too: a new commit brings all
    of its objects to what git says. One that had left git and is declared again has not left.
    """
    declared = {item.key for item in desired.objects}
    entries = {key: _left(entry, entry.left and key not in declared) for key, entry in record.entries().items()}
    for change in planned.changes:
        known = entries.get(change.declared.key)
        if known is None or change.why is Why.MISSING:
            entries[change.declared.key] = intent(change.declared)
        elif change.why is Why.DRIFTED:
            entries[change.declared.key] = msgspec.structs.replace(known, target="")
    started = replace(operation, phase=OperationPhase.APPLYING, total=len(declared), done=planned.unchanged)
    closing = superseding(record, now)
    return msgspec.structs.replace(record, operation=started, inventory=tuple(entries.values()), closing=closing)


def progressed(record: Record, outcome: Outcome) -> Record:
    """The record after some objects were applied."""
    operation = record.operation
    assert operation is not None
    entries = record.entries() | {entry.key: entry for entry in outcome.entries}
    counted = replace(
        operation,
        done=operation.done + len(outcome.entries),
        created=operation.created + outcome.created,
        updated=operation.updated + outcome.updated,
    )
    return msgspec.structs.replace(record, operation=counted, inventory=tuple(entries.values()))


def completed(record: Record, desired: Desired, digest: str, renderer: str, now: datetime) -> Record:
    """The record once every wave is applied: what git no longer declares is marked as left, and may be pruned."""
    operation = record.operation
    assert operation is not None
    keys = {item.key for item in desired.objects}
    ended = replace(operation, phase=OperationPhase.APPLIED, finished_at=now, done=len(keys), message="")
    return msgspec.structs.replace(
        record,
        operation=ended,
        applied=Applied(operation.sha, digest, now, renderer),
        inventory=tuple(_left(entry, entry.key not in keys) for entry in record.inventory),
        verdict=None,
        verdict_at=None,
    )


def _left(entry: Entry, left: bool) -> Entry:
    return entry if entry.left is left else msgspec.structs.replace(entry, left=left)


def pruned(record: Record, forgotten: Sequence[Entry], kept: int) -> Record:
    """The record without these entries; its operation counts those that were really deleted."""
    operation = record.operation
    assert operation is not None
    counted = replace(operation, pruned=operation.pruned + max(0, len(forgotten) - kept))
    inventory = tuple(entry for entry in record.inventory if entry not in forgotten)
    return msgspec.structs.replace(record, operation=counted, inventory=inventory)


def unchanged(record: Record, operation: Operation, now: datetime) -> Record:
    """Nothing was to be written. The commit that is applied already stays applied, and goes on being judged."""
    same = record.applied is not None and record.applied.sha == operation.sha
    phase = OperationPhase.APPLIED if same else OperationPhase.NO_CHANGE
    return msgspec.structs.replace(record, operation=replace(operation, phase=phase, finished_at=now))


def failed(record: Record, problems: Sequence[Problem], now: datetime) -> Record:
    """The operation ends with these problems; what was applied and the last good state stay."""
    operation = record.operation
    assert operation is not None
    ended = replace(
        operation,
        phase=OperationPhase.FAILED,
        finished_at=now,
        message=str(problems[0]),
        problems=tuple(problems),
    )
    return msgspec.structs.replace(record, operation=ended)
