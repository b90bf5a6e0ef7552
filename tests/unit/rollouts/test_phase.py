"""`status.phase` and `status.message`: of all that may be said, clients are told the first (spec rollouts §5.1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciler.rollouts.phase import phase
from tests.properties.rollout_world import START, Cluster, a_cluster, merge

NOW = START + timedelta(hours=1)
PAST = "2026-01-01T00:00:00Z"
Cause = tuple[str, dict[str, Any], str, str]
"""(what is the matter, what makes it so, the phase, the message)"""


def condition(kind: str, reason: str) -> dict[str, str]:
    return {"type": kind, "status": "True", "reason": reason, "message": f"why {reason}"}


def status(**fields: Any) -> dict[str, Any]:
    return {"status": fields}


COMMON: list[Cause] = [
    (
        "invalid",
        status(conditions=[condition("InvalidSpec", "InvalidSpec")]),
        "Degraded",
        "InvalidSpec: why InvalidSpec",
    ),
    (
        "aborted",
        status(conditions=[condition("Progressing", "RolloutAborted")]),
        "Degraded",
        "RolloutAborted: why RolloutAborted",
    ),
    (
        "timed out",
        status(conditions=[condition("Progressing", "ProgressDeadlineExceeded")]),
        "Degraded",
        "ProgressDeadlineExceeded: why ProgressDeadlineExceeded",
    ),
    ("paused by hand", {"spec": {"paused": True}}, "Paused", "manually paused"),
    (
        "paused",
        status(pauseConditions=[{"reason": "CanaryPauseStep", "startTime": PAST}]),
        "Paused",
        "CanaryPauseStep",
    ),
    ("restart", {"spec": {"restartAt": PAST}}, "Progressing", "rollout is restarting"),
    ("too few", status(updatedReplicas=3), "Progressing", "more replicas need to be updated"),
    (
        "not available",
        status(availableReplicas=2, readyReplicas=2),
        "Progressing",
        "updated replicas are still becoming available",
    ),
]
CANARY: list[Cause] = [
    *COMMON,
    ("old pods", status(replicas=6), "Progressing", "old replicas are pending termination"),
    ("not stable yet", status(stableRS="before"), "Progressing", "waiting for all steps to complete"),
    ("nothing", {}, "Healthy", ""),
]
BLUE_GREEN: list[Cause] = [
    *COMMON,
    ("not switched", status(blueGreen={"activeSelector": "before"}), "Progressing", "active service cutover pending"),
    (
        "not promoted",
        status(stableRS="before"),
        "Progressing",
        "waiting for post-promotion verification to complete",
    ),
    ("nothing", {}, "Healthy", ""),
]


def a_healthy_canary() -> Cluster:
    cluster = a_cluster()
    cluster.converge()
    return cluster


def a_healthy_blue_green(**fields: Any) -> Cluster:
    cluster = a_cluster(strategy={"blueGreen": {"activeService": "active", **fields}})
    cluster.put("Service", {"metadata": {"name": "active"}, "spec": {"selector": {"app": "shop"}}})
    cluster.converge()
    return cluster


def said(cluster: Cluster, *patches: dict[str, Any]) -> tuple[str, str]:
    for patch in reversed(patches):  # the first has the last word
        cluster.put("Rollout", merge(cluster.rollout, patch))
    world = cluster.world()
    return tuple(phase(world, world.status, NOW))


@pytest.mark.parametrize("number", range(len(CANARY)), ids=[cause[0] for cause in CANARY])
def test_the_first_that_holds_is_told(number: int) -> None:
    causes = CANARY[number:]
    assert said(a_healthy_canary(), *(patch for _, patch, _, _ in causes)) == causes[0][2:]


@pytest.mark.parametrize("number", range(len(BLUE_GREEN)), ids=[cause[0] for cause in BLUE_GREEN])
def test_the_first_that_holds_is_told_of_blue_green(number: int) -> None:
    causes = BLUE_GREEN[number:]
    assert said(a_healthy_blue_green(), *(patch for _, patch, _, _ in causes)) == causes[0][2:]


@pytest.mark.parametrize("number", range(len(CANARY)), ids=[cause[0] for cause in CANARY])
def test_each_is_told_when_it_is_the_only_one(number: int) -> None:
    _, patch, *expected = CANARY[number]
    assert said(a_healthy_canary(), patch) == tuple(expected)


def test_an_analysis_after_the_cutover_is_waited_for_by_name() -> None:
    cluster = a_healthy_blue_green(postPromotionAnalysis={"templates": [{"templateName": "t"}]})
    assert said(cluster, status(stableRS="before")) == ("Progressing", "waiting for analysis to complete")


def test_a_restart_in_the_future_is_none_yet() -> None:
    later = (NOW + timedelta(minutes=1)).isoformat()
    assert said(a_healthy_canary(), {"spec": {"restartAt": later}}) == ("Healthy", "")


def test_a_router_lets_old_pods_stay_for_their_delay() -> None:
    cluster = a_cluster(traefik=True)
    cluster.converge()
    assert said(cluster, status(replicas=6)) == ("Healthy", "")
