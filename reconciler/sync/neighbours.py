"""What Applications owe each other: an object that moves from one to another in a commit is never deleted (§2.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from reconciler.apps.delivery import OperationPhase
from reconciler.config.model import Application
from reconciler.errors import Transient
from reconciler.sync.observe import finished
from reconciler.sync.plan import Change
from reconciler.sync.state import AppState


class Behind(NamedTuple):
    """Names of Applications: `coming` have not taken up the commit yet, `failing` could not apply it."""

    coming: tuple[str, ...]
    failing: tuple[str, ...]


class Neighbours:
    """Looks at the states of all Applications; only ever reads them."""

    def __init__(self, apps: Mapping[str, Application], states: Mapping[str, AppState]) -> None:
        self._apps, self._states = apps, states

    def still_claims(self, state: AppState, change: Change, owner: str) -> bool:
        """Whether Application `owner` still declares the object.

        Raises `Transient` while `owner` has not looked at the same commit: it may be about to give the object up.
        """
        other = self._states.get(owner)
        if other is None:
            if owner in self._apps:
                raise Transient(f"belongs to Application {owner}, which has not been looked at yet")
            return False
        entry = other.record.entries().get(change.declared.key)
        if entry is None or entry.left:
            return False
        if not caught_up(other, state):
            raise Transient(f"belongs to Application {owner}, which has not taken up this commit yet")
        return True

    def behind(self, state: AppState) -> Behind:
        """Applications that may still take an object over at this commit: until they are through, nothing is pruned."""
        peers = [name for name, app in self._apps.items() if app.source.repo_url == state.app.source.repo_url]
        others = [(name, self._states.get(name)) for name in peers if name != state.app.name]
        coming = [name for name, other in others if other is None or not caught_up(other, state)]
        failing = [name for name, other in others if name not in coming and other is not None and failed(other)]
        return Behind(tuple(coming), tuple(failing))


def failed(other: AppState) -> bool:
    """Whether its newest commit failed: what that declares is not known, or not applied."""
    operation = other.record.operation
    return operation is not None and operation.phase is OperationPhase.FAILED


def caught_up(other: AppState, state: AppState) -> bool:
    """Whether `other` is through with the commit that `state` is at; those that follow another branch always are."""
    if branch(other) != branch(state) or other.app.sync_policy.automated is None:
        return True
    mine, theirs = state.record.operation, other.record.operation
    assert mine is not None
    return theirs is not None and theirs.sha == mine.sha and finished(other.record)


def branch(state: AppState) -> tuple[str, str]:
    return state.app.source.repo_url, state.app.source.target_revision
