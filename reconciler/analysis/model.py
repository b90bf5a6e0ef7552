"""AnalysisTemplate, ClusterAnalysisTemplate and AnalysisRun: the fields that are read (spec rollouts §7.1).

Metrics stay as they were written (plain dicts) in templates and runs, because `{{args.x}}` may stand in any of their
strings and because fields that we do not know must survive into the run. `metric.py` turns one into a `Metric`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

import msgspec

from reconciler.kube.objects import Meta

IntOrString = int | str
"""A count or limit; a string when it came from an argument."""

RolloutRunKind = Literal["Background", "Step", "PrePromotion", "PostPromotion", "Bake", "FirstDeploy"]
"""Value of the label `rollout-type`; the last two are known to this engine only."""

HASH_LABEL = "rollouts-pod-template-hash"
TYPE_LABEL = "rollout-type"
STEP_LABEL = "step-index"
REVISION_ANNOTATION = "rollout.argoproj.io/revision"
RULE, RULE_BOUND = "Rule", "RuleBound"
"""In the metadata of a metric: which rule of Prometheus it is, and what an alert compares with, such as `> 0.05`."""
JOB_NAME, JOB_NAMESPACE = "job-name", "job-namespace"
"""In the metadata of a measurement that is a Job; the first is also the label of the Job's pods."""

FAILING_SINCE = "failing-since"
"""In the metadata of a metric: when the first of the errors was seen that have followed each other since."""


class Phase(StrEnum):
    """Phases of a run, a metric and a measurement; the last four are complete."""

    NONE = ""
    PENDING = "Pending"
    RUNNING = "Running"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    ERROR = "Error"
    INCONCLUSIVE = "Inconclusive"

    @property
    def complete(self) -> bool:
        return self in _COMPLETE


_COMPLETE = frozenset({Phase.SUCCESSFUL, Phase.FAILED, Phase.ERROR, Phase.INCONCLUSIVE})


class _Part(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """Immutable; defaults are left out when written, as Go's `omitempty` does."""


class SecretKeyRef(_Part, frozen=True):
    name: str = ""
    key: str = ""


class FieldRef(_Part, frozen=True):
    field_path: str = ""


class ValueFrom(_Part, frozen=True):
    secret_key_ref: SecretKeyRef | None = None
    field_ref: FieldRef | None = None
    pod_template_hash_value: str | None = None


class Argument(_Part, frozen=True):
    name: str = ""
    value: str | None = None
    value_from: ValueFrom | None = None


class DryRun(_Part, frozen=True):
    """`metric_name` is an unanchored regular expression."""

    metric_name: str = ""


class MeasurementRetention(_Part, frozen=True):
    """Keep at most `limit` measurements of metrics whose name matches the unanchored regular expression."""

    metric_name: str = ""
    limit: IntOrString = 0


class TemplateRef(_Part, frozen=True):
    template_name: str = ""
    cluster_scope: bool = False


class RunMetadata(_Part, frozen=True):
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class RolloutAnalysis(_Part, frozen=True):
    """The `analysis` of a Rollout: a step's, the background one, or pre-/postPromotionAnalysis (spec §1.6)."""

    templates: tuple[TemplateRef, ...] = ()
    args: tuple[Argument, ...] = ()
    dry_run: tuple[DryRun, ...] = ()
    measurement_retention: tuple[MeasurementRetention, ...] = ()
    analysis_run_metadata: RunMetadata = RunMetadata()


class TemplateSpec(_Part, frozen=True):
    metrics: tuple[dict[str, Any], ...] = ()
    args: tuple[Argument, ...] = ()
    dry_run: tuple[DryRun, ...] = ()
    measurement_retention: tuple[MeasurementRetention, ...] = ()
    templates: tuple[TemplateRef, ...] = ()


class AnalysisTemplate(_Part, frozen=True):
    """Also stands for a ClusterAnalysisTemplate, whose `metadata.namespace` is empty."""

    metadata: Meta = Meta()
    spec: TemplateSpec = TemplateSpec()


class TtlStrategy(_Part, frozen=True):
    """Seconds after completion until the run is deleted; None: never for that reason."""

    seconds_after_completion: int | None = None
    seconds_after_failure: int | None = None
    seconds_after_success: int | None = None


class RunSpec(_Part, frozen=True):
    metrics: tuple[dict[str, Any], ...] = ()
    args: tuple[Argument, ...] = ()
    dry_run: tuple[DryRun, ...] = ()
    measurement_retention: tuple[MeasurementRetention, ...] = ()
    terminate: bool = False
    ttl_strategy: TtlStrategy | None = None


class Measurement(_Part, frozen=True):
    """One answer of a provider and its verdict; without `finished_at` it is in flight and is resumed at `resume_at`."""

    phase: Phase = Phase.NONE
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    value: str = ""
    metadata: dict[str, str] = {}
    resume_at: datetime | None = None


class MetricResult(_Part, frozen=True):
    """Counters of one metric, and its last measurements, oldest first."""

    name: str = ""
    phase: Phase = Phase.NONE
    message: str = ""
    count: int = 0
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0
    consecutive_error: int = 0
    consecutive_success: int = 0
    dry_run: bool = False
    metadata: dict[str, str] = {}
    measurements: tuple[Measurement, ...] = ()

    @property
    def last(self) -> Measurement | None:
        return self.measurements[-1] if self.measurements else None

    @property
    def rule_condition(self) -> str | None:
        """What an alerting rule of Prometheus judged by, as a condition; None: the metric's own conditions judge."""
        bound = self.metadata.get(RULE_BOUND)
        if bound is None:
            return None
        return f"result[0] {bound}" if bound.startswith(("<", ">", "=", "!")) else ""


class RunSummary(_Part, frozen=True):
    """How many metrics stand where."""

    count: int = 0
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0


class RunStatus(_Part, frozen=True):
    phase: Phase = Phase.NONE
    message: str = ""
    started_at: datetime | None = None
    completed_at: datetime | None = None
    run_summary: RunSummary | None = None
    dry_run_summary: RunSummary | None = None
    metric_results: tuple[MetricResult, ...] = ()

    def result(self, name: str) -> MetricResult | None:
        return next((result for result in self.metric_results if result.name == name), None)


class AnalysisRun(_Part, frozen=True):
    metadata: Meta = Meta()
    spec: RunSpec = RunSpec()
    status: RunStatus = RunStatus()


_run_decoder = msgspec.json.Decoder(AnalysisRun)
_template_decoder = msgspec.json.Decoder(AnalysisTemplate)


def decode_run(raw: bytes) -> AnalysisRun:
    """For the informer. Raises `msgspec.ValidationError` naming the path of the malformed field."""
    return _run_decoder.decode(raw)


def decode_template(raw: bytes) -> AnalysisTemplate:
    """For the informer. Raises `msgspec.ValidationError` naming the path of the malformed field."""
    return _template_decoder.decode(raw)
