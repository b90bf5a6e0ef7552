"""The AnalysisRuns of an Experiment: begun when all its pods are there, ended with it (spec rollouts §9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.analysis.model import Argument, Phase, RolloutAnalysis, TemplateRef
from reconciler.errors import UserError
from reconciler.experiments import arguments
from reconciler.experiments.intents import CreateAnalysisRun, Intent, RecordEvent, TerminateAnalysisRun
from reconciler.experiments.model import Analysis, AnalysisStatus
from reconciler.experiments.snapshot import World, owner_reference, run_name

GRACE = timedelta(seconds=10)
"""How long a template may be missing after the Experiment came: both may be on their way in the same commit."""


@dataclass(frozen=True, slots=True)
class Looked:
    """`waits_for`: why the Experiment cannot begin yet; until `wake_at` that may change by itself."""

    world: World
    waits_for: str = ""
    wake_at: datetime | None = None


def take_over(world: World) -> World:
    """What the runs in use say now."""
    return world.with_status(analysis_runs=tuple(_now(world, each) for each in world.status.analysis_runs))


def look_for_templates(world: World, now: datetime) -> Looked:
    """Before pods are started: whether everything that will judge them is there. What is still missing is an Error."""
    if world.status.available_at or world.ending:
        return Looked(world)
    found = {each.name: _template_problems(world, each) for each in world.spec.analyses}
    wrong = [AnalysisStatus(name=name, phase=Phase.ERROR, message=why) for name, why in found.items() if why]
    if not wrong:
        return Looked(world)
    created = world.experiment.metadata.creation_timestamp
    if created and now < created + GRACE and not world.status.template_statuses:
        return Looked(world, "; ".join(each.message for each in wrong), created + GRACE)
    return Looked(world.with_status(analysis_runs=tuple(wrong)))


def begin(world: World, now: datetime) -> tuple[World, list[Intent]]:
    """Starts the runs that are due: all once the pods are there; late, only those that the Experiment waits for."""
    intents: list[Intent] = []
    for analysis in world.spec.analyses if world.status.available_at and not world.ending else ():
        due = analysis.required_for_completion or not world.over(now)
        if due and world.status.analysis(analysis.name) is None:
            status, created = _begin(world, analysis)
            intents += created
            world = world.with_status(analysis_runs=(*world.status.analysis_runs, status))
    return world, intents


def end(world: World) -> Iterator[Intent]:
    """Asks runs that go on after the end to stop."""
    uid = world.experiment.metadata.uid
    for name, run in world.runs.items():
        ours = run.metadata.controller is not None and run.metadata.controller.uid == uid
        if ours and world.ending and not run.spec.terminate and not run.status.phase.complete:
            yield TerminateAnalysisRun(name)
            yield RecordEvent("Normal", "AnalysisRunTerminating", f"Terminating AnalysisRun '{name}'")


def _now(world: World, status: AnalysisStatus) -> AnalysisStatus:
    """A run in use that somebody deleted can judge no more."""
    if not status.analysis_run or status.phase.complete:
        return status
    run = world.runs.get(status.analysis_run)
    if run is None:
        gone = f"AnalysisRun '{status.analysis_run}' was deleted"
        return AnalysisStatus(name=status.name, analysis_run=status.analysis_run, phase=Phase.ERROR, message=gone)
    phase, message = run.status.phase or Phase.PENDING, run.status.message
    return AnalysisStatus(name=status.name, analysis_run=status.analysis_run, phase=phase, message=message)


def _begin(world: World, analysis: Analysis) -> tuple[AnalysisStatus, list[Intent]]:
    args = arguments.resolve(analysis, world.spec, world.replica_sets, world.status.available_at or "")
    try:
        draft = world.analyses.build_owned(
            name=run_name(world.experiment, analysis.name),
            namespace=_namespace(world),
            owner=owner_reference(world.experiment),
            wanted=_wanted(world, analysis, args),
        )
    except UserError as error:
        return AnalysisStatus(name=analysis.name, phase=Phase.ERROR, message=str(error)), []
    body, exists = world.analyses.settle(draft, world.runs.get)
    name = body["metadata"]["name"]
    status = AnalysisStatus(name=analysis.name, analysis_run=name, phase=Phase.PENDING)
    if exists:
        return _now(world, status), []
    return status, [CreateAnalysisRun(analysis.name, body)]


def _template_problems(world: World, analysis: Analysis) -> str:
    return "; ".join(world.analyses.template_problems(_namespace(world), _wanted(world, analysis, analysis.args)))


def _wanted(world: World, analysis: Analysis, args: tuple[Argument, ...]) -> RolloutAnalysis:
    """One analysis with the rules that the Experiment has for all of them."""
    return RolloutAnalysis(
        templates=(TemplateRef(template_name=analysis.template_name, cluster_scope=analysis.cluster_scope),),
        args=args,
        dry_run=world.spec.dry_run,
        measurement_retention=world.spec.measurement_retention,
        analysis_run_metadata=world.spec.analysis_run_metadata,
    )


def _namespace(world: World) -> str:
    return world.experiment.metadata.namespace
