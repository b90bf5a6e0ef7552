"""What a step may answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Done:
    """The next step may begin."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet. `until`: when time alone decides. `pause`: a pause begins now."""

    reason: str
    until: datetime | None = None
    pause: bool = False


Progress = Done | Wait
