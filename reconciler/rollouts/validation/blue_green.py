"""What is wrong with the blue-green strategy of a Rollout (spec rollouts §1.9)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.rollouts import anti_affinity, defaults
from reconciler.rollouts.model import RolloutSpec
from reconciler.rollouts.quantities import pods_of
from reconciler.rollouts.strategy_model import BlueGreen
from reconciler.rollouts.validation.analysis import analysis_problems
from reconciler.workloads.field_errors import invalid, required


def blue_green_problems(spec: RolloutSpec, strategy: BlueGreen) -> list[str]:
    return [
        *_services(strategy),
        *_numbers(strategy),
        *_revisions(spec, strategy),
        *_unavailable(strategy),
        *_analyses(strategy),
        *anti_affinity.problems(strategy.anti_affinity, f"{strategy.path}.antiAffinity"),
    ]


def _services(strategy: BlueGreen) -> Iterator[str]:
    if not strategy.active_service:
        yield required(f"{strategy.path}.activeService", "name the Service that gets production traffic")
    elif strategy.active_service == strategy.preview_service:
        yield invalid(f"{strategy.path}.previewService", strategy.preview_service, "must differ from activeService")


def _numbers(strategy: BlueGreen) -> Iterator[str]:
    named = {
        "previewReplicaCount": strategy.preview_replica_count,
        "autoPromotionSeconds": strategy.auto_promotion_seconds,
        "scaleDownDelaySeconds": strategy.scale_down_delay_seconds,
        "scaleDownDelayRevisionLimit": strategy.scale_down_delay_revision_limit,
        "abortScaleDownDelaySeconds": strategy.abort_scale_down_delay_seconds,
    }
    for field, value in named.items():
        if value is not None and value < 0:
            yield invalid(f"{strategy.path}.{field}", value, "must be greater than or equal to 0")


def _revisions(spec: RolloutSpec, strategy: BlueGreen) -> Iterator[str]:
    limit, kept = strategy.scale_down_delay_revision_limit, defaults.revision_history_limit(spec)
    if limit is not None and limit > kept:
        detail = f"must not be greater than revisionHistoryLimit, which is {kept}"
        yield invalid(f"{strategy.path}.scaleDownDelayRevisionLimit", limit, detail)


def _unavailable(strategy: BlueGreen) -> Iterator[str]:
    value = strategy.max_unavailable
    try:
        negative = value is not None and pods_of(value, 100, round_up=False) < 0
    except ValueError:
        negative = True
    if negative:
        yield invalid(f"{strategy.path}.maxUnavailable", value, "must be a number or a percentage, not below 0")


def _analyses(strategy: BlueGreen) -> Iterator[str]:
    named = {
        "prePromotionAnalysis": strategy.pre_promotion_analysis,
        "postPromotionAnalysis": strategy.post_promotion_analysis,
    }
    for field, analysis in named.items():
        if analysis is not None and not analysis.get("templates"):
            yield required(f"{strategy.path}.{field}.templates", "name at least one AnalysisTemplate")
        yield from analysis_problems(analysis or {}, f"{strategy.path}.{field}")
