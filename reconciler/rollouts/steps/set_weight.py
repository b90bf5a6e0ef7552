"""`setWeight`: done when the pods for the weight are there and, with a router, when it was told."""

from __future__ import annotations

from datetime import datetime

from reconciler.rollouts.canary import desired
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.steps.progress import Done, Progress, Wait


def progress(step: Step, world: World, now: datetime) -> Progress:
    if not desired.reached(world):
        return Wait("waiting for the pods of this weight")
    told = world.weights
    if world.splits_traffic and (told is None or told.canary.weight != step.set_weight):
        return Wait("waiting for traffic to be shifted")
    if world.unconfirmed:
        return Wait("waiting for the router to confirm the weight")
    return Done()


def text(step: Step) -> str:
    return f"setWeight: {step.set_weight}"
