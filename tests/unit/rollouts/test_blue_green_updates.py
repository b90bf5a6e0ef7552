"""A blue-green update from push to promotion: previews, pauses, the cutover, and what becomes of the old version."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.properties.rollout_world import Cluster, Json, a_blue_green, template

BY_HAND = {"autoPromotionEnabled": False}


def a_pushed(blue_green: Json | None = None, **world: Any) -> Cluster:
    """Version 2 was pushed beside a healthy version 1 of three pods."""
    cluster = a_blue_green(**{"replicas": 3, "blue_green": blue_green or {}, **world})
    cluster.converge()
    push(cluster, 2)
    return cluster


def push(cluster: Cluster, version: int, *, ready: bool = True) -> None:
    cluster.user(f"image {version}", {"spec": {"template": template(f"img:{version}")}})
    cluster.converge(ready=ready)


def promote(cluster: Cluster) -> None:
    cluster.user("promote", {"status": {"pauseConditions": None}})
    cluster.converge()


def ask(cluster: Cluster, **status: Any) -> None:
    cluster.user(str(status), {"status": status})
    cluster.converge()


def version(cluster: Cluster, number: int) -> Json:
    found = (body for (kind, _), body in cluster.objects.items() if kind == "ReplicaSet")
    wanted = template(f"img:{number}")["spec"]["containers"]
    return next(body for body in found if body["spec"]["template"]["spec"]["containers"] == wanted)


def sizes(cluster: Cluster) -> list[int]:
    """Pods asked for, oldest version first."""
    return [body["spec"]["replicas"] for (kind, _), body in cluster.objects.items() if kind == "ReplicaSet"]


def serves(cluster: Cluster, service: str = "act") -> int:
    """The version that a Service selects; 0 when it selects all."""
    selected = cluster.objects["Service", service]["spec"]["selector"].get("rollouts-pod-template-hash")
    labels = "rollouts-pod-template-hash"
    numbers = (number for number in range(1, 5) if known(cluster, number))
    return next((each for each in numbers if version(cluster, each)["metadata"]["labels"][labels] == selected), 0)


def known(cluster: Cluster, number: int) -> bool:
    try:
        return bool(version(cluster, number))
    except StopIteration:
        return False


def stands(cluster: Cluster) -> tuple[str, str]:
    return cluster.status["phase"], cluster.status.get("message", "")


def test_a_first_version_is_served_and_stable_only_once_all_its_pods_are_available() -> None:
    cluster = a_blue_green(replicas=3)
    cluster.converge(ready=False)
    assert (serves(cluster), serves(cluster, "prev"), "stableRS" in cluster.status) == (0, 1, False)
    assert stands(cluster)[0] == "Progressing"
    cluster.converge()
    assert (serves(cluster), stands(cluster)) == (1, ("Healthy", ""))
    assert cluster.status["stableRS"] == cluster.status["currentPodHash"]


def test_by_default_a_version_takes_over_by_itself_when_all_its_pods_are_there() -> None:
    cluster = a_pushed()
    assert (serves(cluster), serves(cluster, "prev"), stands(cluster)) == (2, 2, ("Healthy", ""))


def test_until_all_its_pods_are_available_the_old_version_serves_with_all_of_its_own() -> None:
    cluster = a_blue_green(replicas=3)
    cluster.converge()
    push(cluster, 2, ready=False)
    cluster.now += timedelta(seconds=3)
    cluster.converge(ready=False)
    assert (serves(cluster), serves(cluster, "prev"), sizes(cluster)) == (1, 2, [3, 3])
    assert stands(cluster) == ("Progressing", "active service cutover pending")


def test_without_automatic_promotion_it_waits_for_a_person() -> None:
    cluster = a_pushed(BY_HAND)
    cluster.wait(3600)
    assert (serves(cluster), stands(cluster)) == (1, ("Paused", "BlueGreenPause"))
    promote(cluster)
    assert (serves(cluster), stands(cluster)) == (2, ("Healthy", ""))


def test_a_timed_pause_ends_by_itself_and_not_earlier() -> None:
    cluster = a_pushed({"autoPromotionSeconds": 10})
    cluster.wait(9.9)
    assert (serves(cluster), stands(cluster)) == (1, ("Paused", "BlueGreenPause"))
    cluster.wait(0.2)
    assert serves(cluster) == 2


def test_who_begins_a_timed_pause_and_who_waits_for_it_know_when_it_ends() -> None:
    cluster = a_blue_green(blue_green={"autoPromotionSeconds": 30})
    cluster.converge()
    cluster.user("image 2", {"spec": {"template": template("img:2")}})
    while "pauseConditions" not in cluster.status:
        begun = cluster.reconcile()
        cluster.run_pods()
    assert begun.wake_at == cluster.now + timedelta(seconds=30) == cluster.decide().wake_at


def test_seconds_without_automatic_promotion_promote_nothing() -> None:
    cluster = a_pushed({**BY_HAND, "autoPromotionSeconds": 10})
    cluster.wait(60)
    assert serves(cluster) == 1


def test_a_promotion_counts_although_a_pod_is_lost_just_then() -> None:
    cluster = a_pushed(BY_HAND)
    rs = version(cluster, 2)
    cluster.put("ReplicaSet", {**rs, "status": {**rs["status"], "availableReplicas": 2}})
    cluster.user("promote", {"status": {"pauseConditions": None}})
    cluster.reconcile()
    assert serves(cluster) == 1
    cluster.converge()
    assert (serves(cluster), stands(cluster)) == (2, ("Healthy", ""))


def test_a_smaller_preview_grows_only_after_the_promotion_and_before_it_serves() -> None:
    cluster = a_pushed({**BY_HAND, "previewReplicaCount": 1})
    assert sizes(cluster) == [3, 1]
    cluster.user("promote", {"status": {"pauseConditions": None}})
    cluster.reconcile()
    assert (sizes(cluster), serves(cluster)) == ([3, 3], 1)
    assert cluster.status["blueGreen"]["scaleUpPreviewCheckPoint"] is True
    cluster.converge()
    assert serves(cluster) == 2
    assert "scaleUpPreviewCheckPoint" not in cluster.status["blueGreen"]
    assert sum("RolloutPaused" in line for line in cluster.log) == 1


def test_a_pause_by_hand_holds_services_and_promotion_but_not_pods() -> None:
    cluster = a_blue_green(replicas=3)
    cluster.converge()
    cluster.user("pause", {"spec": {"paused": True, "template": template("img:2")}})
    cluster.converge()
    assert (serves(cluster), serves(cluster, "prev"), sizes(cluster)) == (1, 1, [3, 3])
    assert stands(cluster) == ("Paused", "manually paused")
    cluster.user("resume", {"spec": {"paused": False}})
    cluster.converge()
    assert (serves(cluster), serves(cluster, "prev")) == (2, 2)


def test_a_pause_by_hand_holds_even_a_cutover_that_was_promoted() -> None:
    cluster = a_pushed({**BY_HAND, "previewReplicaCount": 1})
    cluster.user("promote", {"status": {"pauseConditions": None}})
    cluster.reconcile()
    cluster.user("pause", {"spec": {"paused": True}})
    cluster.converge()
    assert (serves(cluster), sizes(cluster)) == (1, [3, 3])
    cluster.user("resume", {"spec": {"paused": False}})
    cluster.converge()
    assert serves(cluster) == 2


def test_full_promotion_skips_the_pause_and_the_small_preview_but_not_the_pods() -> None:
    cluster = a_pushed({**BY_HAND, "previewReplicaCount": 1})
    cluster.user("full", {"status": {"promoteFull": True}})
    cluster.reconcile()
    assert (serves(cluster), sizes(cluster)) == (1, [3, 3])
    cluster.converge()
    assert (serves(cluster), stands(cluster)) == (2, ("Healthy", ""))


def test_the_old_version_keeps_its_pods_for_the_delay_and_no_longer() -> None:
    cluster = a_pushed({"scaleDownDelaySeconds": 30})
    cluster.wait(29.5)
    assert sizes(cluster) == [3, 3]
    cluster.wait(1)
    assert sizes(cluster) == [0, 3]


def test_only_so_many_old_versions_keep_their_pods() -> None:
    cluster = a_pushed({"scaleDownDelayRevisionLimit": 1})
    push(cluster, 3)
    assert sizes(cluster) == [0, 3, 3]


@pytest.mark.parametrize("blue_green", [{}, {**BY_HAND, "previewReplicaCount": 1}], ids=["auto", "small preview"])
def test_undo_within_the_delay_switches_at_once_without_pause_or_fewer_pods(blue_green: Json) -> None:
    cluster = a_pushed(blue_green)
    promote(cluster)
    cluster.user("undo", {"spec": {"template": template("img:1")}})
    cluster.reconcile()
    assert (serves(cluster), stands(cluster)) == (1, ("Healthy", ""))
    cluster.converge()
    assert sizes(cluster) == [3, 3]
    assert cluster.status["duration"]["completionStatus"] == "FastRolledBack"


def test_undo_after_the_delay_is_an_update_like_any_other() -> None:
    cluster = a_pushed(BY_HAND)
    promote(cluster)
    cluster.wait(40)
    push(cluster, 1)
    assert (serves(cluster), stands(cluster)) == (2, ("Paused", "BlueGreenPause"))


def test_a_fast_rollback_that_waits_for_pods_stays_one_although_its_delay_is_over() -> None:
    cluster = a_pushed({**BY_HAND, "scaleDownDelaySeconds": 5, "previewReplicaCount": 1})
    promote(cluster)
    cluster.broken.add(version(cluster, 1)["metadata"]["labels"]["rollouts-pod-template-hash"])
    cluster.run_pods()
    push(cluster, 1)
    cluster.wait(20)
    assert (serves(cluster), sizes(cluster)) == (2, [3, 3])
    cluster.broken.clear()
    cluster.converge()
    assert (serves(cluster), stands(cluster)) == (1, ("Healthy", ""))


def test_a_superseded_preview_keeps_the_size_that_it_has_until_it_goes() -> None:
    cluster = a_pushed({**BY_HAND, "previewReplicaCount": 1, "scaleDownDelaySeconds": 30})
    push(cluster, 3)
    assert sizes(cluster) == [3, 1, 1]
    cluster.wait(31)
    assert sizes(cluster) == [3, 0, 1]


def test_a_rollback_within_the_window_does_not_pause() -> None:
    cluster = a_pushed(BY_HAND, rollbackWindow={"revisions": 2})
    promote(cluster)
    cluster.wait(40)
    push(cluster, 1)
    assert (serves(cluster), stands(cluster)) == (1, ("Healthy", ""))


def test_autoscalers_see_the_version_that_serves_and_not_the_preview() -> None:
    status = a_pushed(BY_HAND).status
    assert (status["replicas"], status["HPAReplicas"], status["availableReplicas"]) == (6, 3, 3)
    assert status["selector"] == f"app=shop,rollouts-pod-template-hash={status['blueGreen']['activeSelector']}"


def test_scaling_while_it_waits_resizes_both_versions_and_promotes_nothing() -> None:
    cluster = a_pushed(BY_HAND)
    cluster.user("scale", {"spec": {"replicas": 5}})
    cluster.converge()
    assert (sizes(cluster), serves(cluster), stands(cluster)) == ([5, 5], 1, ("Paused", "BlueGreenPause"))


def test_both_roles_carry_their_metadata_and_lose_it_with_the_role() -> None:
    role = {"previewMetadata": {"labels": {"role": "preview"}}, "activeMetadata": {"labels": {"role": "active"}}}
    cluster = a_pushed({**BY_HAND, **role})
    assert [carried(cluster, number) for number in (1, 2)] == ["active", "preview"]
    promote(cluster)
    assert [carried(cluster, number) for number in (1, 2)] == [None, "active"]


def carried(cluster: Cluster, number: int) -> Any:
    return version(cluster, number)["spec"]["template"]["metadata"]["labels"].get("role")


def test_undo_of_a_preview_ends_the_update_at_once_and_the_preview_goes_after_the_delay() -> None:
    cluster = a_pushed(BY_HAND)
    push(cluster, 1)
    assert (serves(cluster), serves(cluster, "prev"), stands(cluster)) == (1, 1, ("Healthy", ""))
    cluster.wait(31)
    assert sizes(cluster) == [3, 0]
