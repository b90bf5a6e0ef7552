"""A Rollout that takes its template from another object (spec rollouts §2.9)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciler.errors import Conflict
from reconciler.rollouts import intents as i
from reconciler.workloads import keys
from tests.properties.rollout_world import Cluster, a_cluster, template
from tests.unit.rollouts.test_controller import Bench

Json = dict[str, Any]
STEPS = [{"setWeight": 50}, {"pause": {}}]
LABELS = {"matchLabels": {"app": "shop"}}


def a_handed_over_cluster(kind: str = "Deployment", *, size: int = 4, mode: str = "", **given: Any) -> Cluster:
    """A Rollout `shop` without a template, and the workload `web` that has one."""
    version = "v1" if kind == "PodTemplate" else "apps/v1"
    reference = {"apiVersion": version, "kind": kind, "name": "web", **({"scaleDown": mode} if mode else {})}
    cluster = a_cluster(steps=STEPS, **given)
    del cluster.rollout["spec"]["template"]
    cluster.rollout["spec"]["workloadRef"] = reference
    spec = {"replicas": size, "selector": LABELS, "template": template("img:1")}
    content = {"template": template("img:1")} if kind == "PodTemplate" else {"spec": spec}
    cluster.put(kind, {"metadata": {"name": "web", "generation": 3}, **content})
    return cluster


def push(cluster: Cluster, image: str) -> None:
    cluster.patch("Deployment", "web", {"spec": {"template": template(image)}})


def deployed(cluster: Cluster) -> int:
    return int(cluster.objects["Deployment", "web"]["spec"]["replicas"])


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "PodTemplate"])
def test_pods_are_made_from_the_template_of_each_kind(kind: str) -> None:
    cluster = a_handed_over_cluster(kind)
    if kind == "ReplicaSet":  # it is not one of the Rollout's own
        cluster.objects[kind, "web"]["metadata"]["labels"] = {keys.HASH: ""}
    cluster.converge()
    assert cluster.status["phase"] == "Healthy"
    owned = [rs for (stored, name), rs in cluster.objects.items() if stored == "ReplicaSet" and name != "web"]
    assert [rs["spec"]["template"]["spec"] for rs in owned] == [template("img:1")["spec"]]


def test_a_replica_set_that_only_lends_its_template_is_not_taken_over() -> None:
    cluster = a_handed_over_cluster("ReplicaSet")
    labels = {"app": "shop", keys.DEPLOYMENT_HASH: "x"}
    cluster.patch("ReplicaSet", "web", {"metadata": {"labels": labels}})
    cluster.reconcile()
    assert "ownerReferences" not in cluster.objects["ReplicaSet", "web"]["metadata"]


def test_nothing_is_taken_over_while_nobody_says_which_pods_belong_to_the_rollout() -> None:
    cluster = a_handed_over_cluster()
    del cluster.objects["Deployment", "web"], cluster.rollout["spec"]["selector"]
    orphan = {"metadata": {"name": "old", "labels": {"app": "shop", keys.HASH: "x"}}, "spec": {"replicas": 0}}
    cluster.put("ReplicaSet", orphan)
    cluster.converge()
    assert "not found" in cluster.status["message"]
    assert "ownerReferences" not in cluster.objects["ReplicaSet", "old"]["metadata"]


def test_a_new_template_of_the_workload_starts_an_update_with_its_steps() -> None:
    cluster = a_handed_over_cluster()
    cluster.converge()
    push(cluster, "img:2")
    cluster.converge()
    assert (cluster.status["phase"], cluster.status["currentStepIndex"]) == ("Paused", 1)


def test_the_stored_rollout_never_gets_the_template_nor_the_selector() -> None:
    cluster = a_handed_over_cluster()
    del cluster.rollout["spec"]["selector"]
    cluster.converge()
    assert {"template", "selector"}.isdisjoint(cluster.rollout["spec"])
    assert cluster.status["selector"] == "app=shop"


def test_the_generation_that_was_seen_is_in_annotation_and_status() -> None:
    cluster = a_handed_over_cluster()
    cluster.converge()
    assert cluster.rollout["metadata"]["annotations"][keys.WORKLOAD_GENERATION] == "3"
    assert cluster.status["workloadObservedGeneration"] == "3"
    push(cluster, "img:2")
    cluster.converge()
    assert cluster.rollout["metadata"]["annotations"][keys.WORKLOAD_GENERATION] == "4"
    assert cluster.status["workloadObservedGeneration"] == "4"


def test_our_own_scaling_of_the_workload_does_not_go_round_in_circles() -> None:
    cluster = a_handed_over_cluster(mode="progressively")
    cluster.converge()
    assert cluster.decide().intents == ()


def test_a_missing_workload_is_told_and_looked_for_again() -> None:
    cluster = a_handed_over_cluster()
    held = cluster.objects.pop(("Deployment", "web"))
    cluster.converge()
    assert 'Deployment "web" not found' in cluster.status["message"]
    assert cluster.decide().wake_at == cluster.now + timedelta(seconds=20)
    cluster.put("Deployment", held)
    cluster.converge()
    assert cluster.status["phase"] == "Healthy"


INVALID = [
    ({"kind": "StatefulSet"}, "spec.workloadRef.kind: Invalid value"),
    ({"apiVersion": "v1"}, "spec.workloadRef.apiVersion: Invalid value"),
    ({"name": ""}, "spec.workloadRef.name: Required value"),
    ({"scaleDown": "soon"}, "spec.workloadRef.scaleDown: Invalid value"),
]


@pytest.mark.parametrize(("change", "message"), INVALID, ids=[message for _, message in INVALID])
def test_a_reference_that_makes_no_sense_is_told_by_field(change: Json, message: str) -> None:
    cluster = a_handed_over_cluster()
    cluster.rollout["spec"]["workloadRef"] |= change
    cluster.converge()
    assert message in cluster.status["message"]


def test_a_template_of_its_own_beside_the_reference_is_refused() -> None:
    cluster = a_handed_over_cluster()
    cluster.rollout["spec"]["template"] = template("img:1")
    cluster.converge()
    assert "spec.template: Invalid value" in cluster.status["message"]
    assert not any(kind == "ReplicaSet" for kind, _ in cluster.objects)


def test_a_selector_that_the_workloads_template_does_not_match_is_refused() -> None:
    cluster = a_handed_over_cluster()
    cluster.rollout["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    cluster.converge()
    assert "selector does not match" in cluster.status["message"]


def test_a_pod_template_lends_no_selector_so_the_rollout_must_have_one() -> None:
    cluster = a_handed_over_cluster("PodTemplate")
    del cluster.rollout["spec"]["selector"]
    cluster.converge()
    assert "spec.selector: Required value" in cluster.status["message"]
    assert not any(kind == "ReplicaSet" for kind, _ in cluster.objects)


# Who keeps the Deployment's pods


@pytest.mark.parametrize("mode", ["", "never"], ids=["by default", "never"])
def test_the_deployment_keeps_its_pods(mode: str) -> None:
    cluster = a_handed_over_cluster(mode=mode)
    cluster.converge()
    assert (cluster.status["phase"], deployed(cluster)) == ("Healthy", 4)


def test_on_success_all_go_at_once_when_the_rollout_is_healthy() -> None:
    cluster = a_handed_over_cluster(mode="onsuccess")
    cluster.converge(ready=False)
    assert deployed(cluster) == 4
    cluster.converge()
    assert deployed(cluster) == 0
    assert [entry for entry in cluster.log if entry[0] == "deployment"] == [("deployment", "web", 0)]


def test_progressively_they_go_as_ours_become_available_and_never_sooner() -> None:
    cluster = a_handed_over_cluster(mode="progressively")
    sizes = [deployed(cluster)]
    for _ in range(40):
        cluster.reconcile()
        cluster.run_pods(most=1)
        available = sum(rs.status.available_replicas for rs in cluster.replica_sets(cluster.world().rollout))
        assert deployed(cluster) + available >= 4
        sizes.append(deployed(cluster))
    assert list(dict.fromkeys(sizes)) == [4, 3, 2, 1, 0]


def test_a_first_version_that_never_gets_healthy_leaves_it_to_the_next() -> None:
    cluster = a_handed_over_cluster(mode="onsuccess")
    cluster.broken.add(cluster.world().template_hash)
    cluster.converge()
    push(cluster, "img:2")
    cluster.converge()
    for _ in range(3):
        cluster.user("full", {"status": {"promoteFull": True}})
        cluster.wait(60)
    assert (cluster.status["phase"], deployed(cluster)) == ("Healthy", 0)


def test_who_scales_the_deployment_up_again_is_left_alone() -> None:
    cluster = a_handed_over_cluster(mode="onsuccess")
    cluster.converge()
    cluster.patch("Deployment", "web", {"spec": {"replicas": 4}})
    cluster.converge()
    assert deployed(cluster) == 4


def test_a_rollout_that_was_scaled_to_zero_takes_nothing_from_the_deployment() -> None:
    cluster = a_handed_over_cluster(mode="onsuccess", replicas=0)
    cluster.converge()
    assert deployed(cluster) == 4


def test_the_deployment_is_written_at_the_version_that_was_read() -> None:
    cluster = a_handed_over_cluster(mode="onsuccess")
    while not any(isinstance(intent, i.ScaleWorkload) for intent in cluster.decide().intents):
        cluster.reconcile()
        cluster.run_pods()
    read = cluster.objects["Deployment", "web"]["metadata"]["resourceVersion"]
    [write] = [intent for intent in cluster.decide().intents if isinstance(intent, i.ScaleWorkload)]
    assert (write.name, write.replicas, write.version, write.handed_over_to) == ("web", 0, read, "shop")


@pytest.mark.parametrize(("fault", "told"), [(None, 1), (Conflict("web has moved"), 0)])
def test_it_is_told_that_the_deployment_was_scaled_only_when_it_was(fault: Exception | None, told: int) -> None:
    cluster = a_handed_over_cluster(mode="onsuccess")
    while not any(isinstance(intent, i.ScaleWorkload) for intent in cluster.decide().intents):
        cluster.reconcile()
        cluster.run_pods()
    bench = Bench(cluster.rollout, *((kind, body) for (kind, _), body in cluster.objects.items() if kind != "Rollout"))
    if fault:
        bench.server.faults["patch Deployment"] = fault
    bench.reconcile()
    assert "patch Deployment" in bench.server.requests
    assert bench.events.count("ScalingReplicaSet") == told
