"""One Rollout, or one Experiment, as its page shows it: where it stands, why, and what can be done. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from reconciler.experiments.model import Experiment, TemplateStatus, planned_end
from reconciler.kube.objects import ROLLOUTS
from reconciler.rollouts import defaults
from reconciler.rollouts.progress import workload_progress
from reconciler.rollouts.snapshot import BLUE_GREEN_PAUSE, INCONCLUSIVE, STEP_PAUSE
from reconciler.rollouts.strategy_model import Canary
from reconciler.rollouts.views import advice
from reconciler.rollouts.views.advice import Command
from reconciler.rollouts.views.family import ExperimentFamily, Family
from reconciler.rollouts.views.happened import Event
from reconciler.rollouts.views.nodes import Node, tone
from reconciler.rollouts.views.overview import Overview
from reconciler.web import phrases, plot, runs
from reconciler.web.ports import Looked
from reconciler.web.workloads import Workload, workload
from reconciler.workloads.parts import Condition


@dataclass(frozen=True, slots=True)
class Shelf:
    """A revision with its objects, failing ones first; `open`: they are shown at once."""

    number: str
    nodes: tuple[Node, ...]
    open: bool


@dataclass(frozen=True, slots=True)
class Release:
    """`work` is what the page of an Application shows of it, `shown` what `rollouts get` does."""

    work: Workload
    shown: Overview
    message: str
    max_weight: int
    revisions: tuple[Shelf, ...]
    runs: tuple[plot.RunPicture, ...]
    conditions: tuple[Condition, ...]
    commands: tuple[Command, ...]
    events: tuple[Event, ...]
    trouble: str


@dataclass(frozen=True, slots=True)
class Trial:
    """An Experiment. `owner`: the Rollout that asked for it, if one did; `ends`: when its duration is over."""

    name: str
    namespace: str
    owner: str
    phase: str
    tone: str
    message: str
    duration: str
    began: datetime | None
    ends: datetime | None
    templates: tuple[TemplateStatus, ...]
    children: tuple[Node, ...] = ()
    runs: tuple[plot.RunPicture, ...] = ()
    conditions: tuple[Condition, ...] = ()
    commands: tuple[Command, ...] = ()
    events: tuple[Event, ...] = ()
    trouble: str = ""


def of_rollout(looked: Looked[Family], now: datetime) -> Release:
    family = looked.family
    rollout, sets, shown = family.rollout, family.replica_sets, family.overview
    return Release(
        work=workload(workload_progress(rollout, family.runs, sets)),
        shown=shown,
        message=_message(shown),
        max_weight=defaults.max_weight(rollout.spec.strategy.canary or Canary()),
        revisions=_shelves(family.tree(now)),
        runs=runs.of_the_update(family.runs),
        conditions=rollout.status.conditions,
        commands=advice.for_rollout(rollout, can_undo=len(sets) > 1),
        events=looked.events,
        trouble=looked.trouble,
    )


def _message(shown: Overview) -> str:
    """The status's own words, where what is waited for does not say the same."""
    said = (STEP_PAUSE, BLUE_GREEN_PAUSE, INCONCLUSIVE, shown.waits.what if shown.waits else "")
    return "" if shown.message in said else shown.message


def _shelves(revisions: tuple[Node, ...]) -> tuple[Shelf, ...]:
    """The newest is open, a single older one too, and each that has a pod in trouble."""
    return tuple(
        Shelf(each.name.partition(":")[2], _urgent(each.children), index == 0 or len(revisions) <= 2 or _troubled(each))
        for index, each in enumerate(revisions)
    )


def _urgent(found: tuple[Node, ...]) -> tuple[Node, ...]:
    ordered = sorted(found, key=lambda node: tone(node.status) != "bad")
    return tuple(replace(node, children=_urgent(node.children)) for node in ordered)


def _troubled(node: Node) -> bool:
    return (node.kind == "Pod" and tone(node.status) == "bad") or any(map(_troubled, node.children))


def of_experiment(looked: Looked[ExperimentFamily], now: datetime) -> Trial:
    family = looked.family
    experiment = family.experiment
    return replace(
        trial(experiment),
        children=_urgent(family.tree(now).children),
        runs=tuple(plot.pictures(run, run.metadata.name) for run in family.runs[-runs.MOST_RUNS :]),
        conditions=experiment.status.conditions,
        commands=advice.for_experiment(experiment),
        events=looked.events,
        trouble=looked.trouble,
    )


def trial(experiment: Experiment) -> Trial:
    """An Experiment without its objects, as lists show it."""
    spec, status, meta = experiment.spec, experiment.status, experiment.metadata
    over, owner = status.phase.complete, meta.controller
    phase = str(status.phase) or "Pending"
    return Trial(
        name=meta.name,
        namespace=meta.namespace,
        owner=owner.name if owner and owner.kind == ROLLOUTS.kind else "",
        phase=phase,
        tone=phrases.run_tone(phase),
        message=experiment.malformed or status.message,
        duration=spec.duration,
        began=phrases.instant(status.available_at),
        ends=None if over else planned_end(experiment),
        templates=tuple(status.template(each.name) for each in spec.templates),
    )


def facts(experiment: Experiment) -> dict[str, Any]:
    """For programs. Not the spec: pod templates may say in clear what is not for everybody who can see the page."""
    meta, ends = experiment.metadata, trial(experiment).ends
    named = {"namespace": meta.namespace, "name": meta.name}
    return {**named, "duration": experiment.spec.duration, "ends": ends, "status": experiment.status}
