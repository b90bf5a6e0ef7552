"""ReplicaSets that a Deployment made become versions of a Rollout in place: labelled, found, and never doubled."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from reconciler.rollouts import intents as i
from reconciler.workloads import keys
from reconciler.workloads.template_hash import pod_template_hash
from tests.properties.rollout_world import Cluster, a_cluster, merge, template

Json = dict[str, Any]
STEPS = [{"setWeight": 50}, {"pause": {}}]
MOVES = (i.CreateReplicaSet, i.ScaleReplicaSet, i.DeleteReplicaSet)


def left_by_a_deployment(cluster: Cluster, name: str, image: str, size: int, revision: str = "1") -> None:
    """An orphan as `kubectl delete deployment --cascade=orphan` leaves it, its pods available."""
    labels = {"app": "shop", keys.DEPLOYMENT_HASH: name}
    content = copy.deepcopy(template(image))
    content["metadata"]["labels"] = labels
    counts = {"replicas": size, "readyReplicas": size, "availableReplicas": size, "observedGeneration": 1}
    body = {
        "metadata": {
            "name": name,
            "generation": 1,
            "labels": labels,
            "annotations": {keys.DEPLOYMENT_REVISION: revision},
        },
        "spec": {"replicas": size, "selector": {"matchLabels": labels}, "template": content},
        "status": counts,
    }
    cluster.put("ReplicaSet", body)


def labels(cluster: Cluster, name: str = "web-abc") -> tuple[str, str]:
    """The hash label of a ReplicaSet, and that of its pods to come."""
    body = cluster.objects["ReplicaSet", name]
    pods = body["spec"]["template"]["metadata"]["labels"]
    return body["metadata"]["labels"].get(keys.HASH, ""), pods.get(keys.HASH, "")


def test_it_is_the_stable_version_without_a_pod_made_or_lost() -> None:
    cluster = a_cluster(steps=STEPS)
    left_by_a_deployment(cluster, "web-abc", "img:1", 4)
    moved = []
    for _ in range(12):
        moved += [each for each in cluster.reconcile().intents if isinstance(each, MOVES)]
        cluster.run_pods()
    assert [each for each in moved if not (isinstance(each, i.ScaleReplicaSet) and each.replicas == 4)] == []
    assert cluster.status["phase"] == "Healthy"
    assert cluster.status["stableRS"] == cluster.world().template_hash == labels(cluster)[0]


def test_pods_are_labelled_after_the_template_and_before_the_replica_set() -> None:
    cluster = a_cluster()
    left_by_a_deployment(cluster, "web-abc", "img:1", 4)
    cluster.reconcile()  # adopted
    cluster.reconcile()
    assert labels(cluster) == ("", cluster.world().template_hash)
    assert cluster.reconcile().intents == ()  # until the ReplicaSet controller has seen the template
    cluster.run_pods()
    pods, written = cluster.reconcile().intents
    assert isinstance(pods, i.LabelPods)
    assert pods.selector == f"app=shop,{keys.DEPLOYMENT_HASH}=web-abc"
    assert isinstance(written, i.PatchReplicaSet)
    assert labels(cluster) == (cluster.world().template_hash, cluster.world().template_hash)


def test_the_selector_stays_as_it_is() -> None:
    cluster = a_cluster()
    left_by_a_deployment(cluster, "web-abc", "img:1", 4)
    before = cluster.objects["ReplicaSet", "web-abc"]["spec"]["selector"]
    cluster.converge()
    assert cluster.objects["ReplicaSet", "web-abc"]["spec"]["selector"] == before


def test_its_history_comes_along_with_its_numbers() -> None:
    cluster = a_cluster()
    left_by_a_deployment(cluster, "web-old", "img:0", 0, revision="6")
    left_by_a_deployment(cluster, "web-abc", "img:1", 4, revision="7")
    cluster.converge()
    assert cluster.rollout["metadata"]["annotations"][keys.REVISION] == "7"
    assert labels(cluster, "web-old")[0]


STORED: Json = {"spec": {"template": {"spec": {"restartPolicy": "Always", "dnsPolicy": "ClusterFirst"}}}}
"""Some of the defaults that the API server fills in."""


def test_versions_are_labelled_by_the_hash_of_their_templates() -> None:
    """The wanted one by that of the template as the user wrote it, which has no defaults of the server in it."""
    cluster = a_cluster()
    for name, image, size in (("web-old", "img:0", 0), ("web-abc", "img:1", 4)):
        left_by_a_deployment(cluster, name, image, size)
        cluster.put("ReplicaSet", merge(cluster.objects["ReplicaSet", name], STORED))
    cluster.converge()
    assert labels(cluster)[0] == pod_template_hash(template("img:1"))
    assert labels(cluster, "web-old")[0] == pod_template_hash(merge(template("img:0"), STORED["spec"]["template"]))


@pytest.mark.parametrize("stored", [STORED, {}], ids=["with defaults", "as it was written"])
def test_of_two_with_the_wanted_template_the_one_with_the_pods_is_that_version(stored: Json) -> None:
    cluster = a_cluster()
    for name, size in (("web-empty", 0), ("web-abc", 4), ("web-other", 0)):
        left_by_a_deployment(cluster, name, "img:1", size)
        cluster.put("ReplicaSet", merge(cluster.objects["ReplicaSet", name], stored))
    cluster.reconcile()  # adopted
    cluster.reconcile(stop_after=2)  # killed before the third one's template is labelled
    cluster.converge()
    assert labels(cluster)[0] == cluster.status["stableRS"] == pod_template_hash(template("img:1"))
    assert pod_template_hash(template("img:1")) not in (*labels(cluster, "web-empty"), *labels(cluster, "web-other"))
    assert [entry for entry in cluster.log if entry[0] == "rs" and entry[2][0] not in (0, 4)] == []


def test_which_one_is_the_wanted_version_is_decided_once() -> None:
    """Its pods may carry the label already, whatever somebody scales meanwhile."""
    cluster = a_cluster()
    for name, size in (("web-abc", 4), ("web-other", 0)):
        left_by_a_deployment(cluster, name, "img:1", size)
    cluster.reconcile()  # adopted
    cluster.reconcile(stop_after=1)
    cluster.patch("ReplicaSet", "web-other", {"spec": {"replicas": 9}})
    cluster.reconcile()
    assert [labels(cluster, name)[1] == cluster.world().template_hash for name in ("web-abc", "web-other")] == [
        True,
        False,
    ]


def test_a_number_that_it_has_from_a_rollout_counts_more_than_that_of_its_deployment() -> None:
    cluster = a_cluster()
    left_by_a_deployment(cluster, "web-abc", "img:1", 4, revision="2")
    cluster.objects["ReplicaSet", "web-abc"]["metadata"]["annotations"][keys.REVISION] = "9"
    cluster.converge()
    assert cluster.rollout["metadata"]["annotations"][keys.REVISION] == "9"


def test_one_that_is_being_deleted_is_not_waited_for() -> None:
    cluster = a_cluster()
    left_by_a_deployment(cluster, "web-abc", "img:0", 0)
    cluster.reconcile()  # adopted
    cluster.objects["ReplicaSet", "web-abc"]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    cluster.converge()
    assert labels(cluster) == ("", "")
    assert cluster.status["phase"] == "Healthy"


def test_a_next_version_rolls_out_with_its_steps() -> None:
    cluster = a_cluster(steps=STEPS)
    left_by_a_deployment(cluster, "web-abc", "img:1", 4)
    cluster.converge()
    cluster.user("update", {"spec": {"template": template("img:2")}})
    cluster.converge()
    assert (cluster.status["phase"], cluster.status["currentStepIndex"]) == ("Paused", 1)


@pytest.mark.parametrize(("asked", "there"), [(2, 2), (2, 0), (0, 2)], ids=["running", "still to come", "still going"])
def test_pods_of_another_template_are_not_taken(asked: int, there: int) -> None:
    cluster = a_cluster()
    left_by_a_deployment(cluster, "other", "img:9", asked)
    cluster.objects["ReplicaSet", "other"]["status"]["replicas"] = there
    cluster.reconcile()
    assert "ownerReferences" not in cluster.objects["ReplicaSet", "other"]["metadata"]


@pytest.fixture
def waiting() -> Cluster:
    """A Rollout that is to take over `web-abc`, which still belongs to its Deployment."""
    cluster = a_cluster(steps=STEPS, paused=True)
    cluster.patch("Rollout", "shop", {"metadata": {"annotations": {keys.TAKES_OVER: "web-abc"}}})
    left_by_a_deployment(cluster, "web-abc", "img:1", 6)
    give(cluster, {"kind": "Deployment", "uid": "d", "controller": True})
    return cluster


def give(cluster: Cluster, owner: Json) -> None:
    cluster.patch("ReplicaSet", "web-abc", {"metadata": {"ownerReferences": [owner]}})


def test_a_rollout_that_waits_for_pods_makes_none_and_says_so(waiting: Cluster) -> None:
    waiting.converge()
    assert [name for kind, name in waiting.objects if kind == "ReplicaSet"] == ["web-abc"]
    assert waiting.status["message"].startswith("waiting to take over ReplicaSet web-abc")


def test_it_begins_with_as_many_replicas_as_there_are(waiting: Cluster) -> None:
    waiting.converge()
    give(waiting, {"kind": "Rollout", "uid": waiting.rollout["metadata"]["uid"], "controller": True})
    waiting.converge()
    assert (waiting.status["phase"], waiting.rollout["spec"]["replicas"]) == ("Healthy", 6)
    assert keys.TAKES_OVER not in waiting.rollout["metadata"]["annotations"]


def test_a_rollout_that_gives_its_pods_away_does_nothing_but_say_so() -> None:
    cluster = a_cluster()
    cluster.converge()
    cluster.patch("Rollout", "shop", {"metadata": {"annotations": {keys.HANDS_OVER: "shop"}}})
    for body in [body for (kind, _), body in cluster.objects.items() if kind == "ReplicaSet"]:
        owner = {"kind": "Deployment", "uid": "d", "controller": True}
        cluster.patch("ReplicaSet", body["metadata"]["name"], {"metadata": {"ownerReferences": [owner]}})
    [write] = cluster.reconcile().intents
    assert isinstance(write, i.PatchStatus)
    assert cluster.status["message"] == "handing its pods over to Deployment shop"
    assert cluster.reconcile().intents == ()
