"""What the AnalysisRuns of an update say: go on, wait for a person, or abort (spec rollouts §7.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.analysis.model import AnalysisRun, MetricResult, Phase
from reconciler.rollouts import pauses
from reconciler.rollouts.analyses import run_slots
from reconciler.rollouts.analyses.run_slots import RunKind
from reconciler.rollouts.intents import RecordEvent, normal, warning
from reconciler.rollouts.snapshot import INCONCLUSIVE, World
from reconciler.rollouts.status import RunReference

_BAD = (Phase.FAILED, Phase.ERROR)


@dataclass(frozen=True, slots=True)
class Judged:
    """`world` knows the runs' new phases, a pause if one is inconclusive, and why to abort if one failed."""

    world: World
    events: tuple[RecordEvent, ...] = ()


def judge(world: World, now: datetime) -> Judged:
    """Takes over what the runs in use say now; a verdict that was heeded before changes nothing again."""
    events: list[RecordEvent] = []
    decisive = _decisive(world)
    for kind, reference, run in _in_use(world):
        phase, message = run.status.phase, run.status.message
        if (phase, message) == (reference.status, reference.message):
            continue
        world = run_slots.put(world, kind, RunReference(name=reference.name, status=phase, message=message))
        if phase == reference.status:
            continue
        events.append(_told(kind, reference, phase))
        if decisive and phase is Phase.INCONCLUSIVE and not world.inconclusive:
            world, told = pauses.begin(world, INCONCLUSIVE, now)
            events.append(told)
    return Judged(replace(world, abort_cause=_failure(world) if decisive else ""), tuple(events))


def trouble(world: World) -> str:
    """What a run in use cannot measure at the moment, in its own words; the update waits for it or its error limit."""
    found = (run.status.message for _, _, run in _in_use(world) if not run.status.phase.complete)
    return next(filter(None, found), "")


def awaited(world: World) -> bool:
    """Whether the update cannot move before a run ends; nothing waits for a background analysis."""
    found = (run_slots.recorded(world, kind) for kind in run_slots.kinds(world) if kind != "Background")
    return any(run is not None and not Phase(run.status).complete for run in found)


def _decisive(world: World) -> bool:
    """Whether verdicts still count: not once the update is over, given up, or to be promoted whatever they say."""
    return not world.promoted and world.status.aborted_at is None and not world.status.promote_full


def _failure(world: World) -> str:
    for kind, _, run in _in_use(world):
        if run.status.phase in _BAD:
            message = f": {run.status.message}" if run.status.message else ""
            return f"{run_slots.slots(world)[kind].cause} phase error/failed{message}{_evidence(run)}"
    return ""


def _evidence(run: AnalysisRun) -> str:
    """Measured value and condition of the metric that decided: what a person needs to judge the judgement."""
    for result in run.status.metric_results:
        if result.phase in _BAD and not result.dry_run:
            return f" ({_measured(result)}{_condition(run, result)})"
    return ""


def _measured(result: MetricResult) -> str:
    value = result.last.value if result.last else ""
    return f"{result.name} measured {value}" if value else f"{result.name} measured nothing"


def _condition(run: AnalysisRun, result: MetricResult) -> str:
    if result.rule_condition is not None:  # the message of an alert says all of it
        return ""
    metric = next((m for m in run.spec.metrics if m.get("name") == result.name), {})
    written = [f"{key}: {metric[key]}" for key in ("failureCondition", "successCondition") if metric.get(key)]
    return f"; {', '.join(written)}" if written else ""


def _in_use(world: World) -> Iterator[tuple[RunKind, RunReference, AnalysisRun]]:
    for kind in run_slots.kinds(world):
        reference = run_slots.recorded(world, kind)
        run = world.run(reference.name) if reference else None
        if reference and run:
            yield kind, reference, run


def _told(kind: RunKind, before: RunReference, phase: Phase) -> RecordEvent:
    text = f"{kind} Analysis Run '{before.name}' Status New: '{phase}' Previous: '{before.status}'"
    tell = warning if phase in _BAD else normal
    return tell(f"AnalysisRun{phase}", text)
