"""The Experiment of a canary's step: beginning, heeding, ending and forgetting it (spec rollouts §7.4, §9).

`status.canary.currentExperiment` names the one in use. It belongs to one step of one revision; what it says is heeded
once, and whatever leaves the step ends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from reconciler.analysis.model import Phase
from reconciler.errors import UserError
from reconciler.experiments.model import Experiment, ExperimentSpec
from reconciler.kube.api import Object
from reconciler.rollouts import pauses, retention, rollback
from reconciler.rollouts.analyses.runs import Coupled
from reconciler.rollouts.experiment_step import body as experiment_body
from reconciler.rollouts.experiment_step import fields as experiment_step
from reconciler.rollouts.experiment_step.fields import ExperimentStep
from reconciler.rollouts.intents import (
    CreateExperiment,
    DeleteExperiment,
    Intent,
    RecordEvent,
    TerminateExperiment,
    normal,
)
from reconciler.rollouts.model import as_object
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import Destination
from reconciler.workloads.parts import Json

PAUSE = "InconclusiveExperiment"
_BAD = (Phase.FAILED, Phase.ERROR)


@dataclass(frozen=True, slots=True)
class Judged:
    world: World
    events: tuple[RecordEvent, ...] = ()


def judge(world: World, now: datetime) -> Judged:
    """Waits for a person when the Experiment was inconclusive, and gives the update up when it failed."""
    used = current(world)
    over = world.promoted or world.status.aborted_at is not None or world.status.promote_full
    if used is None or over or not _belongs(world, used.metadata.name):
        return Judged(world)
    if used.status.phase in _BAD and not world.abort_cause:
        said = f": {used.status.message}" if used.status.message else ""
        return Judged(replace(world, abort_cause=f"Experiment analysis phase is error/failed{said}"))
    if used.status.phase is Phase.INCONCLUSIVE and not world.status.pause_conditions and not pauses.resumed(world):
        paused, told = pauses.begin(world, PAUSE, now)
        return Judged(paused, (told,))
    return Judged(world)


def reconcile(world: World) -> Coupled:
    """Starts the Experiment that is due and asks all others of this Rollout to end."""
    try:
        world, created = _settle(world)
    except UserError as error:
        return Coupled(world, tuple(_end_unused(world)), (f"experiment: {error}",))
    return Coupled(world, (*created, *_end_unused(world)))


def surplus(world: World) -> list[Intent]:
    """Experiments to forget, by the rules for AnalysisRuns."""
    used = world.canary_status.current_experiment
    done = [each for each in world.own_experiments if each.status.phase.complete and each.metadata.name != used]
    return [DeleteExperiment(each.metadata.name, each.metadata.uid) for each in retention.surplus(world, done)]


def shares(world: World) -> tuple[Destination, ...]:
    """What the running Experiment asks for of the traffic."""
    used, step = current(world), _step(world)
    if used is None or step is None or used.status.phase is not Phase.RUNNING:
        return ()
    statuses = {each.name: each for each in used.status.template_statuses}
    return tuple(
        Destination(weight=each.weight, service_name=found.service_name, pod_template_hash=found.pod_template_hash)
        for each in step.templates
        if each.weight is not None and (found := statuses.get(each.name)) and found.service_name
    )


def current(world: World) -> Experiment | None:
    return world.experiments.get(world.canary_status.current_experiment)


def _settle(world: World) -> tuple[World, list[Intent]]:
    """The Experiment of the step: kept, repeated, begun, or dropped from the status. Raises UserError."""
    used, wanted = current(world), _wanted(world)
    if wanted is None:
        named = world.canary_status.current_experiment
        return (world.with_canary(current_experiment="") if named else world), []
    if used and _belongs(world, used.metadata.name) and not _to_repeat(world, used):
        return world, []
    if world.status.pause_conditions or world.new is None or world.stable is None:
        return world, []
    return _begin(world, wanted)


def _wanted(world: World) -> ExperimentStep | None:
    idle = world.promoted or world.aborted or world.status.promote_full or not world.status.stable_rs
    return None if idle or rollback.fast(world) else _step(world)


def _step(world: World) -> ExperimentStep | None:
    return experiment_step.read(world.current_step)


def _belongs(world: World, name: str) -> bool:
    """Whether it is that of the current step, whatever was appended to find a free name."""
    wanted = experiment_body.name_of(world)
    rest = name.removeprefix(f"{wanted}-")
    return name == wanted or (rest != name and rest.isdecimal())


def _to_repeat(world: World, used: Experiment) -> bool:
    """A person resumed after an inconclusive one without skipping the step: it is done again."""
    return used.status.phase is Phase.INCONCLUSIVE and pauses.resumed(world)


def _begin(world: World, step: ExperimentStep) -> tuple[World, list[Intent]]:
    body = experiment_body.body(world, step, _arguments(world, step))
    name, exists = _free_name(world, body)
    body["metadata"]["name"] = name
    world = world.with_canary(current_experiment=name)
    if exists:
        return world, []
    return world, [CreateExperiment(body), normal("ExperimentCreated", f"Created Experiment '{name}'")]


def _arguments(world: World, step: ExperimentStep) -> Sequence[Sequence[Json]]:
    return [
        world.analyses.resolve(
            rollout=as_object(world.rollout, world.status),
            args=msgspec.to_builtins(each.args),
            stable_hash=world.status.stable_rs,
            latest_hash=world.pod_hash,
        )
        for each in step.analyses
    ]


def _free_name(world: World, body: Object) -> tuple[str, bool]:
    """True when the very same unfinished Experiment exists and is to be used."""
    spec = msgspec.convert(body["spec"], ExperimentSpec)
    for name in experiment_body.names(world):
        other = world.experiments.get(name)
        if other is None:
            return name, False
        if other in world.own_experiments and other.spec == spec and not other.status.phase.complete:
            return name, True
    raise AssertionError("there is always one more name")


def _end_unused(world: World) -> list[Intent]:
    used = world.canary_status.current_experiment
    return [
        TerminateExperiment(each.metadata.name)
        for each in world.own_experiments
        if each.metadata.name != used and not each.spec.terminate and not each.status.phase.complete
    ]
