"""Metrics that follow from one delivery after the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.apps.delivery import Delivery, Health, OperationPhase
from reconciler.outcomes.measure import Measures
from reconciler.telemetry import metrics
from tests.unit.outcomes.deliveries import ERRORS, T0, A, B, bad, canary, delivery, in_motion, operation, rollout, thing


@pytest.fixture
def app(request: pytest.FixtureRequest) -> str:
    return request.node.name


def observe(app: str, *deliveries: Delivery) -> Measures:
    measures = Measures(lambda: T0)
    for found in deliveries:
        measures.observe(replace(found, app=app))
    return measures


def value(name: str, app: str, **labels: str) -> float | None:
    return metrics.REGISTRY.get_sample_value(f"reconciler_{name}", {"application": app, **labels})


APPLYING = delivery(operation(OperationPhase.APPLYING))
APPLIED = delivery(
    operation(finished_at=T0 - timedelta(seconds=65), created=2, total=2),
    objects=(thing("Service", Health.PROGRESSING),),
)
WELL = replace(APPLIED, objects=(thing("Service", Health.HEALTHY),))


def test_an_operation_is_counted_once_when_it_ends(app: str):
    observe(app, APPLYING, APPLIED, APPLIED, WELL)
    assert value("operations_total", app, result="applied") == 1
    assert value("object_changes_total", app, action="created") == 2
    assert value("commit_to_applied_seconds_sum", app) == 5


def test_a_verdict_is_counted_once_for_each_commit_with_the_time_it_took(app: str):
    observe(app, APPLYING, APPLIED, WELL, replace(WELL, drifted=1), APPLIED, WELL)
    assert value("verdicts_total", app, verdict="success") == 1
    assert value("commit_to_verdict_seconds_sum", app, verdict="success") == 70


def test_a_commit_that_needed_several_tries_is_timed_from_when_it_was_first_seen(app: str):
    seen_at = T0 - timedelta(seconds=300)
    observe(app, *(replace(found, seen_at=seen_at) for found in (APPLYING, APPLIED, WELL)))
    assert value("commit_to_applied_seconds_sum", app) == 235
    assert value("commit_to_verdict_seconds_sum", app, verdict="success") == 300


def test_a_commit_that_is_applied_again_is_not_timed_again(app: str):
    applied = replace(WELL, applied_sha=A, seen_at=T0 - timedelta(days=7))
    observe(app, applied, replace(APPLYING, applied_sha=A), applied)
    assert value("operations_total", app, result="applied") == 1
    assert value("commit_to_applied_seconds_count", app) in (None, 0)


def test_what_ended_before_the_daemon_started_is_not_counted_again(app: str):
    observe(app, WELL, WELL)
    assert value("operations_total", app, result="applied") == 0
    assert value("verdicts_total", app, verdict="success") == 0


def test_a_rollout_is_counted_as_aborted_or_promoted(app: str):
    failed = in_motion(canary(health=Health.DEGRADED, aborted=True, metrics=(bad(ERRORS, "0.3"),)))
    again = in_motion(canary())
    done = in_motion(rollout(Health.HEALTHY, promoted=True))
    observe(app, in_motion(canary()), failed, failed, again, done, done)
    assert value("rollouts_total", app, rollout="shop/shop", result="aborted") == 1
    assert value("rollouts_total", app, rollout="shop/shop", result="promoted") == 1
    assert value("verdicts_total", app, verdict="failure") == 1


def test_a_judged_metric_counts_once_for_each_analysis(app: str):
    running, failed = in_motion(canary(metrics=(ERRORS,))), in_motion(canary(metrics=(bad(ERRORS, "0.3"),)))
    observe(app, running, failed, failed, running, failed)
    assert value("analysis_verdicts_total", app, phase="Failed") == 2


def test_gauges_follow_the_latest_delivery(app: str):
    observe(app, in_motion(canary()), replace(in_motion(canary(weight=60)), drifted=2, repository_error="no route"))
    assert value("rollout_weight_percent", app, rollout="shop/shop") == 60
    assert value("application_objects", app, health="Healthy") == 1
    assert value("application_drifted_objects", app) == 2
    assert value("application_repository_failing", app) == 1


def test_superseded_commits_are_counted(app: str):
    newer = delivery(operation(OperationPhase.RENDERING, sha=B), superseded=(operation(sha=A, superseded_by=B),))
    observe(app, APPLYING, newer, newer)
    assert value("operations_total", app, result="superseded") == 1


def test_a_rollout_that_left_git_leaves_the_metrics(app: str):
    observe(app, in_motion(canary()), WELL)
    assert value("rollout_step", app, rollout="shop/shop") is None
