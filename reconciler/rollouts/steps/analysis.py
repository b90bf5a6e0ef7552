"""`analysis`: done when its AnalysisRun was successful; a failure aborts the update (`rollouts/analysis.py`)."""

from __future__ import annotations

from datetime import datetime

from reconciler.analysis.model import Phase
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.steps.progress import Done, Progress, Wait


def progress(step: Step, world: World, now: datetime) -> Progress:
    recorded = world.canary_status.current_step_analysis_run_status
    run = world.run(recorded.name) if recorded else None
    if run and run.status.phase is Phase.SUCCESSFUL:
        return Done()
    return Wait(f"waiting for AnalysisRun {recorded.name}" if recorded else "waiting for the analysis to begin")


def text(step: Step) -> str:
    return "analysis"
