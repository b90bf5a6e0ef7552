"""What `reconciler status` says of a release that was rejected."""

from __future__ import annotations

from reconciler.apps.delivery import Health, MetricReading, WorkloadProgress
from reconciler.cli.status_view import serving, told

REJECTED = WorkloadProgress(
    "Rollout",
    "shop",
    "shop",
    Health.DEGRADED,
    message="RolloutAborted: Rollout aborted update to revision 4: Background analysis phase error/failed",
    aborted=True,
    images=("registry.example/shop:1.3",),
    stable_images=("registry.example/shop:1.1",),
    metrics=(MetricReading("p95-latency", "Failed", "[1.1540000000000001]", "result[0] < 0.4", measurement="Failed"),),
)


def test_the_serving_version_is_named_and_the_rejected_one_as_such() -> None:
    assert serving(REJECTED) == "shop:1.1 (shop:1.3 rejected)"


def test_the_deciding_metric_is_told_as_on_the_commit() -> None:
    assert told(REJECTED) == "p95-latency 1.15 s (must be < 400 ms)"
