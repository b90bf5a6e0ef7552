"""Rollouts and plain workloads as the page shows them: split of traffic, steps, judged metrics. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from reconciler.apps.delivery import Health, MetricReading, WorkloadProgress
from reconciler.outcomes import metrics_text
from reconciler.outcomes.verdict import awaited, is_first_release
from reconciler.outcomes.wording import count, images

TONES = {
    Health.HEALTHY: "good",
    Health.SUSPENDED: "held",
    Health.PROGRESSING: "busy",
    Health.MISSING: "busy",
    Health.DEGRADED: "bad",
    Health.UNKNOWN: "unknown",
}
_WEIGHT = re.compile(r"set\s*weight[^0-9]*(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    tone: str
    value: str
    requirement: str
    phase: str
    message: str


@dataclass(frozen=True, slots=True)
class Step:
    """`stage` is done, now or todo. `weight` is the canary's share after this step, where the step sets it."""

    text: str
    stage: str
    weight: int | None


@dataclass(frozen=True, slots=True)
class Workload:
    """One Rollout or plain workload. `weight` is None where nothing new is on its way; `runs` is what users get then.

    `newcomer`: what the new version is called. `page`: where there is more about it; only Rollouts have one.
    """

    title: str
    page: str
    namespace: str
    tone: str
    health: str
    message: str
    weight: int | None
    newcomer: str
    old: str
    new: str
    steps: tuple[Step, ...]
    progress: str
    pods: str
    metrics: tuple[Metric, ...]
    runs: str


def workload(work: WorkloadProgress) -> Workload:
    is_rollout = work.kind == "Rollout"
    moving = is_rollout and not work.promoted and not work.aborted and not is_first_release(work)
    return Workload(
        title=f"{work.kind} {work.name}",
        page=f"/rollouts/{quote(work.namespace, '')}/{quote(work.name, '')}" if is_rollout else "",
        namespace=work.namespace,
        tone="bad" if work.aborted else TONES[work.health],
        health=work.phase or work.health,
        message=_message(work),
        weight=work.weight if moving else None,
        newcomer="new version" if work.strategy == "BlueGreen" else "canary",
        old=images(work.stable_images),
        new=images(work.images),
        steps=_steps(work),
        progress=f"step {work.step or 0} of {work.steps}" if work.steps and moving else "",
        pods=_pods(work),
        metrics=tuple(map(metric, work.metrics)),
        runs="" if moving else images(work.stable_images if work.aborted else work.images),
    )


def _message(work: WorkloadProgress) -> str:
    """What a pause waits for; that it stands at a pause step is what the steps show."""
    return awaited(work) or ("" if work.message in ("CanaryPauseStep", "BlueGreenPause") else work.message)


def metric(reading: MetricReading) -> Metric:
    bad = metrics_text.is_bad(reading)
    return Metric(
        name=reading.name,
        tone="bad" if bad else "good" if reading.value else "unknown",
        value=metrics_text.measured(reading) or "–",
        requirement=metrics_text.must(reading) if reading.condition else "",
        phase=reading.phase,
        message=reading.message,
    )


def _pods(work: WorkloadProgress) -> str:
    """Old and new pods together may be more than are wanted, until the old ones are gone."""
    if work.ready > work.desired:
        return f"{count(work.ready, 'pod')} ready, {work.desired} wanted"
    return f"{work.ready} of {count(work.desired, 'pod')} ready" if work.desired else ""


def _steps(work: WorkloadProgress) -> tuple[Step, ...]:
    finished = work.promoted and not work.aborted
    at = len(work.step_texts) if finished else work.step or 0
    stages = ["done" if index < at else "now" if index == at else "todo" for index in range(len(work.step_texts))]
    if work.aborted:
        stages = ["todo"] * len(stages)
    return tuple(
        Step(text, stage, int(found[1]) if (found := _WEIGHT.search(text)) else None)
        for text, stage in zip(work.step_texts, stages, strict=True)
    )
