"""Rollout.status as clients read it (spec rollouts §1.7), and the merge patch between two of them.

Times stay the texts that are stored, so that writing back what was read changes nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from reconciler.kube.merge_patch import difference
from reconciler.workloads.parts import Condition, Part


class PauseCondition(Part, frozen=True):
    reason: str
    start_time: str


class RunReference(Part, frozen=True):
    """An AnalysisRun in use: its name and the last phase seen ("" before it runs)."""

    name: str
    status: str
    message: str = ""


class Destination(Part, frozen=True):
    weight: int
    service_name: str = ""
    pod_template_hash: str = ""


class Weights(Part, frozen=True):
    """The split that routers were last told. `verified` None: no router can tell."""

    canary: Destination
    stable: Destination
    additional: tuple[Destination, ...] = ()
    verified: bool | None = None


class StepPluginStatus(Part, frozen=True):
    """What a plugin step was asked last and what it said (spec §4.11); `backoff`: not again before, e.g. `30s`."""

    index: int
    name: str
    operation: str
    phase: str = ""
    message: str = ""
    started_at: str = ""
    updated_at: str = ""
    finished_at: str = ""
    backoff: str = ""
    executions: int = 0
    disabled: bool = False
    status: Any = None


class CanaryStatus(Part, frozen=True):
    current_step_analysis_run_status: RunReference | None = None
    current_background_analysis_run_status: RunReference | None = None
    current_experiment: str = ""
    weights: Weights | None = None
    stable_ping_pong: str = ""
    step_plugin_statuses: tuple[StepPluginStatus, ...] = ()


class BlueGreenStatus(Part, frozen=True):
    """Selectors are the hashes that the Services select. The check point says that the pause before cutover is over."""

    preview_selector: str = ""
    active_selector: str = ""
    scale_up_preview_check_point: bool = False
    pre_promotion_analysis_run_status: RunReference | None = None
    post_promotion_analysis_run_status: RunReference | None = None


class DurationRecord(Part, frozen=True):
    """How long an update took (spec §5.6)."""

    rollout_started_at: str | None = None
    manual_pause_started_at: str | None = None
    total_manual_pause_duration_seconds: int = 0
    finished_at: str | None = None
    completion_status: str = ""


class RolloutStatus(Part, frozen=True):
    observed_generation: str = ""
    workload_observed_generation: str = ""
    current_pod_hash: str = ""
    current_step_hash: str = ""
    current_step_index: int | None = None
    stable_rs: str = msgspec.field(default="", name="stableRS")
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    hpa_replicas: int = msgspec.field(default=0, name="HPAReplicas")
    selector: str = ""
    collision_count: int | None = None
    conditions: tuple[Condition, ...] = ()
    phase: str = ""
    message: str = ""
    abort: bool = False
    aborted_at: str | None = None
    pause_conditions: tuple[PauseCondition, ...] | None = None
    controller_pause: bool = False
    promote_full: bool = False
    restarted_at: str | None = None
    canary: CanaryStatus | None = None
    blue_green: BlueGreenStatus | None = None
    duration: DurationRecord | None = None

    def condition(self, kind: str) -> Condition | None:
        return next((c for c in self.conditions if c.type == kind), None)


def merge_patch(before: RolloutStatus, after: RolloutStatus) -> dict[str, Any]:
    """JSON merge patch (RFC 7386) from one status to the other; empty when nothing changed.

    Fields that these structs do not know are in neither side and therefore survive.
    """
    return difference(msgspec.to_builtins(before), msgspec.to_builtins(after))
