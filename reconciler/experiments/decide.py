"""One reconcile of an Experiment: what to write next, and when to look again (spec rollouts §9). Pure.

What comes in is a `World`: the Experiment as stored, its ReplicaSets, Services and AnalysisRuns, read at one instant.
The order is the design:

1. An Experiment that makes no sense ends in `Error`; mended, it begins anew.
2. What do runs and pods say? From both follow the statuses of templates, since when all are available, the runs that
   are due, and by a table (`phases.py`) the phase.
3. From the phase follows what is done: while it lasts every template has its ReplicaSet at full size and its Service;
   once it is decided how it ends, runs are ended, pods stay for the delay and go, Services go with them.
4. The status is written once, if it says anything new. A phase that is complete stays so.

After a crash between any two writes the same function, given what is then true, asks for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from reconciler.analysis.model import Phase
from reconciler.experiments import conditions, phases, pods, runs, services, telling, templates, validation
from reconciler.experiments.intents import CreateReplicaSet, Intent, PatchStatus
from reconciler.experiments.model import ExperimentStatus
from reconciler.experiments.snapshot import World
from reconciler.kube.merge_patch import difference
from reconciler.workloads.conditions import put
from reconciler.workloads.parts import Condition


@dataclass(frozen=True, slots=True)
class Decision:
    intents: tuple[Intent, ...] = ()
    wake_at: datetime | None = None


def decide(world: World, now: datetime) -> Decision:
    """What to write next for this Experiment. The same world and time give the same decision."""
    if world.experiment.metadata.deletion_timestamp is not None:
        return Decision()
    if found := validation.problems(world.experiment):
        return _refuse(world, found, now)
    looked = runs.look_for_templates(runs.take_over(_mended(world)), now)
    if looked.waits_for:
        return _wait(looked, now)
    world, begun = runs.begin(templates.assess(looked.world, now), now)
    world = _with_phase(world)
    sized = pods.reconcile(world, now)
    created = any(isinstance(intent, CreateReplicaSet) for intent in sized)
    written = _status(world, now, created=created)
    intents = (*sized, *services.reconcile(world), *begun, *runs.end(world), *written)
    return Decision(intents, _wake_at(world, now))


def status_writes(before: ExperimentStatus, after: ExperimentStatus) -> list[Intent]:
    """The write of a new status, and the events that tell what changed; nothing when nothing did."""
    patch = difference(msgspec.to_builtins(before), msgspec.to_builtins(after))
    return [PatchStatus(patch), *telling.changes(before, after)] if patch else []


def _mended(world: World) -> World:
    """What was invalid and is not any more begins anew."""
    return replace(world, status=ExperimentStatus()) if world.status.condition(conditions.INVALID) else world


def _refuse(world: World, found: list[str], now: datetime) -> Decision:
    """All that is wrong in condition and message; pods that are there already go, as after any end."""
    name = world.experiment.metadata.name
    text = f'The Experiment "{name}" is invalid: ' + "; ".join(found)
    wrong = Condition(type=conditions.INVALID, status="True", reason=conditions.INVALID, message=text)
    before = world.status.condition(conditions.INVALID)
    if not world.status.phase.complete or (before and before.message != text):
        kept = conditions.without(world.status.conditions, conditions.INVALID)
        world = world.with_status(phase=Phase.ERROR, message=text, conditions=put(kept, wrong, now))
    gone = (*pods.reconcile(world, now), *services.reconcile(world), *runs.end(world))
    return Decision((*gone, *status_writes(world.experiment.status, world.status)), pods.next_departure(world))


def _wait(looked: runs.Looked, now: datetime) -> Decision:
    world = looked.world.with_status(phase=Phase.PENDING, message=looked.waits_for)
    return Decision(tuple(status_writes(world.experiment.status, world.status)), looked.wake_at)


def _with_phase(world: World) -> World:
    phase, message = phases.verdict(world.spec, world.status)
    return world.with_status(phase=phase, message=message)


def _status(world: World, now: datetime, *, created: bool) -> list[Intent]:
    name = world.experiment.metadata.name
    wanted = conditions.progressing(name, world.status, created=created)
    kept = put(world.status.conditions, wanted, now)
    return status_writes(world.experiment.status, msgspec.structs.replace(world.status, conditions=kept))


def _wake_at(world: World, now: datetime) -> datetime | None:
    times = [pods.next_departure(world)]
    if not world.ending:
        times += [templates.next_deadline(world), world.ends_at]
    known = [time for time in times if time]
    return max(min(known), now + timedelta(seconds=1)) if known else None
