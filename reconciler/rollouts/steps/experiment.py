"""`experiment`: done when its Experiment was successful; a failure aborts the update (`rollouts/experiment_step/`)."""

from __future__ import annotations

from datetime import datetime

from reconciler.analysis.model import Phase
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.steps.progress import Done, Progress, Wait


def progress(step: Step, world: World, now: datetime) -> Progress:
    name = world.canary_status.current_experiment
    found = world.experiments.get(name)
    if found and found.status.phase is Phase.SUCCESSFUL:
        return Done()
    return Wait(f"waiting for Experiment {name}" if name else "waiting for the experiment to begin")


def text(step: Step) -> str:
    return "experiment"
