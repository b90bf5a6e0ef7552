"""What happened to an object, and the queue in which it waits to become an Event.

What is alike shares a request while it waits: a repeat of the same message is a count, another message of the same
object, type and reason stands beside it in one Event, as long as all of them fit.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reconciler.kube.api import Resource
from reconciler.kube.objects import Meta

LONGEST_MESSAGE = 1024
_BETWEEN = "; "


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
    type: Literal["Normal", "Warning"]
    reason: str
    message: str


@dataclass(slots=True)
class Tally:
    """When something happened first and last, how often, and the name of the Event that says so."""

    first: datetime
    last: datetime
    count: int = 1
    name: str = ""


@dataclass(slots=True)
class _Shared:
    """Messages of one object, type and reason, in the order in which they were told."""

    messages: list[str]
    tally: Tally

    def takes(self, message: str) -> bool:
        length = sum(map(len, self.messages)) + len(_BETWEEN) * len(self.messages) + len(message)
        return message in self.messages or length <= LONGEST_MESSAGE

    def take(self, message: str, now: datetime) -> None:
        if message not in self.messages:
            self.messages.append(message)
        self.tally.count, self.tally.last = self.tally.count + 1, now


_Alike = tuple[ObjectRef, Literal["Normal", "Warning"], str]


class Waiting:
    """First come, first served. Not safe to use from many threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._queue: deque[tuple[_Alike, _Shared]] = deque()
        self._open: dict[_Alike, _Shared] = {}
        """The youngest of each kind, which takes what comes."""

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, happening: Happening, now: datetime) -> bool:
        """False when no more may wait."""
        alike = (happening.about, happening.type, happening.reason)
        known = self._open.get(alike)
        if known is not None and known.takes(happening.message):
            known.take(happening.message, now)
            return True
        if len(self._queue) >= self._most:
            return False
        self._open[alike] = shared = _Shared([happening.message], Tally(now, now))
        self._queue.append((alike, shared))
        return True

    def pop(self) -> tuple[Happening, Tally] | None:
        """The oldest, with what shares its request; None when none waits."""
        if not self._queue:
            return None
        alike, shared = self._queue.popleft()
        if self._open.get(alike) is shared:
            del self._open[alike]
        return Happening(*alike, _BETWEEN.join(shared.messages)), shared.tally
