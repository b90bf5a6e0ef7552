"""A Rollout as commit statuses, pages and `reconciler status` tell of it (`apps.delivery`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from reconciler.analysis.model import FAILING_SINCE, AnalysisRun, MetricResult
from reconciler.apps.delivery import Health, MetricReading, WorkloadProgress
from reconciler.kube.objects import ROLLOUTS
from reconciler.rollouts import defaults, steps
from reconciler.rollouts.bluegreen import stages
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.strategy_model import BlueGreen, Canary
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet

_HEALTH = {
    "Healthy": Health.HEALTHY,
    "Progressing": Health.PROGRESSING,
    "Paused": Health.SUSPENDED,
    "Degraded": Health.DEGRADED,
}


def workload_progress(
    rollout: Rollout, runs: Iterable[AnalysisRun], replica_sets: Iterable[ReplicaSet] = ()
) -> WorkloadProgress:
    """Where the Rollout stands. `runs` and `replica_sets` are those that it owns; these only name stable images."""
    status, spec = rollout.status, rollout.spec
    health, message = _health(rollout)
    course = walked(rollout)
    current = is_current(rollout)
    promoted = current and bool(status.stable_rs) and status.stable_rs == status.current_pod_hash
    stable = (rs for rs in replica_sets if rs.hash == status.stable_rs)
    return WorkloadProgress(
        kind=ROLLOUTS.kind,
        namespace=rollout.metadata.namespace,
        name=rollout.metadata.name,
        health=health,
        phase=status.phase if current else "Progressing",
        message=message,
        strategy="BlueGreen" if spec.strategy.blue_green else "Canary",
        weight=_weight(rollout, promoted=promoted),
        step=course.done if course.texts else None,
        steps=len(course.texts) or None,
        step_texts=course.texts,
        desired=defaults.replicas(spec),
        ready=status.ready_replicas,
        updated=status.updated_replicas,
        aborted=current and status.abort and bool(status.aborted_at) and not promoted,
        promoted=promoted,
        paused=spec.paused or bool(status.pause_conditions),
        metrics=tuple(_readings(rollout, runs)) if current else (),
        images=_images(spec.template),
        stable_images=next((_images(rs.spec.template) for rs in stable), ()),
    )


class Walked(NamedTuple):
    """The steps of a canary, or the stages of a blue-green update, and how many of them are completed."""

    texts: tuple[str, ...]
    done: int


def walked(rollout: Rollout) -> Walked:
    strategy, status = rollout.spec.strategy.chosen, rollout.status
    if isinstance(strategy, BlueGreen):
        return Walked(stages.texts(strategy), stages.done(strategy, status))
    typed = _steps(strategy)
    return Walked(tuple(steps.text(step) for step in typed), min(status.current_step_index or 0, len(typed)))


def _health(rollout: Rollout) -> tuple[Health, str]:
    """What clients of the family show: the stored phase, unless it is about an older spec (spec rollouts §5.1)."""
    status = rollout.status
    if not is_current(rollout):
        of_workload = " for the reference workload" if _saw(rollout) else ""
        return Health.PROGRESSING, f"waiting for rollout spec update to be observed{of_workload}"
    if is_promoted_by_hand(rollout):
        return Health.PROGRESSING, "waiting for rollout to unpause"
    return _HEALTH.get(status.phase, Health.PROGRESSING), status.message


def is_current(rollout: Rollout) -> bool:
    """Whether the status is about the newest spec and the newest template of the workload (spec rollouts §5.1)."""
    told = rollout.metadata.annotations.get(keys.WORKLOAD_GENERATION)
    behind = rollout.spec.workload_ref and told and told != rollout.status.workload_observed_generation
    return _saw(rollout) and not behind


def is_promoted_by_hand(rollout: Rollout) -> bool:
    """Whether somebody took the engine's pause away, and the engine has not gone on yet (spec rollouts §5.1)."""
    status = rollout.status
    return status.controller_pause and not status.pause_conditions and not status.abort


def _saw(rollout: Rollout) -> bool:
    """Whether the status is about the Rollout's newest spec."""
    observed = rollout.status.observed_generation
    return observed.isdecimal() and int(observed) >= rollout.metadata.generation


def _weight(rollout: Rollout, *, promoted: bool) -> int | None:
    """Percent of traffic that the newest version gets; None before anything was observed."""
    status, canary = rollout.status, rollout.spec.strategy.canary or Canary()
    if promoted or not status.stable_rs:
        return 100 if status.current_pod_hash else None
    if rollout.spec.strategy.blue_green:
        active = status.blue_green.active_selector if status.blue_green else ""
        return 100 if active == status.current_pod_hash else 0
    if status.abort:
        return 0
    most = defaults.max_weight(canary)
    if status.canary and status.canary.weights:
        return status.canary.weights.canary.weight * 100 // most
    typed, done = _steps(canary), status.current_step_index or 0
    weights = [step.set_weight for step in typed[: done + 1] if step.set_weight is not None]
    return 100 if done >= len(typed) else (weights[-1] if weights else 0) * 100 // most


def _readings(rollout: Rollout, runs: Iterable[AnalysisRun]) -> Iterator[MetricReading]:
    """The latest reading of every metric that judges the newest version, dry runs left out."""
    revision = rollout.metadata.annotations.get(keys.REVISION)
    ours = [run for run in runs if _judges(run, rollout.status.current_pod_hash, revision)]
    latest: dict[str, MetricReading] = {}
    for run in sorted(ours, key=lambda run: str(run.metadata.creation_timestamp)):
        for result in run.status.metric_results:
            if not result.dry_run:
                latest[result.name] = _reading(run, result)
    yield from latest.values()


def _judges(run: AnalysisRun, pod_hash: str, revision: str | None) -> bool:
    meta = run.metadata
    return meta.labels.get(keys.HASH) == pod_hash and meta.annotations.get(keys.REVISION, revision) == revision


def _reading(run: AnalysisRun, result: MetricResult) -> MetricReading:
    last = result.last
    written = next((metric for metric in run.spec.metrics if metric.get("name") == result.name), {})
    own = written.get("failureCondition") or written.get("successCondition") or ""
    condition = own if result.rule_condition is None else result.rule_condition
    return MetricReading(
        name=result.name,
        phase=str(result.phase),
        value=last.value if last else "",
        condition=str(condition),
        message=result.message or (last.message if last else ""),
        measurement=str(last.phase) if last else "",
        failing_since=result.metadata.get(FAILING_SINCE, ""),
    )


def _steps(canary: Canary) -> tuple[Step, ...]:
    try:
        return canary.typed_steps()
    except msgspec.ValidationError:
        return ()


def _images(template: dict[str, Any] | None) -> tuple[str, ...]:
    spec = (template or {}).get("spec")
    containers = spec.get("containers") if isinstance(spec, dict) else None
    found = containers if isinstance(containers, list) else []
    return tuple(str(container.get("image", "")) for container in found if isinstance(container, dict))
