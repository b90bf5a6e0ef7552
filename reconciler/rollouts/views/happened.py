"""Events as people read them: what was told of an object, the newest first. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from reconciler.workloads.parts import Part

MOST_EVENTS = 20
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Event(Part, frozen=True):
    """`last_timestamp` is missing where the writer only knows `eventTime`."""

    type: str = "Normal"
    reason: str = ""
    message: str = ""
    count: int | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None

    @property
    def at(self) -> datetime | None:
        return self.last_timestamp or self.event_time


decode_event = msgspec.json.Decoder(Event).decode


def newest(events: Iterable[Event]) -> tuple[Event, ...]:
    """The newest first, no more than a person reads."""
    return tuple(sorted(events, key=lambda event: event.at or _LONG_AGO, reverse=True)[:MOST_EVENTS])
