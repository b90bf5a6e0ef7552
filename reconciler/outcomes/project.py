"""What to say next to a commit: the delivery of one Application, read as commit statuses (spec gitops §6.3).

Success and failure are verdicts on that commit and on nothing else: success needs every object of it healthy and every
Rollout promoted, failure a cause that waiting cannot mend. Our own trouble is `error`, a commit that never got its
verdict because a newer one came is `error` too, and everything in motion is `pending`.

Texts never contain the time that has passed, so that an unchanged situation is an unchanged status.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from reconciler.apps.delivery import Delivery, Operation, OperationPhase
from reconciler.forges.model import DESCRIPTION_LIMIT, CommitStatus, State
from reconciler.outcomes import verdict
from reconciler.outcomes.verdict import Finding
from reconciler.outcomes.wording import count, cut, short_sha

_FULL_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A status and its standing. `terminal`: a verdict. `current`: about the commit that the Application runs now.
    `serving`: its canary gets traffic."""

    status: CommitStatus
    terminal: bool
    current: bool
    serving: bool = False


def context(app: str) -> str:
    return f"reconciler/{app}"


def application_url(public_url: str, app: str) -> str:
    """Where a person reads on; empty when nobody told us the page's public address."""
    return f"{public_url.rstrip('/')}/applications/{quote(app, safe='')}" if public_url else ""


def project(
    delivery: Delivery,
    now: datetime,
    *,
    public_url: str = "",
    open_shas: Collection[str] = (),
    mask: Callable[[str], str] = lambda text: text,
) -> tuple[Outcome, ...]:
    """The statuses of every commit that this delivery says something about; the current commit's is the last.

    `open_shas` are commits whose last known status is pending: those that the delivery no longer mentions get their
    closing status here, so that none stays pending for ever. `mask` takes secrets out, before a text is cut.
    """
    operation = delivery.operation
    findings = {
        **_closed_by_newer(delivery, open_shas),
        **_waiting_head(delivery),
        **_still_judged(delivery, open_shas, now),
    }
    if operation is not None:
        findings.pop(operation.sha, None)
        findings[operation.sha] = of_operation(delivery, operation, now)
    url = application_url(public_url, delivery.app)
    current = operation.sha if operation else ""
    return tuple(
        Outcome(
            CommitStatus(sha, context(delivery.app), finding.state, _description(finding, mask), url),
            terminal=finding.terminal,
            current=sha == current,
            serving=finding.serving,
        )
        for sha, finding in findings.items()
        if _FULL_SHA.fullmatch(sha)
    )


def _description(finding: Finding, mask: Callable[[str], str]) -> str:
    tail = cut(mask(finding.tail), DESCRIPTION_LIMIT // 2)
    glue = " " if finding.tail.startswith(" ") else ""
    return cut(mask(finding.text), DESCRIPTION_LIMIT - len(glue + tail)) + glue + tail


def of_operation(delivery: Delivery, operation: Operation, now: datetime) -> Finding:
    """Where the commit of an operation stands, from its first second to its verdict."""
    match operation.phase:
        case OperationPhase.PENDING:
            return _held(delivery) if delivery.blocked else _stage("queued", operation)
        case OperationPhase.RENDERING:
            return _stage("rendering", operation)
        case OperationPhase.APPLYING:
            progress = f" {operation.done}/{count(operation.total, 'object')}" if operation.total else ""
            return _stage(f"applying{progress}", operation)
        case OperationPhase.NO_CHANGE:
            return Finding(State.SUCCESS, "no change for this app", terminal=True)
        case OperationPhase.FAILED:
            return _failed(operation)
        case OperationPhase.APPLIED:
            found = verdict.of_applied(delivery, operation, now)
            return _held(delivery) if delivery.blocked and not found.terminal else found


def _closed_by_newer(delivery: Delivery, open_shas: Collection[str]) -> dict[str, Finding]:
    """Commits that a newer one overtook, as sync lists them, and open ones that nobody lists any more."""
    if delivery.operation is None:
        return {}
    found = {sha: _superseded(delivery.operation.sha, started=True) for sha in open_shas}
    for old in delivery.superseded:
        started = old.phase is not OperationPhase.PENDING
        found[old.sha] = _superseded(old.superseded_by or delivery.operation.sha, started)
    return found


def _superseded(by: str, started: bool) -> Finding:
    newer = short_sha(by)
    text = f"superseded by {newer} before rollout finished" if started else f"skipped, included in {newer}"
    return Finding(State.ERROR, text, terminal=True)


def _waiting_head(delivery: Delivery) -> dict[str, Finding]:
    """The newest commit, seen but not started."""
    if not delivery.head or (delivery.operation and delivery.operation.sha == delivery.head):
        return {}
    if delivery.blocked:
        return {delivery.head: _held(delivery)}
    running = delivery.operation
    behind = f" behind {short_sha(running.sha)}" if running else ""
    return {delivery.head: Finding(State.PENDING, f"queued{behind}")}


def _still_judged(delivery: Delivery, open_shas: Collection[str], now: datetime) -> dict[str, Finding]:
    """The commit that is applied goes on to its own verdict until a newer one starts to change objects."""
    operation, applied = delivery.operation, delivery.applied_sha
    if operation is None or operation.phase in (OperationPhase.APPLYING, OperationPhase.APPLIED):
        return {}
    if applied not in open_shas or any(old.sha == applied for old in delivery.superseded):
        return {}
    return {applied: verdict.of_applied(delivery, None, now)}


def _held(delivery: Delivery) -> Finding:
    return Finding(State.PENDING, f"held: {delivery.blocked}")


def _stage(words: str, operation: Operation) -> Finding:
    return Finding(State.PENDING, f"{words}: {operation.message}" if operation.message else words)


def _failed(operation: Operation) -> Finding:
    """The user's problems are a failure; without any the trouble is ours, and it is tried again."""
    if not operation.problems:
        return Finding(State.ERROR, f"own trouble, will be retried: {operation.message or 'no details'}")
    first, *others = operation.problems
    more = f" (and {len(others)} more)" if others else ""
    return Finding(State.FAILURE, str(first), terminal=True, tail=more)
