"""The vocabulary of writes: everything that a decision may ask for, as plain data.

Each is idempotent, and a list of them is ordered so that stopping after any prefix is safe: the next decision, made
from what is then true, asks for the rest. `version` is the resourceVersion that the decision was based on; the write
is refused by the server when the object has moved since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from reconciler.kube.api import Object, Resource
from reconciler.rollouts.step_plugins.contract import CallId


@dataclass(frozen=True, slots=True)
class CreateReplicaSet:
    body: Object


@dataclass(frozen=True, slots=True)
class ScaleReplicaSet:
    """`sized_for` is the Rollout's replicas at this decision, recorded beside the size."""

    name: str
    replicas: int
    sized_for: int
    version: str
    drop_deadline: bool = False


@dataclass(frozen=True, slots=True)
class PatchReplicaSet:
    """Merge patch without `resourceVersion`, which is added from `version`."""

    name: str
    patch: dict[str, Any]
    version: str


@dataclass(frozen=True, slots=True)
class ScaleWorkload:
    """Takes pods from the Deployment that holds the template; `handed_over_to` marks that it was the last time.

    `told` is what its event says, if it was done: the Deployment may have been changed meanwhile.
    """

    name: str
    replicas: int
    version: str
    told: str
    handed_over_to: str = ""


@dataclass(frozen=True, slots=True)
class AdoptReplicaSet:
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class ReleaseReplicaSet:
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class DeleteReplicaSet:
    name: str
    uid: str
    version: str


@dataclass(frozen=True, slots=True)
class SwitchService:
    """Points a Service at the pods of one hash; `managed_by` is set at the first time only."""

    name: str
    hash: str
    version: str
    managed_by: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseService:
    """Takes our part of the selector off a Service that no Rollout uses any more."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class CreateRouted:
    """An object of a traffic router."""

    resource: Resource
    body: Object


@dataclass(frozen=True, slots=True)
class PatchRouted:
    """Merge patch of an object of a traffic router."""

    resource: Resource
    name: str
    patch: dict[str, Any]
    version: str


@dataclass(frozen=True, slots=True)
class CreateAnalysisRun:
    body: Object


@dataclass(frozen=True, slots=True)
class TerminateAnalysisRun:
    name: str


@dataclass(frozen=True, slots=True)
class DeleteAnalysisRun:
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class CreateExperiment:
    body: Object


@dataclass(frozen=True, slots=True)
class TerminateExperiment:
    name: str


@dataclass(frozen=True, slots=True)
class DeleteExperiment:
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class PatchPods:
    """Merges labels and annotations into all pods of the ReplicaSet with the uid `owner`; None takes a key away."""

    hash: str
    owner: str
    metadata: dict[str, dict[str, str | None]]


@dataclass(frozen=True, slots=True)
class LabelPods:
    """Labels for the pods of one ReplicaSet, by its selector (text) and uid, that do not have them."""

    selector: str
    owner: str
    labels: dict[str, str]


@dataclass(frozen=True, slots=True)
class EvictPod:
    name: str


@dataclass(frozen=True, slots=True)
class PatchRollout:
    """Merge patch of the Rollout itself: `spec.replicas`, revision annotation."""

    patch: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PatchStatus:
    """The one status write of a decision; after it come only calls of plugins and events."""

    patch: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallStepPlugin:
    """Asks a step plugin in the background; a later decision sees the answer. Comes after the status that says so."""

    name: str
    id: CallId
    config: Any
    status: Any
    rollout: Object


@dataclass(frozen=True, slots=True)
class RecordEvent:
    type: Literal["Normal", "Warning"]
    reason: str
    message: str


Intent = (
    CreateReplicaSet
    | ScaleReplicaSet
    | PatchReplicaSet
    | ScaleWorkload
    | AdoptReplicaSet
    | ReleaseReplicaSet
    | DeleteReplicaSet
    | SwitchService
    | ReleaseService
    | CreateRouted
    | PatchRouted
    | CreateAnalysisRun
    | TerminateAnalysisRun
    | DeleteAnalysisRun
    | CreateExperiment
    | TerminateExperiment
    | DeleteExperiment
    | PatchPods
    | LabelPods
    | EvictPod
    | PatchRollout
    | PatchStatus
    | CallStepPlugin
    | RecordEvent
)


def normal(reason: str, message: str) -> RecordEvent:
    return RecordEvent("Normal", reason, message)


def warning(reason: str, message: str) -> RecordEvent:
    return RecordEvent("Warning", reason, message)
