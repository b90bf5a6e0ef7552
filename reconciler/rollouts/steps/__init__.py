"""One file per kind of canary step: `progress(step, world, now) -> Done | Wait` (spec rollouts §4.5).

Adding a kind: its file, and its line in `STEPS`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, cast

from reconciler.rollouts.snapshot import World
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.steps import (
    analysis,
    experiment,
    pause,
    plugin,
    set_canary_scale,
    set_header_route,
    set_mirror_route,
    set_weight,
)
from reconciler.rollouts.steps.progress import Done, Progress, Wait

__all__ = ["STEPS", "Done", "Progress", "Wait", "progress", "text"]


class StepKind(Protocol):
    """What a module of this package offers."""

    def progress(self, step: Step, world: World, now: datetime) -> Progress: ...

    def text(self, step: Step) -> str: ...


STEPS: dict[str, StepKind] = {
    "setWeight": cast(StepKind, set_weight),
    "pause": cast(StepKind, pause),
    "setCanaryScale": cast(StepKind, set_canary_scale),
    "analysis": cast(StepKind, analysis),
    "setHeaderRoute": cast(StepKind, set_header_route),
    "setMirrorRoute": cast(StepKind, set_mirror_route),
    "experiment": cast(StepKind, experiment),
    "plugin": cast(StepKind, plugin),
}


def progress(step: Step, world: World, now: datetime) -> Progress:
    return STEPS[step.kind].progress(step, world, now)


def text(step: Step) -> str:
    """The step as events and pages show it, e.g. `setWeight: 20`."""
    return STEPS[step.kind].text(step) if step.kind in STEPS else step.kind
