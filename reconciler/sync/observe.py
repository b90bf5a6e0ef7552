"""Taking up the newest commit (spec gitops §3.7, §6.3). Pure: what the record becomes when a head is seen.

The newest commit wins. One that had not been applied yet ends as superseded; one that was applied goes on being judged
until a newer one really changes something, which `superseding` notes when that starts.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from reconciler.apps.delivery import Operation, OperationPhase
from reconciler.apps.record import MAX_CLOSING, Record
from reconciler.config.model import Application
from reconciler.sync.digests import digest

SLOW_RETRY = timedelta(minutes=30)
"""A commit that failed for its own fault is tried again only so often: what it lacked may come from elsewhere."""

FINISHED = (OperationPhase.APPLIED, OperationPhase.NO_CHANGE, OperationPhase.FAILED)


def finished(record: Record) -> bool:
    """Whether nothing of the present operation is left to apply."""
    return record.operation is not None and record.operation.phase in FINISHED


def observe(record: Record, head: str, now: datetime, app: Application, retry_at: datetime | None = None) -> Record:
    """The record with an operation for `head`.

    The same commit runs again when the Application's settings change, when it failed long ago, or at `retry_at`.
    """
    operation, config = record.operation, digest(repr(app))
    if operation is not None and operation.sha == head:
        return _again(record, operation, now, config, retry_at or slow_retry_at(record))
    closing = record.closing
    if operation is not None and operation.phase not in FINISHED:
        closing = (*closing, _closed(operation, head, now))
    seen = {sha: at for sha, at in record.seen.items() if record.applied is not None and sha == record.applied.sha}
    return msgspec.structs.replace(
        record,
        accepted=head,
        operation=Operation(head, OperationPhase.PENDING, now),
        closing=closing[-MAX_CLOSING:],
        seen={**seen, head: now},
        config=config,
        source=app.source,
        namespace=app.destination.namespace,
    )


def _again(record: Record, operation: Operation, now: datetime, config: str, retry_at: datetime | None) -> Record:
    if record.config == config and (retry_at is None or now < retry_at):
        return record
    fresh = Operation(operation.sha, OperationPhase.PENDING, now)
    return msgspec.structs.replace(record, operation=fresh, config=config)


def slow_retry_at(record: Record) -> datetime | None:
    """When a failed operation is tried again by itself; None when there is none."""
    operation = record.operation
    if operation is None or operation.phase is not OperationPhase.FAILED or operation.finished_at is None:
        return None
    return operation.finished_at + SLOW_RETRY


def superseding(record: Record, now: datetime) -> tuple[Operation, ...]:
    """The closing list once the present operation starts to change objects.

    The commit that was applied before and never got its verdict is superseded at that moment.
    """
    applied, operation = record.applied, record.operation
    if applied is None or operation is None or record.verdict is not None or applied.sha == operation.sha:
        return record.closing
    if any(old.sha == applied.sha for old in record.closing):
        return record.closing
    old = Operation(applied.sha, OperationPhase.APPLIED, record.seen.get(applied.sha, applied.at))
    return (*record.closing, _closed(old, operation.sha, now))[-MAX_CLOSING:]


def _closed(operation: Operation, by: str, now: datetime) -> Operation:
    return replace(operation, superseded_by=by, finished_at=now)
