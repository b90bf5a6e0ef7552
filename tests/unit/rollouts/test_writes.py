"""What an update costs the API server: one write per decision that says something new."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from reconciler.rollouts import holding
from reconciler.rollouts import intents as i
from reconciler.rollouts.holding import patience
from reconciler.rollouts.status import PauseCondition, RolloutStatus
from reconciler.workloads.parts import Condition
from reconciler.workloads.times import stamp
from tests.properties.rollout_world import START, Cluster, a_cluster, template

STEPS = [{"setWeight": 50}, {"pause": {"duration": "2s"}}, {"setWeight": 100}]


def progressing(reason: str, status: str = "True", *, at: Any = START) -> Condition:
    return Condition(type="Progressing", status=status, reason=reason, last_update_time=stamp(at))


def held_until(before: RolloutStatus, status: RolloutStatus, now: datetime) -> datetime | None:
    return holding.held_until(before, status, now, holding.SHORTEST)


BEFORE = RolloutStatus(phase="Progressing", conditions=(progressing("NewReplicaSetCreated"),))


def after(**changes: Any) -> RolloutStatus:
    """`BEFORE` with a pod more, and more changes."""
    return msgspec.structs.replace(BEFORE, updated_replicas=1, **changes)


LIFE = (progressing("ReplicaSetUpdated", at=START + timedelta(seconds=1)),)


@pytest.mark.parametrize(
    "status",
    [
        after(),
        after(ready_replicas=3, available_replicas=2, replicas=4, hpa_replicas=4, message="others"),
        after(conditions=LIFE),
    ],
    ids=["a pod", "all counters", "a sign of life"],
)
def test_counters_wait_for_company(status: RolloutStatus) -> None:
    assert held_until(BEFORE, status, START + timedelta(seconds=1)) == START + holding.SHORTEST


@pytest.mark.parametrize(
    "status",
    [
        after(phase="Healthy"),
        after(current_step_index=1),
        after(stable_rs="abc"),
        after(pause_conditions=(PauseCondition(reason="CanaryPauseStep", start_time=stamp(START)),)),
        after(abort=True),
        after(observed_generation="7"),
        after(conditions=(progressing("NewReplicaSetAvailable"),)),
        after(conditions=(progressing("ProgressDeadlineExceeded", "False"),)),
        after(conditions=(*LIFE, Condition(type="Available", status="True"))),
    ],
    ids=["phase", "step", "version", "pause", "abort", "generation", "available", "timed out", "a condition"],
)
def test_news_are_written_at_once(status: RolloutStatus) -> None:
    assert held_until(BEFORE, status, START) is None


def test_counters_wait_no_longer_than_promised_and_not_at_all_when_nothing_was_written_lately() -> None:
    assert held_until(BEFORE, after(), START + holding.SHORTEST) is None
    paused = msgspec.structs.replace(BEFORE, conditions=(progressing("RolloutPaused", "Unknown"),))
    assert held_until(paused, msgspec.structs.replace(paused, ready_replicas=1), START) is None


@pytest.mark.parametrize(
    ("under_way", "deadline", "seconds"),
    [(1, 600, 2), (50, 600, 15), (5000, 600, 60), (100, 20, 5), (100, 1, 2)],
    ids=["alone", "fifty", "at most", "a short deadline", "a very short one"],
)
def test_the_more_are_updated_at_once_the_longer_counters_wait(under_way: int, deadline: int, seconds: int) -> None:
    assert patience(under_way, deadline) == timedelta(seconds=seconds)


def test_a_status_that_says_nothing_new_wakes_nobody() -> None:
    assert held_until(BEFORE, BEFORE, START) is None


def test_counters_that_wait_are_written_without_further_news() -> None:
    cluster = a_cluster()
    cluster.converge(ready=False)
    assert cluster.status.get("updatedReplicas") is None
    assert cluster.decide().wake_at == START + holding.SHORTEST
    cluster.now = START + holding.SHORTEST
    cluster.reconcile()
    assert cluster.status["updatedReplicas"] == 4


def test_a_version_is_created_with_its_first_pods_at_once() -> None:
    cluster = updating(a_cluster(replicas=2, steps=STEPS))
    [body] = [intent.body for intent in cluster.decide().intents if isinstance(intent, i.CreateReplicaSet)]
    assert body["spec"]["replicas"] == 1


def test_a_version_gets_no_pods_before_its_services_select_it() -> None:
    cluster = updating(a_cluster(replicas=2, steps=STEPS, traefik=True))
    [body] = [intent.body for intent in cluster.decide().intents if isinstance(intent, i.CreateReplicaSet)]
    assert body["spec"]["replicas"] == 0


@pytest.mark.parametrize(("others", "most"), [(0, 10), (99, 9)], ids=["alone", "in a crowd"])
def test_an_update_takes_so_many_requests_at_most_besides_events(others: int, most: int) -> None:
    """As in the benchmark: pods take a second to start and are available one by one."""
    cluster = updating(a_cluster(replicas=2, steps=STEPS))
    cluster.others_under_way = others
    requests = 0
    for _ in range(400):
        decision = cluster.reconcile()
        requests += sum(not isinstance(intent, i.RecordEvent) for intent in decision.intents)
        cluster.run_pods(ready=cluster.now.microsecond == 0, most=1)
        cluster.now += timedelta(milliseconds=100)
    assert cluster.status["phase"] == "Healthy"
    assert requests <= most


def updating(cluster: Cluster) -> Cluster:
    cluster.converge()
    cluster.now += timedelta(minutes=1)
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    return cluster
