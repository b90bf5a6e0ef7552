"""`plugin`: done when the plugin says so; a failure aborts the update (`step_plugins/`)."""

from __future__ import annotations

from datetime import datetime

from reconciler.rollouts.snapshot import World
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.steps.progress import Done, Progress, Wait


def progress(step: Step, world: World, now: datetime) -> Progress:
    known = (each for each in world.canary_status.step_plugin_statuses if each.index == world.step_index)
    record = next((each for each in known if each.operation == "Run"), None)
    if record and (record.disabled or record.phase == "Successful"):
        return Done()
    return Wait(f"waiting for step plugin {step.plugin.name if step.plugin else ''}")


def text(step: Step) -> str:
    return f"plugin: {step.plugin.name}" if step.plugin else "plugin"
