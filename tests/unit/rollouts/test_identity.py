"""Which ReplicaSet is the current version: adopted installations are not redeployed."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.rollouts.intents import (
    AdoptReplicaSet,
    CreateReplicaSet,
    DeleteReplicaSet,
    PatchStatus,
    ReleaseReplicaSet,
)
from reconciler.workloads import keys
from tests.properties.rollout_world import Cluster, Json, a_cluster, merge, template

DEFAULTED = {"spec": {"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "terminationGracePeriodSeconds": 30}}


def replica_set(name: str, pod_hash: str, image: str, *, owner: str = "", extra: Json | None = None) -> Json:
    labels = {"app": "shop", keys.HASH: pod_hash}
    pods = merge(merge(template(image), DEFAULTED), {"metadata": {"labels": labels}})
    owners = [{"kind": "Rollout", "uid": owner, "controller": True}] if owner else []
    return merge(
        {
            "metadata": {"name": name, "labels": labels, "ownerReferences": owners, "generation": 1},
            "spec": {"replicas": 4, "template": pods},
            "status": {"replicas": 4, "readyReplicas": 4, "availableReplicas": 4},
        },
        extra or {},
    )


def a_foreign_installation(*, owned: bool = True, extra: Json | None = None) -> Cluster:
    """The version that is wanted runs already, under a hash that another controller gave it."""
    cluster = a_cluster()
    uid = cluster.rollout["metadata"]["uid"] if owned else ""
    cluster.put("ReplicaSet", replica_set("shop-theirs", "theirs", "img:1", owner=uid, extra=extra))
    return cluster


def replica_sets(cluster: Cluster) -> list[str]:
    return [name for kind, name in cluster.objects if kind == "ReplicaSet"]


@pytest.mark.parametrize(
    "extra",
    [
        None,
        {"spec": {"template": {"spec": {"serviceAccount": "default"}}}},
        {"spec": {"template": {"metadata": {"labels": {"pod-template-hash": "x"}}}}},
        {
            "metadata": {"annotations": {keys.EPHEMERAL: '{"labels":{"role":"canary"}}'}},
            "spec": {"template": {"metadata": {"labels": {"role": "canary"}}}},
        },
    ],
    ids=["defaults", "deprecated account", "Deployment label", "ephemeral metadata"],
)
def test_a_version_under_another_hash_is_recognised_by_its_template(extra: Json | None) -> None:
    cluster = a_foreign_installation(extra=extra)
    cluster.converge()
    assert replica_sets(cluster) == ["shop-theirs"]
    assert cluster.status["currentPodHash"] == cluster.status["stableRS"] == "theirs"


def test_an_orphan_that_matches_is_adopted_and_used() -> None:
    cluster = a_foreign_installation(owned=False)
    assert [type(intent) for intent in cluster.reconcile().intents] == [AdoptReplicaSet]
    cluster.converge()
    assert replica_sets(cluster) == ["shop-theirs"]


def test_an_orphan_that_is_being_deleted_is_left_to_go() -> None:
    going = {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}
    cluster = a_foreign_installation(owned=False, extra=going)
    assert AdoptReplicaSet not in [type(intent) for intent in cluster.reconcile().intents]


def test_an_owned_replica_set_that_the_selector_does_not_match_is_released() -> None:
    cluster = a_cluster()
    cluster.converge()
    cluster.user("selector", {"spec": {"selector": {"matchLabels": {"app": "shop", "new": "1"}}}})
    cluster.user("labels", {"spec": {"template": {"metadata": {"labels": {"new": "1"}}}}})
    assert [type(intent) for intent in cluster.reconcile().intents] == [ReleaseReplicaSet]


def test_a_name_taken_by_another_object_changes_the_hash() -> None:
    cluster = a_cluster()
    created = cluster.decide().intents[0]
    assert isinstance(created, CreateReplicaSet)
    taken = created.body["metadata"]["name"]
    cluster.put("ReplicaSet", replica_set(taken, taken.removeprefix("shop-"), "img:7", owner="another"))
    assert cluster.reconcile().intents == (PatchStatus({"collisionCount": 1}),)
    cluster.converge()
    assert len(replica_sets(cluster)) == 2
    assert cluster.status["phase"] == "Healthy"


def test_a_new_replica_set_is_ours_and_inherits_annotations() -> None:
    cluster = a_cluster()
    annotations = {"team": "shop", keys.LAST_APPLIED: "{}", f"{keys.NOTIFIED_PREFIX}/x": "1"}
    cluster.patch("Rollout", "shop", {"metadata": {"annotations": annotations}})
    created = cluster.decide().intents[0]
    assert isinstance(created, CreateReplicaSet)
    body: Any = created.body
    pod_hash = body["metadata"]["labels"][keys.HASH]
    assert body["metadata"]["name"] == f"shop-{pod_hash}"
    assert body["metadata"]["annotations"] == {"team": "shop", keys.REVISION: "1", keys.DESIRED_REPLICAS: "4"}
    assert body["spec"]["selector"] == {"matchLabels": {"app": "shop", keys.HASH: pod_hash}}
    assert body["spec"]["template"]["metadata"]["labels"] == {"app": "shop", keys.HASH: pod_hash}


def test_a_selector_by_expressions_is_kept_beside_the_hash() -> None:
    expressions = [{"key": "app", "operator": "In", "values": ["shop"]}]
    cluster = a_cluster(selector={"matchExpressions": expressions})
    created = cluster.decide().intents[0]
    assert isinstance(created, CreateReplicaSet)
    pod_hash = created.body["metadata"]["labels"][keys.HASH]
    assert created.body["spec"]["selector"] == {"matchLabels": {keys.HASH: pod_hash}, "matchExpressions": expressions}


def test_revisions_count_up_and_a_version_that_returns_gets_a_new_one() -> None:
    cluster = a_cluster()
    cluster.converge()
    for image in ("img:2", "img:1"):
        cluster.user(image, {"spec": {"template": template(image)}})
        cluster.converge()
    first = cluster.objects["ReplicaSet", replica_sets(cluster)[0]]["metadata"]["annotations"]
    assert (first[keys.REVISION], first[keys.REVISION_HISTORY]) == ("3", "1")
    assert cluster.rollout["metadata"]["annotations"][keys.REVISION] == "3"


def test_annotations_of_the_rollout_are_kept_up_on_its_current_version() -> None:
    cluster = a_cluster()
    cluster.converge()
    cluster.patch("Rollout", "shop", {"metadata": {"annotations": {"team": "web", keys.LAST_APPLIED: "{}"}}})
    cluster.converge()
    annotations = cluster.objects["ReplicaSet", replica_sets(cluster)[0]]["metadata"]["annotations"]
    assert (annotations["team"], keys.LAST_APPLIED in annotations) == ("web", False)
    assert keys.REVISION_HISTORY not in annotations


def test_a_collision_does_not_happen_again_and_again() -> None:
    cluster = a_cluster()
    cluster.converge()
    hashes = replica_sets(cluster)
    for _ in range(3):
        cluster.reconcile()
    assert (replica_sets(cluster), cluster.status.get("collisionCount")) == (hashes, None)


def test_a_version_of_another_hash_and_one_of_ours_are_one_choice_the_label_decides() -> None:
    cluster = a_cluster()
    cluster.converge()
    ours = replica_sets(cluster)[0]
    uid = cluster.rollout["metadata"]["uid"]
    older = {"metadata": {"creationTimestamp": "2020-01-01T00:00:00Z"}}
    cluster.put("ReplicaSet", replica_set("shop-theirs", "theirs", "img:1", owner=uid, extra=older))
    found = cluster.world().new
    assert found is not None
    assert found.name == ours


def test_minimum_ready_seconds_follow_without_a_new_version() -> None:
    cluster = a_cluster()
    cluster.converge()
    cluster.user("minReadySeconds", {"spec": {"minReadySeconds": 7}})
    cluster.converge()
    assert [cluster.objects["ReplicaSet", name]["spec"]["minReadySeconds"] for name in replica_sets(cluster)] == [7]


def three_old_versions(**spec: Any) -> Cluster:
    cluster = a_cluster(**spec)
    cluster.converge()
    for version in (2, 3, 4):
        cluster.user(f"img:{version}", {"spec": {"template": template(f"img:{version}")}})
        cluster.wait(1)
    return cluster


@pytest.mark.parametrize(
    "busy",
    [
        {"status": {"replicas": 1}},
        {"spec": {"replicas": 1}},
        {"metadata": {"generation": 99}},
        {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}},
    ],
    ids=["has a pod", "gets a pod", "its status is behind", "is going already"],
)
def test_a_surplus_version_that_is_busy_stays_and_no_younger_one_goes_for_it(busy: Json) -> None:
    cluster = three_old_versions(revisionHistoryLimit=3)
    names = replica_sets(cluster)
    cluster.put("ReplicaSet", merge(cluster.objects["ReplicaSet", names[0]], busy))
    cluster.patch("Rollout", "shop", {"spec": {"revisionHistoryLimit": 2}})
    gone = [intent for intent in cluster.decide().intents if isinstance(intent, DeleteReplicaSet)]
    assert gone == []


def test_no_old_version_is_kept_with_a_limit_of_zero() -> None:
    cluster = three_old_versions(revisionHistoryLimit=0)
    assert len(replica_sets(cluster)) == 1


@pytest.mark.parametrize("owner", ["", "another"], ids=["an orphan that does not match", "another Rollout's"])
def test_what_is_not_ours_is_neither_adopted_nor_released(owner: str) -> None:
    cluster = a_cluster()
    cluster.converge()
    other = {"metadata": {"labels": {"app": "other"}}} if not owner else {}
    cluster.put("ReplicaSet", replica_set("alien", "alien", "img:1", owner=owner, extra=other))
    assert cluster.decide().intents == ()
