"""What users ask for, and what comes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciler.workloads import keys
from tests.properties.rollout_world import Cluster, Json, a_cluster, template

PAUSED = [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}]


def an_update(steps: list[Json] = PAUSED, **world: Any) -> Cluster:
    cluster = a_cluster(steps=steps, **world)
    cluster.converge()
    push(cluster, 2)
    return cluster


def push(cluster: Cluster, version: int) -> None:
    cluster.user(f"image {version}", {"spec": {"template": template(f"img:{version}")}})
    cluster.converge()


def ask(cluster: Cluster, **status: Any) -> None:
    cluster.user(str(status), {"status": status})
    cluster.converge()


def sizes(cluster: Cluster) -> list[int]:
    return [body["spec"]["replicas"] for (kind, _), body in sorted(cluster.objects.items()) if kind == "ReplicaSet"]


def condition(cluster: Cluster, kind: str) -> tuple[str, str]:
    found = next(c for c in cluster.status["conditions"] if c["type"] == kind)
    return found["status"], found["reason"]


def test_a_timed_pause_ends_by_itself_and_not_earlier() -> None:
    cluster = an_update([{"setWeight": 25}, {"pause": {"duration": "30s"}}])
    cluster.wait(29)
    assert cluster.status["phase"] == "Paused"
    cluster.wait(1)
    assert cluster.status["phase"] == "Healthy"


@pytest.mark.parametrize(("seconds", "wakes"), [(30, 30), (0, 1)])
def test_the_decision_that_begins_a_timed_pause_says_when_it_ends(seconds: int, wakes: int) -> None:
    cluster = a_cluster(steps=[{"pause": {"duration": seconds}}, {"setWeight": 50}])
    cluster.converge()
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    while "pauseConditions" not in cluster.status:
        decision = cluster.reconcile()
    assert decision.wake_at == cluster.now + timedelta(seconds=wakes)


def test_an_endless_pause_never_ends_by_itself() -> None:
    cluster = an_update()
    cluster.wait(100_000)
    assert (cluster.status["phase"], cluster.status["currentStepIndex"]) == ("Paused", 1)


def test_a_paused_spec_freezes_sizes_and_steps_but_not_the_number_of_replicas() -> None:
    cluster = a_cluster(steps=[{"setWeight": 20}, {"setWeight": 50}])
    cluster.converge()
    cluster.user("pause", {"spec": {"paused": True}})
    push(cluster, 2)
    assert (cluster.status["phase"], cluster.status["message"]) == ("Paused", "manually paused")
    assert sorted(sizes(cluster)) == [0, 4]
    cluster.user("scale", {"spec": {"replicas": 10}})
    cluster.converge()
    assert sorted(sizes(cluster)) == [0, 8]  # the stable version's share of ten
    cluster.user("resume", {"spec": {"paused": False}})
    cluster.converge()
    assert cluster.status["phase"] == "Healthy"


def test_a_promotion_while_paused_by_hand_counts_when_that_is_over() -> None:
    cluster = an_update()
    cluster.user("pause", {"spec": {"paused": True}})
    cluster.converge()
    ask(cluster, pauseConditions=None)
    assert (cluster.status["phase"], cluster.status["currentStepIndex"]) == ("Paused", 1)
    cluster.user("resume", {"spec": {"paused": False}})
    cluster.converge()
    assert cluster.status["phase"] == "Healthy"


def test_an_abort_after_full_promotion_was_asked_for_counts() -> None:
    cluster = an_update()
    cluster.broken.add(cluster.status["currentPodHash"])
    ask(cluster, promoteFull=True)
    ask(cluster, abort=True)
    assert (cluster.status["phase"], cluster.status.get("promoteFull")) == ("Degraded", None)


def test_full_promotion_after_an_abort_counts() -> None:
    cluster = an_update()
    ask(cluster, abort=True)
    ask(cluster, promoteFull=True)
    assert cluster.status["phase"] == "Healthy"
    assert cluster.status["stableRS"] == cluster.status["currentPodHash"]


def test_an_abort_of_a_finished_update_is_dropped() -> None:
    cluster = a_cluster(steps=PAUSED)
    cluster.converge()
    ask(cluster, abort=True)
    assert (cluster.status["phase"], cluster.status.get("abort")) == ("Healthy", None)


def test_a_new_version_after_an_abort_starts_with_a_clean_slate() -> None:
    cluster = an_update()
    ask(cluster, abort=True)
    push(cluster, 3)
    assert (cluster.status["phase"], cluster.status["currentStepIndex"]) == ("Paused", 1)
    assert not {"abort", "abortedAt"} & cluster.status.keys()


def test_changed_steps_begin_again() -> None:
    cluster = an_update()
    steps = [{"setWeight": 50}, {"pause": {}}]
    cluster.user("steps", {"spec": {"strategy": {"canary": {"steps": steps}}}})
    cluster.converge()
    assert sizes(cluster) == [2, 2]
    assert cluster.status["currentStepIndex"] == 1


def test_going_back_to_the_stable_version_skips_all_steps() -> None:
    cluster = an_update()
    push(cluster, 1)
    assert (cluster.status["phase"], cluster.status["currentStepIndex"]) == ("Healthy", 3)
    assert ("event", "Normal", "SkipSteps", "Rollback to stable ReplicaSets") in cluster.log


@pytest.mark.parametrize(("window", "phase"), [(2, "Healthy"), (1, "Paused")])
def test_a_rollback_within_the_window_skips_steps(window: int, phase: str) -> None:
    cluster = a_cluster(steps=PAUSED, rollbackWindow={"revisions": window})
    cluster.converge()
    for version in (2, 3):
        push(cluster, version)
        ask(cluster, promoteFull=True)
    push(cluster, 1)
    assert cluster.status["phase"] == phase


def test_a_replica_set_that_an_experiment_left_behind_is_no_version_between_two() -> None:
    cluster = a_cluster(steps=PAUSED, rollbackWindow={"revisions": 1})
    cluster.converge()
    for version in (2, 3):
        push(cluster, version)
        ask(cluster, promoteFull=True)
    between = replica_sets(cluster)[1]["metadata"]["name"]
    cluster.patch("ReplicaSet", between, {"metadata": {"annotations": {keys.EXPERIMENT: "compare"}}})
    push(cluster, 1)
    assert cluster.status["phase"] == "Healthy"


def test_the_first_version_is_not_stable_before_it_is_available() -> None:
    cluster = a_cluster(steps=PAUSED)
    cluster.converge(ready=False)
    cluster.now += timedelta(seconds=2)
    cluster.reconcile()
    assert "stableRS" not in cluster.status
    assert cluster.status["message"] == "updated replicas are still becoming available"
    assert condition(cluster, "Completed") == ("False", "RolloutCompleted")
    cluster.converge()
    assert cluster.status["phase"] == "Healthy"


def test_a_first_version_that_never_works_is_replaced_by_the_next() -> None:
    cluster = a_cluster(steps=PAUSED)
    cluster.reconcile()
    cluster.broken.add(cluster.status["currentPodHash"])
    cluster.converge()
    push(cluster, 2)
    assert cluster.status["phase"] == "Healthy"
    assert sorted(sizes(cluster)) == [0, 4]


def test_a_retry_says_so_and_tries_again() -> None:
    cluster = an_update()
    ask(cluster, abort=True)
    cluster.user("retry", {"status": {"abort": False}})
    cluster.reconcile()
    assert condition(cluster, "Progressing") == ("Unknown", "RolloutRetry")
    cluster.converge()
    assert cluster.status["phase"] == "Paused"


def test_unset_replicas_are_written_back_for_autoscalers() -> None:
    cluster = a_cluster()
    cluster.patch("Rollout", "shop", {"spec": {"replicas": None}})
    cluster.converge()
    assert cluster.rollout["spec"]["replicas"] == 1


def test_old_versions_without_pods_are_deleted_beyond_the_history_limit() -> None:
    cluster = a_cluster(revisionHistoryLimit=1)
    cluster.converge()
    for version in (2, 3, 4):
        push(cluster, version)
    assert sizes(cluster).count(0) == 1


def test_a_superseded_canary_keeps_its_pods_until_proxies_forgot_it() -> None:
    cluster = a_cluster(steps=PAUSED, traefik=True, canary={"scaleDownDelaySeconds": 10})
    cluster.converge()
    push(cluster, 2)
    second = cluster.status["currentPodHash"]
    push(cluster, 3)
    assert cluster.objects["ReplicaSet", f"shop-{second}"]["spec"]["replicas"] == 1
    cluster.wait(11)
    assert cluster.objects["ReplicaSet", f"shop-{second}"]["spec"]["replicas"] == 0


def test_abort_delay_zero_keeps_the_canary_for_good() -> None:
    cluster = an_update(traefik=True, canary={"abortScaleDownDelaySeconds": 0})
    ask(cluster, abort=True)
    cluster.wait(1000)
    assert sizes(cluster) == [1, 4] or sizes(cluster) == [4, 1]


def test_a_dynamic_stable_version_never_shrinks_while_an_update_is_aborted() -> None:
    steps = [{"setWeight": 60}, {"pause": {}}]
    cluster = an_update(steps, replicas=5, traefik=True, canary={"dynamicStableScale": True})
    assert sorted(sizes(cluster)) == [2, 3]
    stable = cluster.status["stableRS"]
    mark = len(cluster.log)
    ask(cluster, abort=True)
    grown = [line[2][0] for line in cluster.log[mark:] if line[0] == "rs" and line[1].endswith(stable)]
    assert grown == sorted(grown)
    assert sorted(sizes(cluster)) == [0, 5]


def test_a_dynamic_stable_version_keeps_the_pods_that_a_fixed_canary_does_not_replace() -> None:
    steps = [{"setWeight": 75}, {"setCanaryScale": {"replicas": 1}}, {"pause": {}}]
    cluster = an_update(steps, replicas=3, traefik=True, canary={"dynamicStableScale": True})
    cluster.user("full", {"status": {"promoteFull": True}})
    available = []
    for _ in range(12):
        cluster.reconcile()
        cluster.run_pods()
        ready = [rs.available for rs in cluster.world().replica_sets]
        available.append(sum(ready))
    assert min(available) >= 3
    assert cluster.status["phase"] == "Healthy"


def test_a_deleted_rollouts_decision_is_to_do_nothing() -> None:
    cluster = a_cluster()
    cluster.patch("Rollout", "shop", {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})
    assert cluster.decide().intents == ()


def test_pods_get_the_metadata_of_their_role_and_lose_it_on_promotion() -> None:
    roles = {"canaryMetadata": {"labels": {"role": "canary"}}, "stableMetadata": {"labels": {"role": "stable"}}}
    cluster = an_update(canary=roles)
    stable, new = (cluster.status[key] for key in ("stableRS", "currentPodHash"))

    def role(pod_hash: str) -> Any:
        return cluster.objects["ReplicaSet", f"shop-{pod_hash}"]["spec"]["template"]["metadata"]["labels"].get("role")

    assert (role(stable), role(new)) == ("stable", "canary")
    ask(cluster, promoteFull=True)
    assert role(new) == "stable"
    assert keys.EPHEMERAL in cluster.objects["ReplicaSet", f"shop-{new}"]["metadata"]["annotations"]


def test_an_undo_that_brings_metadata_of_a_role_along_is_still_a_return_to_that_version() -> None:
    """`kubectl argo rollouts undo` copies the ReplicaSet's template with what was injected into it."""
    roles = {"stableMetadata": {"labels": {"role": "stable"}}, "canaryMetadata": {"labels": {"role": "canary"}}}
    cluster = an_update(canary=roles)
    undone = template("img:1")
    undone["metadata"]["labels"]["role"] = "stable"
    cluster.user("undo", {"spec": {"template": undone}})
    cluster.converge()
    assert (cluster.status["phase"], len(sizes(cluster))) == ("Healthy", 2)


def test_a_version_that_was_given_up_is_marked_until_it_is_delivered_after_all() -> None:
    cluster = an_update()
    ask(cluster, abort=True)
    assert [keys.ABORTED_AT in body["metadata"]["annotations"] for body in replica_sets(cluster)] == [False, True]
    assert cluster.decide().intents == ()
    ask(cluster, abort=False)
    ask(cluster, promoteFull=True)
    assert cluster.status["phase"] == "Healthy"
    assert [keys.ABORTED_AT in body["metadata"]["annotations"] for body in replica_sets(cluster)] == [False, False]


def replica_sets(cluster: Cluster) -> list[Json]:
    found = [body for (kind, _), body in cluster.objects.items() if kind == "ReplicaSet"]
    return sorted(found, key=lambda body: int(body["metadata"]["annotations"][keys.REVISION]))
