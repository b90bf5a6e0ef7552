"""What an update waits for and until when, in words for people; read from the status alone (spec rollouts §4.5, §6).

Whoever is woken by a release that does not move asks this first: is it my turn, or does it go on by itself? Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.analysis.model import Phase
from reconciler.experiments.model import Experiment, planned_end
from reconciler.rollouts import defaults
from reconciler.rollouts.conditions import INVALID
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.progress import is_current, is_promoted_by_hand
from reconciler.rollouts.quantities import pause_length
from reconciler.rollouts.snapshot import BLUE_GREEN_PAUSE, INCONCLUSIVE, STEP_PAUSE
from reconciler.rollouts.status import BlueGreenStatus, CanaryStatus, PauseCondition, RunReference
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.strategy_model import BlueGreen
from reconciler.workloads.times import moment, readable

_CORRECTION = "somebody to correct what the message names"
_ENGINE = "an engine to take it up; while this stays, none runs that drives this Rollout"


@dataclass(frozen=True, slots=True)
class Waiting:
    """`until`: when it goes on by itself. `stuck_at`: when it counts as stuck unless it moves. None: never."""

    what: str
    since: datetime | None = None
    until: datetime | None = None
    stuck_at: datetime | None = None


def waiting(rollout: Rollout, step: Step | None = None, experiments: Iterable[Experiment] = ()) -> Waiting | None:
    """`step`: the one that is under way, of a canary; `experiments`: its own, as far as they are known.

    None when nothing is waited for: delivered, or given up.
    """
    if rollout.malformed:
        return Waiting(_CORRECTION)
    if not is_current(rollout) or is_promoted_by_hand(rollout):
        return Waiting(_ENGINE)
    if rollout.status.condition(INVALID):
        return Waiting(_CORRECTION)
    if rollout.spec.paused:
        return Waiting("somebody to resume it: it was paused by hand")
    if rollout.status.phase not in ("Paused", "Progressing") or rollout.status.abort:
        return None
    return next(_causes(rollout, step, experiments), None)


def _causes(rollout: Rollout, step: Step | None, experiments: Iterable[Experiment]) -> Iterator[Waiting]:
    pauses = {pause.reason: pause for pause in rollout.status.pause_conditions or ()}
    if found := pauses.get(INCONCLUSIVE):
        yield Waiting("somebody to judge: an analysis was inconclusive", _since(found))
    if found := pauses.get(BLUE_GREEN_PAUSE):
        yield _until(found, _automatic(rollout))
    if found := pauses.get(STEP_PAUSE):
        yield _until(found, _length(step))
    for run in _runs(rollout, step):
        yield Waiting(f"AnalysisRun {run.name}")
    yield from _of_step(rollout, step, experiments)
    if rollout.status.message:
        yield Waiting(rollout.status.message, stuck_at=_stuck_at(rollout))


def _until(pause: PauseCondition, length: timedelta | None) -> Waiting:
    began = _since(pause)
    if length is None:
        return Waiting("somebody to promote it", began)
    return Waiting("the pause to end", began, began + length if began else None)


def _since(pause: PauseCondition) -> datetime | None:
    return moment(pause.start_time) if readable(pause.start_time) else None


def _automatic(rollout: Rollout) -> timedelta | None:
    config = rollout.spec.strategy.blue_green or BlueGreen()
    return None if config.auto_promotion_enabled is False else timedelta(seconds=config.auto_promotion_seconds or 0)


def _length(step: Step | None) -> timedelta | None:
    if step is None or step.pause is None or step.pause.duration is None:
        return None
    try:
        return pause_length(step.pause.duration)
    except ValueError:
        return None


def _runs(rollout: Rollout, step: Step | None) -> Iterator[RunReference]:
    """AnalysisRuns without whose end the update cannot move."""
    status = rollout.status
    canary, blue_green = status.canary or CanaryStatus(), status.blue_green or BlueGreenStatus()
    judged = (
        canary.current_step_analysis_run_status if step and step.kind == "analysis" else None,
        blue_green.pre_promotion_analysis_run_status,
        blue_green.post_promotion_analysis_run_status,
    )
    yield from (run for run in judged if run and run.status in (Phase.NONE, Phase.PENDING, Phase.RUNNING))


def _of_step(rollout: Rollout, step: Step | None, experiments: Iterable[Experiment]) -> Iterator[Waiting]:
    told = rollout.status.canary or CanaryStatus()
    if step and step.kind == "experiment" and (name := told.current_experiment):
        ends = (_ends(each) for each in experiments if each.metadata.name == name)
        yield Waiting(f"Experiment {name}", until=next(ends, None))
    if step and step.plugin:
        index = rollout.status.current_step_index or 0
        said = next((each.message for each in told.step_plugin_statuses if each.index == index), "")
        yield Waiting(f"step plugin {step.plugin.name}" + (f": {said}" if said else ""))


def _ends(experiment: Experiment) -> datetime | None:
    """When its duration is over, unless its required analyses decide."""
    return None if experiment.spec.required else planned_end(experiment)


def _stuck_at(rollout: Rollout) -> datetime | None:
    moved = rollout.status.condition("Progressing")
    if moved is None or moved.status == "False" or not readable(moved.last_update_time):
        return None
    deadline = timedelta(seconds=defaults.progress_deadline_seconds(rollout.spec))
    return moment(moved.last_update_time or "") + deadline
