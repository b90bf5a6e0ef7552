"""The vocabulary of writes of an Experiment's decision; each is idempotent, and stopping after any prefix is safe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.kube.api import Object
from reconciler.workloads.parts import Json


@dataclass(frozen=True, slots=True)
class CreateReplicaSet:
    """`template` is the name of the template that it is for."""

    template: str
    body: Object


@dataclass(frozen=True, slots=True)
class PatchReplicaSet:
    """Merge patch; refused by the server when the object is not at `version` any more."""

    template: str
    name: str
    patch: Json
    version: str


@dataclass(frozen=True, slots=True)
class CreateService:
    template: str
    body: Object


@dataclass(frozen=True, slots=True)
class DeleteService:
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class CreateAnalysisRun:
    """`analysis` is the name of the analysis that it is for."""

    analysis: str
    body: Object


@dataclass(frozen=True, slots=True)
class TerminateAnalysisRun:
    name: str


@dataclass(frozen=True, slots=True)
class PatchStatus:
    """The one status write of a decision."""

    patch: Json


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """`to_owner`: about the Rollout that the Experiment belongs to, if it belongs to one."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str
    to_owner: bool = False


Intent = (
    CreateReplicaSet
    | PatchReplicaSet
    | CreateService
    | DeleteService
    | CreateAnalysisRun
    | TerminateAnalysisRun
    | PatchStatus
    | RecordEvent
)
