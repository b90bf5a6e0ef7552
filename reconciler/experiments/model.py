"""The Experiment as its users write it, and its status as clients read it (spec rollouts §9).

Decoding is lenient, as for Rollouts: an object with a field of a wrong type becomes one whose `malformed` says so.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from reconciler.analysis.model import Argument, DryRun, MeasurementRetention, Phase, RunMetadata
from reconciler.kube.durations import parse_go_duration
from reconciler.kube.objects import Meta
from reconciler.workloads.parts import Condition, Json, Part
from reconciler.workloads.selectors import Selector
from reconciler.workloads.times import moment, readable


class TemplatePhase(StrEnum):
    """Where the pods of one template stand; the last three are final."""

    PROGRESSING = "Progressing"
    RUNNING = "Running"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    ERROR = "Error"

    @property
    def complete(self) -> bool:
        return self.bad or self is TemplatePhase.SUCCESSFUL

    @property
    def bad(self) -> bool:
        return self in (TemplatePhase.FAILED, TemplatePhase.ERROR)


class TemplateService(Part, frozen=True):
    """Asks for a Service for the template's pods; without a name it has that of the ReplicaSet."""

    name: str = ""


class Template(Part, frozen=True):
    """One version that takes part."""

    name: str = ""
    replicas: int | None = None
    min_ready_seconds: int = 0
    selector: Selector | None = None
    template: Json | None = None
    service: TemplateService | None = None

    @property
    def size(self) -> int:
        return 1 if self.replicas is None else self.replicas


class Analysis(Part, frozen=True):
    """`required_for_completion`: the Experiment lasts until this run has ended, and ends when all of these have."""

    name: str = ""
    template_name: str = ""
    cluster_scope: bool = False
    args: tuple[Argument, ...] = ()
    required_for_completion: bool = False


class ExperimentSpec(Part, frozen=True):
    """`duration`: a Go duration, counted from when all templates are available; empty: until something else ends it."""

    templates: tuple[Template, ...] = ()
    duration: str = ""
    progress_deadline_seconds: int | None = None
    terminate: bool = False
    analyses: tuple[Analysis, ...] = ()
    scale_down_delay_seconds: int | None = None
    dry_run: tuple[DryRun, ...] = ()
    analysis_run_metadata: RunMetadata = RunMetadata()
    measurement_retention: tuple[MeasurementRetention, ...] = ()

    @property
    def deadline_seconds(self) -> int:
        return 600 if self.progress_deadline_seconds is None else self.progress_deadline_seconds

    @property
    def delay_seconds(self) -> int:
        return 30 if self.scale_down_delay_seconds is None else self.scale_down_delay_seconds

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the analyses that it waits for."""
        return tuple(each.name for each in self.analyses if each.required_for_completion)


class TemplateStatus(Part, frozen=True):
    name: str
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    status: TemplatePhase | None = None
    message: str = ""
    last_transition_time: str | None = None
    collision_count: int | None = None
    service_name: str = ""
    pod_template_hash: str = ""


class AnalysisStatus(Part, frozen=True):
    """`analysis_run` is empty when none could be made; `message` then says why."""

    name: str
    analysis_run: str = ""
    phase: Phase = Phase.NONE
    message: str = ""


class ExperimentStatus(Part, frozen=True):
    phase: Phase = Phase.NONE
    message: str = ""
    available_at: str | None = None
    template_statuses: tuple[TemplateStatus, ...] = ()
    analysis_runs: tuple[AnalysisStatus, ...] = ()
    conditions: tuple[Condition, ...] = ()

    def template(self, name: str) -> TemplateStatus:
        return next((each for each in self.template_statuses if each.name == name), TemplateStatus(name=name))

    def analysis(self, name: str) -> AnalysisStatus | None:
        return next((each for each in self.analysis_runs if each.name == name), None)

    def condition(self, kind: str) -> Condition | None:
        return next((each for each in self.conditions if each.type == kind), None)


def ends_at(spec: ExperimentSpec, status: ExperimentStatus) -> datetime | None:
    """When its duration is over; None while that is not known, or when only something else ends it.

    Raises `ValueError` for a duration that is none.
    """
    began = readable(status.available_at)
    return moment(began) + parse_go_duration(spec.duration) if began and spec.duration else None


class Experiment(Part, frozen=True):
    metadata: Meta = Meta()
    spec: ExperimentSpec = ExperimentSpec()
    status: ExperimentStatus = ExperimentStatus()
    malformed: str = ""


def planned_end(experiment: Experiment) -> datetime | None:
    """As `ends_at`, for people: of a duration that is none nothing is known, and elsewhere it is said why."""
    try:
        return ends_at(experiment.spec, experiment.status)
    except ValueError:
        return None


class _Skeleton(msgspec.Struct, frozen=True):
    metadata: Meta = Meta()
    status: Any = None


_decoder = msgspec.json.Decoder(Experiment)
_skeleton_decoder = msgspec.json.Decoder(_Skeleton)


def decode_experiment(raw: bytes) -> Experiment:
    """For the informer. Raises only when not even the metadata can be read."""
    try:
        return _decoder.decode(raw)
    except msgspec.ValidationError as error:
        skeleton, why = _skeleton_decoder.decode(raw), str(error)
    try:
        status = msgspec.convert(skeleton.status or {}, ExperimentStatus)
    except msgspec.ValidationError:
        status = ExperimentStatus()
    return Experiment(metadata=skeleton.metadata, status=status, malformed=why)
