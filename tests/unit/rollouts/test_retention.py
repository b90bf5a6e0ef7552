"""Which finished AnalysisRuns a Rollout keeps (spec rollouts §1.2, §2.8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciler.rollouts.intents import DeleteAnalysisRun
from reconciler.workloads import keys
from tests.properties.rollout_world import START, Cluster, Json, a_cluster


def a_judged_rollout(limits: Json | None) -> Cluster:
    """Its version was judged seven times well, and seven times not."""
    cluster = a_cluster(**({} if limits is None else {"analysis": limits}))
    cluster.converge()
    for number in range(7):
        for phase in ("Successful", ("Failed", "Error", "Inconclusive")[number % 3]):
            put_run(cluster, f"{'good' if phase == 'Successful' else 'bad'}-{number}", phase, number)
    return cluster


def put_run(cluster: Cluster, name: str, phase: str, minute: int = 0, pod_hash: str = "", **meta: Any) -> None:
    owner = {"kind": "Rollout", "uid": cluster.rollout["metadata"]["uid"], "controller": True}
    metadata = {
        "name": name,
        "creationTimestamp": (START + timedelta(minutes=minute)).isoformat(),
        "labels": {keys.HASH: pod_hash or cluster.status["currentPodHash"], "rollout-type": "Step"},
        "ownerReferences": [owner],
        **meta,
    }
    cluster.put("AnalysisRun", {"metadata": metadata, "spec": {}, "status": {"phase": phase}})


def deleted(cluster: Cluster) -> set[str]:
    return {intent.name for intent in cluster.decide().intents if isinstance(intent, DeleteAnalysisRun)}


@pytest.mark.parametrize(
    ("limits", "good", "bad"),
    [
        (None, 5, 5),
        ({}, 5, 5),
        ({"successfulRunHistoryLimit": 1}, 1, 5),
        ({"unsuccessfulRunHistoryLimit": 2}, 5, 2),
        ({"successfulRunHistoryLimit": 0, "unsuccessfulRunHistoryLimit": 7}, 0, 7),
        ({"successfulRunHistoryLimit": -1}, 0, 5),
    ],
    ids=str,
)
def test_the_newest_of_each_outcome_are_kept(limits: Json | None, good: int, bad: int) -> None:
    gone = {f"good-{number}" for number in range(7 - good)} | {f"bad-{number}" for number in range(7 - bad)}
    assert deleted(a_judged_rollout(limits)) == gone


def test_a_run_goes_with_its_version_and_only_once() -> None:
    cluster = a_cluster()
    cluster.converge()
    put_run(cluster, "of-a-version-that-is-gone", "Successful", pod_hash="gone")
    put_run(cluster, "going", "Successful", pod_hash="gone", deletionTimestamp=START.isoformat())
    put_run(cluster, "still-measuring", "Running", pod_hash="gone")
    assert deleted(cluster) == {"of-a-version-that-is-gone"}
