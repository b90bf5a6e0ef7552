"""`setHeaderRoute`: done when every router was told of the route (`traffic/wanted.py` says which it is)."""

from __future__ import annotations

from datetime import datetime

from reconciler.rollouts.snapshot import World
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.steps.progress import Done, Progress, Wait


def progress(step: Step, world: World, now: datetime) -> Progress:
    return Done() if world.routes_told else Wait("waiting for the router to take the header route")


def text(step: Step) -> str:
    return f"setHeaderRoute: {step.set_header_route.name}" if step.set_header_route else "setHeaderRoute"
