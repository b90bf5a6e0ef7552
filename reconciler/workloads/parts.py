"""The form of every struct that is read from and written to objects of the family."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import force_setattr

from reconciler.runtime.texts import shared

Json = dict[str, Any]
_SHARED = ("type", "status", "reason", "last_update_time", "last_transition_time")


class Part(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True, gc=False):
    """Immutable; defaults are left out when written, as Go's `omitempty` does.

    It holds what JSON can say, never itself, so the garbage collector need not look at the many thousands of them.
    """


class Condition(Part, frozen=True):
    """Thousands of objects share their few texts; of the messages those that quote no name. Times are whole seconds."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_update_time: str = ""
    last_transition_time: str = ""

    def __post_init__(self) -> None:
        for field in _SHARED if '"' in self.message else (*_SHARED, "message"):
            force_setattr(self, field, shared(getattr(self, field)))
