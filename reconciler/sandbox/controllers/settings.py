"""How fast simulated pods live."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds from the binding of a pod to its readiness, from its deletion to its end, and of a Job's run."""

    ready_seconds: float = 0.3
    stop_seconds: float = 0.2
    run_seconds: float = 0.3
