"""How the delivery of one Application is doing, as one immutable value.

The sync engine and the rollouts engine fill it; commit statuses, the page and `reconciler status` read it. It is the
only thing that they share, so every place shows the same words for the same state.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reconciler.errors import Problem


class Health(StrEnum):
    """Best to worst, Argo CD's vocabulary (spec gitops §4.1)."""

    HEALTHY = "Healthy"
    SUSPENDED = "Suspended"
    PROGRESSING = "Progressing"
    MISSING = "Missing"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"


class OperationPhase(StrEnum):
    """Where the newest commit stands on its way into the cluster."""

    PENDING = "Pending"
    RENDERING = "Rendering"
    APPLYING = "Applying"
    APPLIED = "Applied"
    FAILED = "Failed"
    NO_CHANGE = "NoChange"


@dataclass(frozen=True, slots=True)
class ObjectHealth:
    """Health of one managed object at the generation that we applied. `terminal`: waiting cannot mend it."""

    kind: str
    namespace: str
    name: str
    health: Health
    message: str = ""
    terminal: bool = False


@dataclass(frozen=True, slots=True)
class MetricReading:
    """The latest measurement of one metric: `value` as measured, `condition` the rule that judged it.

    `phase` is the metric's, `measurement` that measurement's: within its limits a metric runs on after a failed one.
    `failing_since`: since when its provider gives no answer, as text; empty while it does.
    """

    name: str
    phase: str
    value: str = ""
    condition: str = ""
    message: str = ""
    measurement: str = ""
    failing_since: str = ""


@dataclass(frozen=True, slots=True)
class WorkloadProgress:
    """One Rollout or plain workload that carries images. `step` of `steps` are completed; `weight` is in percent.

    A blue-green Rollout has stages for steps, and all of the traffic or none for weight.
    """

    kind: str
    namespace: str
    name: str
    health: Health
    phase: str = ""
    message: str = ""
    strategy: str = ""
    weight: int | None = None
    step: int | None = None
    steps: int | None = None
    step_texts: tuple[str, ...] = ()
    desired: int = 0
    ready: int = 0
    updated: int = 0
    aborted: bool = False
    promoted: bool = False
    paused: bool = False
    metrics: tuple[MetricReading, ...] = ()
    images: tuple[str, ...] = ()
    stable_images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One attempt to bring the Application to one commit. `done` of `total` objects are applied."""

    sha: str
    phase: OperationPhase
    started_at: datetime
    finished_at: datetime | None = None
    message: str = ""
    problems: tuple[Problem, ...] = ()
    done: int = 0
    total: int = 0
    created: int = 0
    updated: int = 0
    pruned: int = 0
    superseded_by: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Everything known about one Application at one instant. `seen_at`: when the operation's commit first showed up."""

    app: str
    repo_url: str
    branch: str
    namespace: str
    head: str = ""
    operation: Operation | None = None
    seen_at: datetime | None = None
    applied_sha: str = ""
    applied_at: datetime | None = None
    sync: str = "Unknown"
    drifted: int = 0
    health: Health = Health.UNKNOWN
    objects: tuple[ObjectHealth, ...] = ()
    workloads: tuple[WorkloadProgress, ...] = ()
    superseded: tuple[Operation, ...] = ()
    warnings: tuple[Problem, ...] = ()
    repository_error: str = ""
    blocked: str = ""
