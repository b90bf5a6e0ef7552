"""`pause`: until its time is over, or until somebody clears the pause (spec rollouts §4.6)."""

from __future__ import annotations

from datetime import datetime

from reconciler.rollouts.quantities import pause_length
from reconciler.rollouts.snapshot import STEP_PAUSE, World
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.steps.progress import Done, Progress, Wait
from reconciler.workloads.times import moment


def progress(step: Step, world: World, now: datetime) -> Progress:
    started = next((p.start_time for p in world.status.pause_conditions or () if p.reason == STEP_PAUSE), None)
    if started is None:
        return _not_begun(world)
    if step.pause is None or step.pause.duration is None:
        return Wait(STEP_PAUSE)
    ends = moment(started) + pause_length(step.pause.duration)
    return Done() if ends <= now else Wait(STEP_PAUSE, until=ends)


def text(step: Step) -> str:
    duration = step.pause.duration if step.pause else None
    return "pause" if duration is None else f"pause: {duration}"


def _not_begun(world: World) -> Progress:
    """We paused and the condition is gone: somebody resumed. Another pause (a verdict to be given) comes first."""
    if world.status.pause_conditions:
        return Wait("waiting for another pause to end")
    return Done() if world.status.controller_pause else Wait(STEP_PAUSE, pause=True)
