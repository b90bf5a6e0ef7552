"""`setMirrorRoute`: done when every router was told of the mirror (`traffic/wanted.py` says which it is)."""

from __future__ import annotations

from datetime import datetime

from reconciler.rollouts.snapshot import World
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.steps.progress import Done, Progress, Wait


def progress(step: Step, world: World, now: datetime) -> Progress:
    return Done() if world.routes_told else Wait("waiting for the router to take the mirror route")


def text(step: Step) -> str:
    return f"setMirrorRoute: {step.set_mirror_route.name}" if step.set_mirror_route else "setMirrorRoute"
