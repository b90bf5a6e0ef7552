"""Taking a Rollout over from the established controller in the middle of anything: nobody notices.

The recorded runs give what that controller had written, ReplicaSets, Services, weights and status, just before each
thing that a user did. From there our first decisions may complete the status, but resize and redirect nothing.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.rollouts import intents as i
from reconciler.workloads import keys
from tests.properties.rollout_world import Cluster, a_cluster, merge, template
from tests.unit.rollouts.test_recorded_histories import TRACES, WORLDS

MOVES = (i.CreateReplicaSet, i.ScaleReplicaSet, i.DeleteReplicaSet, i.SwitchService, i.PatchRouted)
NAMES = ("a", "c-std")


def stages(name: str) -> Iterator[tuple[str, Cluster]]:
    """The cluster as it was left before each action of a user, and at the end."""
    cluster, before = a_cluster(**WORLDS[name]), ""
    for _, kind, *rest in map(json.loads, (TRACES / f"{name}.jsonl").read_text().splitlines()):
        if kind != ">>>":
            record(cluster, kind, rest)
            continue
        if before:
            yield f"{name} after {before}", taken_over(cluster)
        before = rest[0]
        if before.startswith("scale"):
            cluster.patch("Rollout", "shop", {"spec": {"replicas": int(before.split()[1])}})
    yield f"{name} at the end", taken_over(cluster)


def record(cluster: Cluster, kind: str, rest: list[Any]) -> None:
    if kind == "status":
        changed = {key: value for key, value in rest[0].items() if not key.startswith("cond.")}
        cluster.put("Rollout", {**cluster.rollout, "status": merge(cluster.status, changed)})
    elif kind == "rs":
        replica_set(cluster, rest[0], *rest[1])
    elif kind.startswith("svc/"):
        mark = {"metadata": {"annotations": {keys.MANAGED_BY: "shop"}}, "spec": {"selector": {keys.HASH: rest[0]}}}
        cluster.patch("Service", kind.removeprefix("svc/"), mark)
    elif kind.startswith("traefikservices/"):
        services = [{"name": name, "port": 80, "weight": weight} for name, weight in rest[0]]
        cluster.patch("TraefikService", "shop", {"spec": {"weighted": {"services": services}}})


def replica_set(cluster: Cluster, name: str, size: int, replicas: int, available: int, deadline: bool) -> None:
    """As recorded; its template is that of the n-th image if it is the n-th to be seen."""
    pod_hash = name.rpartition("-")[2]
    known = cluster.objects.get(("ReplicaSet", name))
    number = 1 + sum(kind == "ReplicaSet" for kind, _ in cluster.objects)
    content = known["spec"]["template"] if known else template(f"img:{number}")
    content["metadata"]["labels"][keys.HASH] = pod_hash
    body = {
        "metadata": {
            **(known["metadata"] if known else {"name": name}),
            "labels": {"app": "shop", keys.HASH: pod_hash},
            "annotations": {keys.DEADLINE: "2026-01-01T00:00:30Z"} if deadline else {},
            "ownerReferences": [{"kind": "Rollout", "uid": cluster.rollout["metadata"]["uid"], "controller": True}],
        },
        "spec": {"replicas": size, "template": content},
        "status": {"replicas": replicas, "readyReplicas": available, "availableReplicas": available},
    }
    cluster.put("ReplicaSet", body)


def taken_over(recorded: Cluster) -> Cluster:
    """A copy in which the Rollout asks for the version that its status is about."""
    cluster = copy.deepcopy(recorded)
    wanted = cluster.status["currentPodHash"]
    sized = {"metadata": {"annotations": {keys.DESIRED_REPLICAS: str(cluster.rollout["spec"]["replicas"])}}}
    for (kind, name), body in list(cluster.objects.items()):
        if kind == "ReplicaSet":
            cluster.patch(kind, name, sized)
            if name.endswith(wanted):
                cluster.rollout["spec"]["template"] = template(
                    body["spec"]["template"]["spec"]["containers"][0]["image"]
                )
    cluster.rollout["metadata"]["generation"] = int(cluster.status["observedGeneration"])
    return cluster


STAGES = [pytest.param(cluster, id=label) for name in NAMES for label, cluster in stages(name)]


@pytest.mark.parametrize("cluster", STAGES)
def test_our_first_decisions_move_nothing(cluster: Cluster) -> None:
    position = ("currentPodHash", "currentStepIndex", "stableRS", "abort", "pauseConditions", "phase")
    before = {key: cluster.status.get(key) for key in position}
    for _ in range(4):
        moves = [intent for intent in cluster.reconcile().intents if isinstance(intent, MOVES)]
        assert moves == []
    assert {key: cluster.status.get(key) for key in position} == before
