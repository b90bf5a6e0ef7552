"""Conditions of an Experiment as clients read them (spec rollouts §9)."""

from __future__ import annotations

from datetime import datetime

from reconciler.experiments.model import ExperimentStatus, TemplatePhase
from reconciler.workloads.parts import Condition
from reconciler.workloads.times import stamp

INVALID = "InvalidExperimentSpec"
PROGRESSING = "Progressing"


def progressing(name: str, status: ExperimentStatus, *, created: bool) -> Condition:
    """What moves: pods that are made, pods that come, nothing more, the end."""
    running = [each.status is TemplatePhase.RUNNING for each in status.template_statuses]
    if status.phase.complete:
        return _condition("False", "ExperimentCompleted", f'Experiment "{name}" is completed: {status.phase}')
    if created:
        return _condition("True", "NewReplicaSetCreated", f'Experiment "{name}" created ReplicaSets')
    if status.available_at and all(running):
        return _condition("True", "NewReplicaSetAvailable", f'All ReplicaSets of Experiment "{name}" are available')
    return _condition("True", "ReplicaSetUpdated", f'Experiment "{name}" is progressing')


def put(conditions: tuple[Condition, ...], wanted: Condition, now: datetime) -> tuple[Condition, ...]:
    """`conditions` with `wanted` in it; one with the same status and reason stays as it is."""
    old = next((each for each in conditions if each.type == wanted.type), None)
    if old and (old.status, old.reason) == (wanted.status, wanted.reason):
        return conditions
    since = old.last_transition_time if old and old.status == wanted.status else stamp(now)
    changed = Condition(
        type=wanted.type,
        status=wanted.status,
        reason=wanted.reason,
        message=wanted.message,
        last_update_time=stamp(now),
        last_transition_time=since,
    )
    return (*(each for each in conditions if each.type != wanted.type), changed)


def without(conditions: tuple[Condition, ...], kind: str) -> tuple[Condition, ...]:
    return tuple(each for each in conditions if each.type != kind)


def _condition(status: str, reason: str, message: str) -> Condition:
    return Condition(type=PROGRESSING, status=status, reason=reason, message=message)
