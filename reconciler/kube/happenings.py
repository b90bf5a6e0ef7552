"""What happened to an object, as an Event tells it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import msgspec

from reconciler.kube.api import Resource
from reconciler.kube.objects import Meta

LONGEST_MESSAGE = 1024

EventType = Literal["Normal", "Warning"]


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """Whom an event is about."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str = ""

    @classmethod
    def of(cls, resource: Resource, meta: Meta) -> ObjectRef:
        return cls(resource.api_version, resource.kind, meta.namespace, meta.name, meta.uid)


@dataclass(frozen=True, slots=True)
class Happening:
    """What repeats are recognised by."""

    about: ObjectRef
    type: EventType
    reason: str
    message: str

    def digest(self) -> bytes:
        """16 bytes that no other happening has."""
        return blake2b(repr(self).encode(), digest_size=16).digest()


class Tally(msgspec.Struct, gc=False):
    """When something happened first and last (seconds since 1970), how often, and the name of its Event."""

    first: float
    last: float
    count: int = 1
    name: str = ""

    def joined(self, other: Tally) -> Tally:
        """Both as one; `other` came later."""
        return Tally(self.first, max(self.last, other.last), self.count + other.count)
