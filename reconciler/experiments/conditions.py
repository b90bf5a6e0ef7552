"""Conditions of an Experiment as clients read them (spec rollouts §9)."""

from __future__ import annotations

from reconciler.experiments.model import ExperimentStatus, TemplatePhase
from reconciler.workloads.parts import Condition

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


def without(conditions: tuple[Condition, ...], kind: str) -> tuple[Condition, ...]:
    return tuple(each for each in conditions if each.type != kind)


def _condition(status: str, reason: str, message: str) -> Condition:
    return Condition(type=PROGRESSING, status=status, reason=reason, message=message)
