"""`setCanaryScale`: done when the canary has the pods that were asked for, whatever its weight."""

from __future__ import annotations

from datetime import datetime

from reconciler.rollouts.canary import desired
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.steps.progress import Done, Progress, Wait


def progress(step: Step, world: World, now: datetime) -> Progress:
    return Done() if desired.reached(world) else Wait("waiting for the canary's pods")


def text(step: Step) -> str:
    scale = step.set_canary_scale
    if scale is None or scale.match_traffic_weight:
        return "setCanaryScale{matchTrafficWeight: true}"
    if scale.replicas is not None:
        return f"setCanaryScale{{replicas: {scale.replicas}}}"
    return f"setCanaryScale{{weight: {scale.weight}}}"
