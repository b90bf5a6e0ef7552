"""What people do to a Rollout, as the patches that the engine heeds (spec rollouts §4.10). Pure.

A verb answers with an `Action`: patches to be sent in order, and what to tell the person who asked. An action without
patches changes nothing and says why. A verb that makes no sense in the Rollout's state raises `UserError` with what
does. The verbs that change the pod template are in `template.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from reconciler.analysis.model import Phase
from reconciler.errors import Problem, UserError
from reconciler.kube.api import PatchKind
from reconciler.rollouts.conditions import INVALID
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.snapshot import INCONCLUSIVE
from reconciler.workloads.times import stamp


@dataclass(frozen=True, slots=True)
class Patch:
    """`at_version`: the resourceVersion that the patch was computed from, where a later one might not want it."""

    body: dict[str, Any] | list[dict[str, Any]]
    kind: PatchKind = "merge"
    part: Literal["spec", "status"] = "spec"
    at_version: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """`told`: what happened. `next_`: what follows, or what to do then."""

    told: str
    next_: str = ""
    patches: tuple[Patch, ...] = ()


def pause(rollout: Rollout) -> Action:
    """Freezes the update where it is, until `resume`."""
    if rollout.spec.paused:
        return Action("was paused already", _hint(rollout, "resume"))
    follow_up = f"pods and steps stay as they are; {_hint(rollout, 'resume')}"
    return Action("paused", follow_up, (_spec(paused=True),))


def resume(rollout: Rollout) -> Action:
    """Takes back `pause`; a pause of a step ends by `promote`."""
    if rollout.spec.paused:
        return Action("resumed", "the update continues where it was", (_spec(paused=False),))
    if rollout.status.pause_conditions:
        reason = rollout.status.pause_conditions[0].reason
        raise UserError(Problem(f"{_name(rollout)} is paused by {reason}, not by hand", _hint(rollout, "promote")))
    return Action("is not paused")


def promote(rollout: Rollout) -> Action:
    """Ends a pause, or skips the step that runs."""
    _readable(rollout)
    unpause = (_spec(paused=False),) if rollout.spec.paused else ()
    if settled(rollout):
        return Action("has nothing to promote: its newest version is the stable one", patches=unpause)
    if rollout.status.abort:
        retry, full = _hint(rollout, "retry"), _hint(rollout, "promote", "--full")
        raise UserError(Problem(f"{_name(rollout)} is aborted", f"{retry}, or {full} to skip all steps"))
    _valid(rollout)
    patch, told = _promotion(rollout)
    if patch is None:
        return Action("resumed" if unpause else "has no pause and no steps to skip", patches=unpause)
    return Action(told, _next_step(rollout), (*unpause, patch))


def promote_full(rollout: Rollout) -> Action:
    """Skips every step, pause and analysis that is left."""
    unpause = (_spec(paused=False),) if rollout.spec.paused else ()
    if settled(rollout):
        return Action("has nothing to promote: its newest version is the stable one", patches=unpause)
    _valid(rollout)
    follow_up = "all remaining steps, pauses and analyses are skipped"
    wanted = rollout.status.current_pod_hash != rollout.status.stable_rs
    return Action("fully promoted", follow_up, (*unpause, *((_status(promoteFull=True),) if wanted else ())))


def skip_current_step(rollout: Rollout) -> Action:
    """What `promote -c` of the established client does: one step further, pauses stay."""
    return _skip_to(rollout, (rollout.status.current_step_index or 0) + 1)


def skip_all_steps(rollout: Rollout) -> Action:
    """What `promote -a` of the established client does: past the last step, pauses stay."""
    return _skip_to(rollout, _steps(rollout))


def abort(rollout: Rollout) -> Action:
    """Gives the update up: traffic and pods go back to the stable version."""
    if settled(rollout):
        return Action("has nothing to abort: its newest version is the stable one", _hint(rollout, "undo"))
    if rollout.status.abort:
        return Action("was aborted already", _hint(rollout, "retry"))
    follow_up = f"the stable version takes all traffic; {_hint(rollout, 'retry')}, or push a new version"
    return Action("aborted", follow_up, (_status(abort=True),))


def retry(rollout: Rollout) -> Action:
    """Begins an aborted update again at its first step."""
    if not rollout.status.abort:
        return Action("has nothing to retry: it is not aborted")
    begins = "anew" if rollout.spec.strategy.blue_green else "at its first step"
    return Action("is tried again", f"the update begins {begins}", (_status(abort=False),))


def restart(rollout: Rollout, at: datetime) -> Action:
    """Replaces all pods, a few at a time, by eviction. `at`: not before then."""
    follow_up = "pods that are older are evicted as far as maxUnavailable and disruption budgets allow"
    return Action(f"restarts at {stamp(at)}", follow_up, (_spec(restartAt=stamp(at)),))


def settled(rollout: Rollout) -> bool:
    """Whether nothing is under way, as far as the engine has seen this spec."""
    status = rollout.status
    return _seen(rollout) and bool(status.stable_rs) and status.stable_rs == status.current_pod_hash


def _seen(rollout: Rollout) -> bool:
    observed = rollout.status.observed_generation
    return observed.isdecimal() and int(observed) >= rollout.metadata.generation


def _skip_to(rollout: Rollout, index: int) -> Action:
    _readable(rollout)
    steps = _steps(rollout)
    if not steps:
        raise UserError(Problem(f"{_name(rollout)} has no steps to skip", _hint(rollout, "promote")))
    unpause = (_spec(paused=False),) if rollout.spec.paused else ()
    index = min(index, steps)
    patch = _status(rollout.metadata.resource_version, currentStepIndex=index)
    return Action(
        f"skipped to step {index + 1} of {steps}" if index < steps else "skipped all steps", "", (*unpause, patch)
    )


def _promotion(rollout: Rollout) -> tuple[Patch | None, str]:
    """The status patch of `promote`: only the pause ends, or also the step. First match."""
    status, steps = rollout.status, _steps(rollout)
    index, version = status.current_step_index or 0, rollout.metadata.resource_version
    if _inconclusive(rollout) and status.pause_conditions and status.controller_pause:
        body = {"pauseConditions": None, "controllerPause": False, "currentStepIndex": index + 1}
        return _status(version, **body), f"promoted past the inconclusive analysis of step {index + 1}"
    if status.pause_conditions:
        return _status(pauseConditions=None), "promoted"
    if not steps:
        return None, ""
    body = {"pauseConditions": None, "currentStepIndex": min(index + 1, steps)}
    return _status(version, **body), f"promoted past step {min(index + 1, steps)} of {steps}"


def _inconclusive(rollout: Rollout) -> bool:
    canary = rollout.status.canary
    run = canary.current_step_analysis_run_status if canary else None
    return run is not None and run.status == Phase.INCONCLUSIVE


def _next_step(rollout: Rollout) -> str:
    index, steps = (rollout.status.current_step_index or 0) + 1, _steps(rollout)
    if rollout.spec.strategy.blue_green and any(
        p.reason == INCONCLUSIVE for p in rollout.status.pause_conditions or ()
    ):
        return f"the analysis is made again; {_hint(rollout, 'promote', '--full')} to do without it"
    if not steps:
        return "the new version takes over"
    return "the last step is done: the new version takes over" if index >= steps else f"step {index + 1} of {steps}"


def _steps(rollout: Rollout) -> int:
    return len((rollout.spec.strategy.canary.steps if rollout.spec.strategy.canary else None) or ())


def _readable(rollout: Rollout) -> None:
    if rollout.malformed:
        raise UserError(Problem(f"{_name(rollout)} cannot be read: {rollout.malformed}", "mend its spec first"))


def _valid(rollout: Rollout) -> None:
    """A step skipped while the engine refuses the spec would be missed without a trace once that is mended."""
    refused = rollout.status.condition(INVALID)
    if refused and _seen(rollout):
        said = f"{_name(rollout)} cannot be promoted: {refused.message}"
        raise UserError(Problem(said, "correct it, and the update goes on by itself"))


def _name(rollout: Rollout) -> str:
    return f"Rollout {rollout.metadata.namespace}/{rollout.metadata.name}"


def _hint(rollout: Rollout, verb: str, option: str = "") -> str:
    return " ".join(filter(None, ("`reconciler rollouts", verb, rollout.metadata.name, option))) + "`"


def _spec(**fields: Any) -> Patch:
    return Patch({"spec": fields})


def _status(at_version: str = "", /, **fields: Any) -> Patch:
    return Patch({"status": fields}, part="status", at_version=at_version)
