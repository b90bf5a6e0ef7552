"""Which AnalysisRuns an update has: starting, ending and forgetting them (spec rollouts §7.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciler.analysis.model import STEP_LABEL, Phase
from reconciler.errors import UserError
from reconciler.kube.api import Object
from reconciler.rollouts import pauses, promotion, retention, rollback
from reconciler.rollouts.analyses import run_slots
from reconciler.rollouts.analyses.run_slots import RunKind, recorded, slots
from reconciler.rollouts.bluegreen import analyses
from reconciler.rollouts.intents import CreateAnalysisRun, DeleteAnalysisRun, Intent, TerminateAnalysisRun
from reconciler.rollouts.model import as_object
from reconciler.rollouts.proving import bake, first_deploy
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import RunReference

_WAITED_FOR: frozenset[RunKind] = frozenset({"Step", "Bake", "FirstDeploy"})


@dataclass(frozen=True, slots=True)
class Coupled:
    """`world` refers to the runs that are in use now; `troubles` say why one could not be started."""

    world: World
    intents: tuple[Intent, ...] = ()
    troubles: tuple[str, ...] = ()


def reconcile(world: World) -> Coupled:
    """Starts the runs that are due and asks all others of this Rollout to end."""
    intents: list[Intent] = []
    troubles: list[str] = []
    for kind in run_slots.kinds(world):
        try:
            world, created = _settle(world, kind)
            intents += created
        except UserError as error:
            troubles.append(f"{kind} analysis: {error}")
    return Coupled(world, (*intents, *_end_unused(world)), tuple(troubles))


def surplus(world: World) -> list[Intent]:
    """Runs to forget (spec §7.4)."""
    used = _shown(world)
    done = [run for run in world.runs.values() if run.metadata.name not in used and run.status.phase.complete]
    return [DeleteAnalysisRun(run.metadata.name, run.metadata.uid) for run in retention.surplus(world, done)]


def _settle(world: World, kind: RunKind) -> tuple[World, list[Intent]]:
    """The run of one kind: kept, replaced, begun, or dropped from the status. Raises UserError."""
    reference, wanted = recorded(world, kind), _wanted(world, kind)
    if wanted is None:
        return (run_slots.put(world, kind, None) if reference and not slots(world)[kind].kept else world), []
    if reference and _belongs(world, kind, reference) and not _to_repeat(world, reference):
        return world, []
    if kind in _WAITED_FOR and world.status.pause_conditions:
        return world, []
    return _begin(world, kind, wanted)


def _wanted(world: World, kind: RunKind) -> dict[str, Any] | None:
    """The analysis that shall be running or have run now; None when there is none to do."""
    if kind == "FirstDeploy":
        return first_deploy.analysis(world, ready=promotion.ready(world))
    idle = world.promoted or world.aborted or world.status.promote_full or not world.status.stable_rs
    if idle or rollback.fast(world):
        return None
    if kind == "Bake":
        return bake.analysis(world, ready=promotion.ready(world))
    if world.is_blue_green:
        return analyses.wanted(world, kind)
    if kind == "Step":
        return world.current_step.analysis if world.current_step else None
    background = world.canary.analysis
    started = background is not None and world.step_index >= int(background.get("startingStep") or 0)
    return background if background and started and background.get("templates") else None


def _belongs(world: World, kind: RunKind, reference: RunReference) -> bool:
    """Whether the recorded run still exists and, for a step, is that of the current one."""
    run = world.run(reference.name)
    return run is not None and (kind != "Step" or run.metadata.labels.get(STEP_LABEL) == str(world.step_index))


def _to_repeat(world: World, reference: RunReference) -> bool:
    """A person resumed after an inconclusive run without skipping it: it is done again."""
    return reference.status == Phase.INCONCLUSIVE and pauses.resumed(world)


def _begin(world: World, kind: RunKind, analysis: Object) -> tuple[World, list[Intent]]:
    draft = world.analyses.build(
        rollout=as_object(world.rollout, world.status),
        analysis=analysis,
        kind=kind,
        step_index=world.step_index if kind == "Step" else None,
        stable_hash=world.status.stable_rs,
        latest_hash=world.pod_hash,
        revision=world.revision,
    )
    body, exists = world.analyses.settle(draft, world.run)
    name = body["metadata"]["name"]
    known = world.run(name) if exists else None
    reference = RunReference(name=name, status=known.status.phase if known else "")
    world = run_slots.put(world, kind, reference)
    return world, [] if exists else [CreateAnalysisRun(body)]


def _end_unused(world: World) -> list[Intent]:
    used = _shown(world, only_wanted=True)
    return [
        TerminateAnalysisRun(run.metadata.name)
        for run in world.runs.values()
        if run.metadata.name not in used and not run.spec.terminate and not run.status.phase.complete
    ]


def _shown(world: World, *, only_wanted: bool = False) -> frozenset[str]:
    """Names of the runs that the status refers to; of these, those that are still to judge something."""
    found = ((kind, recorded(world, kind)) for kind in run_slots.kinds(world))
    return frozenset(ref.name for kind, ref in found if ref and not (only_wanted and _wanted(world, kind) is None))
