"""What has to change so that the cluster holds what git declares (spec gitops §2.2 level 1, §3.3, §3.6). Pure.

In come the declared objects, the inventory, and what the watches say of live objects; out comes an ordered list of
changes. No request is made for it: an object is unchanged when its declared digest is the one last applied and its live
fields have the digest they had right after that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from reconciler.apps.record import Entry, Key
from reconciler.sync.declared import Declared


class Why(StrEnum):
    """Why an object has to be written."""

    NEW = "is new"
    CHANGED = "changed in git"
    MISSING = "is missing in the cluster"
    DRIFTED = "was changed in the cluster"


class Live(Protocol):
    """What planning needs to know of a live object."""

    @property
    def uid(self) -> str: ...
    @property
    def own(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Change:
    declared: Declared
    entry: Entry | None
    why: Why

    @property
    def from_git(self) -> bool:
        """Whether the commit asks for it, rather than somebody's hand in the cluster."""
        return self.why in (Why.NEW, Why.CHANGED)


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes in the order of apply; `extras` are inventory entries that git no longer declares."""

    changes: tuple[Change, ...]
    unchanged: int
    extras: tuple[Entry, ...]

    @property
    def rollout(self) -> tuple[Change, ...]:
        """What the commit itself changes."""
        return tuple(change for change in self.changes if change.from_git)

    @property
    def drift(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if not change.from_git)


def plan(declared: Sequence[Declared], inventory: Mapping[Key, Entry], live: Mapping[Key, Live]) -> Plan:
    """`declared` must be in the order of apply; `live` holds the objects that exist."""
    changes = []
    for item in declared:
        entry = inventory.get(item.key)
        if why := reason(item, entry, live.get(item.key)):
            changes.append(Change(item, entry, why))
    keys = {item.key for item in declared}
    extras = tuple(entry for key, entry in inventory.items() if key not in keys)
    return Plan(tuple(changes), len(declared) - len(changes), extras)


def reason(item: Declared, entry: Entry | None, live: Live | None) -> Why | None:
    """Why this object must be written; None when it is as declared."""
    if entry is None or not entry.uid:
        return Why.NEW
    if entry.target != item.digest or entry.version != item.version:
        return Why.CHANGED
    if live is None:
        return Why.MISSING
    return Why.DRIFTED if (live.uid, live.own) != (entry.uid, entry.own) else None
