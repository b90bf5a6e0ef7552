"""What one reconcile does for an update, whatever its strategy: the common answer of the two courses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.rollouts.intents import CallStepPlugin, Intent, RecordEvent
from reconciler.rollouts.snapshot import World


@dataclass(frozen=True, slots=True)
class Course:
    """`world` has the status after it. `intents` come before the status, `events` after it; `wakes` when to look again.

    `calls` of plugins come right after the status, which announces them. `troubles`: what could not be decided, to be
    tried again.
    """

    world: World
    intents: tuple[Intent, ...] = ()
    calls: tuple[CallStepPlugin, ...] = ()
    events: tuple[RecordEvent, ...] = ()
    wakes: tuple[datetime | None, ...] = ()
    troubles: tuple[str, ...] = ()
