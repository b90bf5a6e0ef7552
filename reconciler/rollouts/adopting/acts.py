"""The vocabulary of adopting: one write, or something to wait for. Each says in one line what it is for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from reconciler.errors import Problem
from reconciler.kube.api import Object, PatchKind, Resource


@dataclass(frozen=True, slots=True)
class Create:
    told: str
    resource: Resource
    body: Object


@dataclass(frozen=True, slots=True)
class Change:
    """A patch; a merge patch carries the uid and resourceVersion that it is based on."""

    told: str
    resource: Resource
    name: str
    patch: Any
    kind: PatchKind = "merge"


@dataclass(frozen=True, slots=True)
class Delete:
    told: str
    resource: Resource
    name: str
    uid: str


Write = Create | Change | Delete


@dataclass(frozen=True, slots=True)
class Wait:
    """`problem` is told after `limit`, once `back` has taken back what only makes sense with what did not come."""

    told: str
    limit: timedelta
    problem: Problem
    back: tuple[Write, ...] = ()


Act = Create | Change | Delete | Wait
