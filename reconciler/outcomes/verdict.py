"""The verdict on a commit that has been applied: its objects' health and its Rollouts' progress, in one sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from reconciler.apps.delivery import Delivery, Health, MetricReading, ObjectHealth, Operation, WorkloadProgress
from reconciler.forges.model import DESCRIPTION_LIMIT, State
from reconciler.outcomes import metrics_text
from reconciler.outcomes.wording import count, duration, fit, image, images

_BY_HAND = re.compile(r"RolloutAborted: Rollout aborted update to revision \d+")
_PAUSES = {
    "manually paused": "paused until resumed",
    "InconclusiveAnalysisRun": "analysis inconclusive, promote or abort",
}
"""Messages of paused Rollouts (spec rollouts §5.1), and what a person has to do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a status will say. `tail` survives when the text has to be cut. `terminal`: a verdict, not a stage.

    `serving`: a canary gets traffic, which people want to know at once.
    """

    state: State
    text: str
    terminal: bool = False
    tail: str = ""
    serving: bool = False


def of_applied(delivery: Delivery, operation: Operation | None, now: datetime) -> Finding:
    """Failure as soon as one cause is beyond mending, success when all is well, else what is being waited for.

    `operation` None: the commit's own operation is no longer known, only that it was applied.
    """
    several = len(delivery.workloads) > 1
    if broken := _broken(delivery, several):
        return broken
    moving = [work for work in delivery.workloads if not _settled(work)]
    waiting = [found for found in delivery.objects if not _is_well(found)]
    unseen = bool(operation and operation.total and not delivery.objects)
    if not moving and not waiting and not unseen:
        return Finding(State.SUCCESS, _success(delivery, operation, now), terminal=True)
    rollouts = [work for work in moving if work.kind == "Rollout"]
    if rollouts:
        text = "; ".join(_progress(work, several) for work in rollouts)
        return Finding(State.PENDING, text, serving=any(map(_serves, rollouts)))
    return Finding(State.PENDING, _waiting(delivery, waiting, moving))


def _broken(delivery: Delivery, several: bool) -> Finding | None:
    """The first cause that waiting cannot mend."""
    broken = [found for found in delivery.objects if found.health is Health.DEGRADED and found.terminal]
    names = {(found.kind, found.namespace, found.name) for found in broken}
    for work in delivery.workloads:
        if work.aborted or (work.kind == "Rollout" and (work.kind, work.namespace, work.name) in names):
            return _rolled_back(work, several)
    if not broken:
        return None
    first = broken[0]
    return Finding(State.FAILURE, f"{first.kind} {first.name}: {first.message or 'degraded'}", terminal=True)


def _rolled_back(work: WorkloadProgress, several: bool) -> Finding:
    tail = _back_to(work) if work.aborted else ""
    culprits = [metrics_text.describe(reading) for reading in metrics_text.blame(work.metrics)]
    prefix = f"{work.name}: " if several or not culprits else ""
    first, *more = culprits or [_reason(work)]
    text = fit(prefix + first, more, room=DESCRIPTION_LIMIT - len(tail))
    return Finding(State.FAILURE, text, terminal=True, tail=tail)


def _reason(work: WorkloadProgress) -> str:
    """Why, when no metric says it; an abort without a cause was a person's."""
    if _BY_HAND.fullmatch(work.message):
        return "aborted by hand"
    return work.message.removeprefix("RolloutAborted: ") or ("aborted" if work.aborted else "degraded")


def _back_to(work: WorkloadProgress) -> str:
    """Which images carry all traffic again; only those that differ from the rejected ones are worth the room."""
    changed = [ref for ref in work.stable_images if ref not in work.images] or list(work.stable_images)
    return f": rolled back to {images(changed)}" if changed else ": rolled back"


def _settled(work: WorkloadProgress) -> bool:
    if work.kind == "Rollout":
        return work.health is Health.HEALTHY and work.promoted
    return work.health in (Health.HEALTHY, Health.SUSPENDED)


def _is_well(found: ObjectHealth) -> bool:
    """Suspended by declaration (a CronJob, say) is well; a suspended Rollout waits for someone."""
    suspended = found.health is Health.SUSPENDED and found.kind != "Rollout"
    return found.health is Health.HEALTHY or suspended


def _success(delivery: Delivery, operation: Operation | None, now: datetime) -> str:
    took = f" in {duration((now - operation.started_at).total_seconds())}" if operation else ""
    named = list(dict.fromkeys(image(ref) for work in delivery.workloads for ref in work.images))
    text = f"{count(len(delivery.objects), 'object')} healthy{took}"
    return fit(f"{text}, images {named[0]}", named[1:]) if named else text


def is_first_release(work: WorkloadProgress) -> bool:
    """Whether there is no older version to compare with: all traffic goes to the new one, and no step is taken."""
    return work.kind == "Rollout" and work.weight == 100 and not work.step and not work.stable_images


def _serves(work: WorkloadProgress) -> bool:
    return bool(work.weight) and not is_first_release(work)


def _progress(work: WorkloadProgress, several: bool) -> str:
    """`canary 40%, step 3/8, error-rate 0.2% ok`, or `canary 40%, step 3/8: paused until promoted`."""
    name = f"{work.name}: " if several else ""
    if is_first_release(work):
        return f"{name}first release, {work.ready}/{count(work.desired, 'pod')} ready"
    stages = []
    if work.strategy == "BlueGreen":
        stages.append("serving" if work.weight else "preview")
    elif work.weight is not None:
        stages.append(f"canary {work.weight}%")
    if work.steps:
        stages.append(f"step {work.step or 0}/{work.steps}")
    if not stages:
        stages.append(work.message or f"{work.ready}/{work.desired} ready")
    figures = [metrics_text.describe(reading) for reading in _worst_first(work)]
    waits = awaited(work)
    return fit(name + ", ".join(stages) + (f": {waits}" if waits else ""), figures)


def _worst_first(work: WorkloadProgress) -> list[MetricReading]:
    bad = metrics_text.blame(work.metrics)
    return [*bad, *(reading for reading in work.metrics if reading not in bad and reading.value)]


def awaited(work: WorkloadProgress) -> str:
    """What a paused Rollout needs of a person; empty while it goes on by itself, as after a pause with a duration."""
    if not work.paused:
        return ""
    if work.message in _PAUSES:
        return _PAUSES[work.message]
    at = work.step or 0
    return "paused until promoted" if work.step_texts[at : at + 1] == ("pause",) else ""


def _waiting(delivery: Delivery, waiting: list[ObjectHealth], moving: list[WorkloadProgress]) -> str:
    total = len(delivery.objects)
    if not total:
        return "applied, waiting for health"
    text = f"{total - len(waiting)}/{count(total, 'object')} healthy"
    names = [_named(found, moving) for found in waiting]
    return fit(f"{text}, waiting for {names[0]}", names[1:]) if names else text


def _named(found: ObjectHealth, moving: list[WorkloadProgress]) -> str:
    work = next((work for work in moving if (work.kind, work.name) == (found.kind, found.name)), None)
    if work and work.desired:
        return f"{found.kind} {found.name} ({work.ready}/{work.desired} ready)"
    return f"{found.kind} {found.name}" + (f" ({found.message})" if found.message else "")
