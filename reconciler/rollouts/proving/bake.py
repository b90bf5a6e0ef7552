"""The bake of a canary: all of it is on the new version, and the previous one is still the stable one.

It begins when the update would be promoted. Its run is judged as any other: a failure is an abort, which brings the
previous version back and lasts whatever git says. With a `duration` it goes on at least that long, and a run that has
no end of its own is ended then; without one it is over when its run is.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from reconciler.analysis.model import JOB_NAME, AnalysisRun, Phase
from reconciler.rollouts.analyses import run_slots
from reconciler.rollouts.intents import Intent, TerminateAnalysisRun
from reconciler.rollouts.proving import wanted
from reconciler.rollouts.snapshot import World


class Baking(NamedTuple):
    """A bake that has begun; `until` None: until its run is complete."""

    run: AnalysisRun
    since: datetime
    until: datetime | None

    def over(self, now: datetime) -> bool:
        return self.until is None or now >= self.until


class Ending(NamedTuple):
    intents: tuple[Intent, ...] = ()
    wake_at: datetime | None = None


def analysis(world: World, *, ready: bool) -> wanted.Analysis | None:
    """What shall judge now; once begun it goes on although a pod is lost."""
    begun = run_slots.recorded(world, "Bake") is not None
    return wanted.of(world.rollout).bake if world.steps_done and (ready or begun) else None


def under_way(world: World) -> Baking | None:
    """None also once the version is stable, or the update is given up."""
    if world.promoted or world.aborted or not world.steps_done or wanted.of(world.rollout).bake is None:
        return None
    reference = run_slots.recorded(world, "Bake")
    run = world.run(reference.name) if reference else None
    since = (run.status.started_at or run.metadata.creation_timestamp) if run else None
    if run is None or since is None:
        return None
    lasts = wanted.of(world.rollout).lasts
    return Baking(run, since, since + lasts if lasts else None)


def passed(world: World, now: datetime) -> bool:
    """Whether nothing stands between the version and being stable: the run was good, and the time is over."""
    if wanted.of(world.rollout).bake is None:
        return True
    baking = under_way(world)
    return baking is not None and baking.run.status.phase is Phase.SUCCESSFUL and baking.over(now)


def end(world: World, now: datetime) -> Ending:
    """Asks a run that goes on for ever to end when the time is over."""
    baking = under_way(world)
    if baking is None or baking.until is None:
        return Ending()
    if not baking.over(now):
        return Ending(wake_at=baking.until)
    run = baking.run
    if run.status.phase.complete or run.spec.terminate or _has_a_job(run):
        return Ending()
    return Ending((TerminateAnalysisRun(run.metadata.name),))


def _has_a_job(run: AnalysisRun) -> bool:
    """A Job that is ended before it can tell makes its run inconclusive; its own end wakes the Rollout."""
    last = (result.last for result in run.status.metric_results)
    return any(each is not None and each.finished_at is None and JOB_NAME in each.metadata for each in last)


def told(world: World) -> str:
    """Since when it bakes and until when, in words; empty when it does not."""
    baking = under_way(world)
    if baking is None:
        return ""
    until = f"until {baking.until:%H:%M:%S} UTC" if baking.until else f"until {baking.run.metadata.name} is complete"
    kept = ", the previous one keeps its pods" if world.stable and world.stable.size else ""
    return f"baking since {baking.since:%H:%M:%S} {until}: all traffic is on the new version{kept}"
