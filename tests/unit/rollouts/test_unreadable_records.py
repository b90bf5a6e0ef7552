"""What stands in a status and makes no sense is replaced: it stops nothing, and it is not stumbled over again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciler.rollouts.duration import Completion, completions
from reconciler.rollouts.status import DurationRecord, StepPluginStatus
from reconciler.rollouts.step_plugins import records
from tests.properties.rollout_world import START, Cluster, a_cluster, merge
from tests.unit.rollouts.test_requests_of_users import an_update

PAUSE = [{"setWeight": 50}, {"pause": {"duration": 30}}]
TIMES = ["soon", "2026-01-01", "2026-01-01T00:00:00", "9999-12-31T23:59:59Z"]


def write(cluster: Cluster, **status: Any) -> None:
    cluster.put("Rollout", merge(cluster.rollout, {"status": status}))
    cluster.converge()


@pytest.mark.parametrize("text", TIMES)
def test_a_pause_that_began_at_no_time_begins_now(text: str) -> None:
    cluster = an_update(PAUSE)
    cluster.wait(10)
    write(cluster, pauseConditions=[{"reason": "CanaryPauseStep", "startTime": text}])
    cluster.wait(29)
    assert list(cluster.status["pauseConditions"]) == [
        {"reason": "CanaryPauseStep", "startTime": "2026-01-01T00:00:10Z"}
    ]
    cluster.wait(2)
    assert cluster.status["phase"] == "Healthy"


@pytest.mark.parametrize("text", TIMES)
def test_a_sign_of_life_at_no_time_is_one_of_now(text: str) -> None:
    cluster = an_update([])
    cluster.broken.add(cluster.status["currentPodHash"])
    cluster.converge()
    conditions = [each | {"lastUpdateTime": text} for each in cluster.status["conditions"]]
    write(cluster, conditions=conditions)
    assert {each["lastUpdateTime"] for each in cluster.status["conditions"]} == {"2026-01-01T00:00:00Z"}


def test_a_plugin_of_the_established_engine_is_asked_again_when_it_said() -> None:
    """It writes a minute as Go does."""
    record = StepPluginStatus(index=0, name="load", operation="Run", updated_at="2026-01-01T00:00:00Z", backoff="1m0s")
    assert records.again_at(record) == START + timedelta(minutes=1)


def test_an_update_that_began_at_no_time_has_no_length() -> None:
    before = DurationRecord(rollout_started_at="soon")
    after = DurationRecord(finished_at="2026-01-01T00:00:00Z", completion_status="Promoted")
    assert completions(before, after) == []
    known = DurationRecord(rollout_started_at="2026-01-01T00:00:00Z", finished_at="2026-01-01T00:00:05Z")
    assert completions(None, known) == [Completion("", 5.0, 0)]


def test_what_cannot_be_read_is_said_once() -> None:
    cluster = an_update(PAUSE)
    cluster.rollout["status"]["currentStepIndex"] = "two"
    cluster.converge()
    assert "$.status.currentStepIndex" in cluster.status["message"]


def test_what_a_rollout_says_of_replica_sets_is_not_handed_on_to_them() -> None:
    cluster = a_cluster(annotations={"scale-down-deadline": "2030-01-01T00:00:00Z", "team": "shop"})
    cluster.converge()
    [rs] = (body for (kind, _), body in cluster.objects.items() if kind == "ReplicaSet")
    assert "scale-down-deadline" not in rs["metadata"]["annotations"]
    assert rs["metadata"]["annotations"]["team"] == "shop"
