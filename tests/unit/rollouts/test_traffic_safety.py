"""Traffic and capacity at the transitions: superseded, reverted and aborted updates, missing pods, stale counts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.properties.rollout_world import Cluster, a_cluster, template
from tests.unit.rollouts.test_requests_of_users import an_update, ask, push

WEIGHT_60 = [{"setWeight": 60}, {"pause": {}}]
DYNAMIC = {"dynamicStableScale": True}


def hash_of(cluster: Cluster, image: str) -> str:
    rs = next(b for (k, _), b in cluster.objects.items() if k == "ReplicaSet" and image_of(b) == image)
    return str(rs["metadata"]["labels"]["rollouts-pod-template-hash"])


def image_of(rs: dict[str, Any]) -> str:
    return str(rs["spec"]["template"]["spec"]["containers"][0]["image"])


def replica_set(cluster: Cluster, image: str) -> dict[str, Any]:
    return cluster.objects["ReplicaSet", f"shop-{hash_of(cluster, image)}"]


def canary_service(cluster: Cluster) -> str:
    return str(cluster.objects["Service", "ca"]["spec"]["selector"]["rollouts-pod-template-hash"])


def weights(cluster: Cluster) -> dict[str, int]:
    services = cluster.objects["TraefikService", "shop"]["spec"]["weighted"]["services"]
    return {entry["name"]: entry["weight"] for entry in services}


def lose(cluster: Cluster, image: str, available: int) -> None:
    cluster.put("ReplicaSet", {**(rs := replica_set(cluster, image)), "status": rs["status"] | counts(available)})


def counts(available: int) -> dict[str, int]:
    return {"availableReplicas": available, "readyReplicas": available}


def grow(cluster: Cluster, image: str, available: int) -> None:
    rs = replica_set(cluster, image)
    status = {"replicas": rs["spec"]["replicas"], "observedGeneration": rs["metadata"]["generation"]}
    cluster.put("ReplicaSet", {**rs, "status": status | counts(available)})
    for _ in range(3):
        cluster.reconcile()


def test_the_canary_service_goes_to_a_newer_version_only_when_that_has_the_pods_for_its_traffic() -> None:
    cluster = an_update(WEIGHT_60, traefik=True, replicas=5, canary=DYNAMIC)
    cluster.user("image 3", {"spec": {"template": template("img:3")}})
    for _ in range(3):
        cluster.reconcile()
    for available, selected in ((1, "img:2"), (2, "img:2"), (3, "img:3")):
        grow(cluster, "img:3", available)
        assert weights(cluster)["ca"] == 60
        assert canary_service(cluster) == hash_of(cluster, selected)


def test_the_canary_service_goes_to_a_newer_version_that_has_as_many_pods_as_are_left_of_the_older() -> None:
    cluster = an_update(WEIGHT_60, traefik=True, replicas=5, canary=DYNAMIC)
    lose(cluster, "img:2", 1)
    cluster.user("image 3", {"spec": {"template": template("img:3")}})
    for _ in range(3):
        cluster.reconcile()
    assert (canary_service(cluster), weights(cluster)["ca"]) == (hash_of(cluster, "img:2"), 60)
    grow(cluster, "img:3", 1)
    assert canary_service(cluster) == hash_of(cluster, "img:3")


def test_a_superseded_canary_of_a_dynamic_update_keeps_its_pods_until_proxies_forgot_it() -> None:
    cluster = an_update(WEIGHT_60, traefik=True, replicas=5, canary=DYNAMIC)
    push(cluster, 3)
    assert replica_set(cluster, "img:2")["spec"]["replicas"] == 3
    cluster.wait(31)
    assert replica_set(cluster, "img:2")["spec"]["replicas"] == 0


def test_a_superseded_canary_keeps_its_pods_while_its_service_selects_it_though_it_has_no_weight() -> None:
    """People look at it through that Service, which stays until the next version has a pod."""
    cluster = an_update([{"setCanaryScale": {"replicas": 2}}, {"pause": {}}], traefik=True, replicas=5)
    cluster.user("image 3", {"spec": {"template": template("img:3")}})
    cluster.broken.add(cluster.world().template_hash)
    cluster.converge()
    cluster.wait(60)
    assert canary_service(cluster) == hash_of(cluster, "img:2")
    assert replica_set(cluster, "img:2")["spec"]["replicas"] == 2
    cluster.broken.clear()
    cluster.converge()
    cluster.wait(31)
    assert replica_set(cluster, "img:2")["spec"]["replicas"] == 0


def test_a_version_that_a_router_was_told_of_keeps_its_pods_until_the_router_is_told_otherwise() -> None:
    cluster = an_update(WEIGHT_60, traefik=True, replicas=5)
    weighted = cluster.objects["TraefikService", "shop"]["spec"]["weighted"]
    cluster.patch("TraefikService", "shop", {"spec": {"weighted": {"services": []}}})
    push(cluster, 3)
    cluster.wait(60)
    assert replica_set(cluster, "img:2")["spec"]["replicas"] == 3
    cluster.patch("TraefikService", "shop", {"spec": {"weighted": weighted}})
    cluster.converge()
    cluster.wait(60)
    assert replica_set(cluster, "img:2")["spec"]["replicas"] == 0


def test_a_stable_service_that_is_written_anew_is_narrowed_once_there_are_the_pods_for_its_traffic() -> None:
    """Until then it selects those of the version before as well, which have their time of grace."""
    cluster = an_update([], traefik=True, replicas=1)
    cluster.put("Service", {"metadata": {"name": "st"}, "spec": {"selector": {"app": "shop"}}})
    cluster.user("scale", {"spec": {"replicas": 2}})
    cluster.reconcile()
    assert cluster.objects["Service", "st"]["spec"]["selector"] == {"app": "shop"}
    cluster.converge()
    assert cluster.objects["Service", "st"]["spec"]["selector"]["rollouts-pod-template-hash"] == hash_of(
        cluster, "img:2"
    )


def test_a_revert_moves_traffic_also_to_a_stable_version_that_lacks_a_pod() -> None:
    cluster = an_update(WEIGHT_60, traefik=True, replicas=5)
    lose(cluster, "img:1", 4)
    cluster.user("image 1", {"spec": {"template": template("img:1")}})
    for _ in range(3):
        cluster.reconcile()
    assert (weights(cluster)["ca"], canary_service(cluster)) == (0, hash_of(cluster, "img:1"))


def test_an_abort_leaves_the_canary_service_alone_while_the_stable_version_has_no_pods() -> None:
    cluster = an_update(WEIGHT_60, traefik=True, replicas=5)
    lose(cluster, "img:1", 0)
    cluster.user("abort", {"status": {"abort": True}})
    for _ in range(3):
        cluster.reconcile()
    assert (weights(cluster)["ca"], canary_service(cluster)) == (60, hash_of(cluster, "img:2"))


@pytest.mark.parametrize("canary", [{}, DYNAMIC], ids=["fixed", "dynamic"])
def test_a_canary_that_lost_all_its_pods_loses_its_traffic_also_to_a_stable_version_that_lacks_some(
    canary: dict[str, Any],
) -> None:
    cluster = an_update(WEIGHT_60, traefik=True, replicas=5, canary=canary)
    lose(cluster, "img:1", 1)
    lose(cluster, "img:2", 0)
    cluster.reconcile()
    assert weights(cluster) == {"st": 100, "ca": 0}


def test_pods_that_were_asked_to_go_are_nobodys_capacity() -> None:
    """Our own write wakes us up before the ReplicaSet's counts have changed."""
    cluster = a_cluster(steps=[{"setWeight": 50}, {"pause": {}}], canary={"maxSurge": 2, "maxUnavailable": 0})
    cluster.converge()
    push(cluster, 2)
    cluster.user("image 3", {"spec": {"template": template("img:3")}})
    for _ in range(3):
        cluster.reconcile()
    grow(cluster, "img:3", 1)
    assert [replica_set(cluster, f"img:{n}")["spec"]["replicas"] for n in (1, 2, 3)] == [2, 1, 2]


@pytest.mark.parametrize("traefik", [False, True], ids=["basic", "routed"])
def test_a_rollout_without_pods_takes_a_new_version(traefik: bool) -> None:
    cluster = an_update(WEIGHT_60[:1], traefik=traefik, replicas=0)
    assert cluster.status["phase"] == "Healthy"
    assert cluster.status["stableRS"] == hash_of(cluster, "img:2")


def test_an_update_whose_stable_version_was_deleted_can_be_finished() -> None:
    cluster = an_update([{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}], traefik=True, replicas=5)
    del cluster.objects["ReplicaSet", f"shop-{hash_of(cluster, 'img:1')}"]
    ask(cluster, pauseConditions=None)
    assert (cluster.status["phase"], cluster.status["stableRS"]) == ("Healthy", hash_of(cluster, "img:2"))


def test_nothing_moves_while_a_person_has_to_judge_an_inconclusive_analysis() -> None:
    steps = [{"setCanaryScale": {"replicas": 3}}, {"setWeight": 20}, {"pause": {"duration": 5}}, {"setWeight": 60}]
    background = {"analysis": {"templates": [{"templateName": "errors"}]}}
    cluster = an_update(steps, traefik=True, replicas=5, canary=background)
    cluster.run_analyses("Inconclusive")
    cluster.converge()
    cluster.wait(20)
    assert (cluster.status["currentStepIndex"], weights(cluster)["ca"]) == (2, 20)


def test_a_pause_that_begins_within_a_second_is_not_shorter_for_it() -> None:
    cluster = a_cluster(steps=[{"setWeight": 25}, {"pause": {"duration": 1}}])
    cluster.converge()
    cluster.wait(0.9)
    push(cluster, 2)
    cluster.wait(0.9)
    assert cluster.status["phase"] == "Paused"
    cluster.wait(1.2)
    assert cluster.status["phase"] == "Healthy"


@pytest.mark.parametrize("text", ["2026-01-01T00:00:20", "2026-01-01T00:00:20Z", "2026-01-01T01:00:20+01:00"])
def test_a_deadline_that_a_user_wrote_counts(text: str) -> None:
    cluster = an_update(WEIGHT_60, traefik=True, replicas=5)
    push(cluster, 3)
    old = replica_set(cluster, "img:2")
    cluster.patch("ReplicaSet", old["metadata"]["name"], {"metadata": {"annotations": {"scale-down-deadline": text}}})
    cluster.wait(15)
    assert replica_set(cluster, "img:2")["spec"]["replicas"] == 3
    cluster.wait(6)
    assert replica_set(cluster, "img:2")["spec"]["replicas"] == 0


def test_an_update_taken_over_where_the_status_keeps_no_duration_is_not_written_again_and_again() -> None:
    """Older definitions of the kind do not know the field: the server drops it from every write."""
    cluster = an_update(WEIGHT_60, traefik=True, replicas=5)
    del cluster.status["duration"]
    assert cluster.decide().intents == ()


def test_after_an_abort_the_canary_service_is_switched_once_and_stays_until_a_retry() -> None:
    cluster = an_update(WEIGHT_60, traefik=True)
    before = len(cluster.log)
    ask(cluster, abort=True)
    cluster.wait(120)
    stable = hash_of(cluster, "img:1")
    assert [entry for entry in cluster.log[before:] if entry[0] == "svc/ca"] == [("svc/ca", stable)]
    ask(cluster, abort=False)
    assert canary_service(cluster) == hash_of(cluster, "img:2")
