from __future__ import annotations

from typing import Any

from sync_builders import deployment, target

from reconciler.sync.images import Running, image_rows, images_of


def pod(name: str, image: str, owner: tuple[str, str, str]) -> dict[str, Any]:
    kind, owner_name, uid = owner
    ref = {"kind": kind, "name": owner_name, "uid": uid, "controller": True}
    spec = {"containers": [{"name": "app", "image": image}]}
    return {"metadata": {"name": name, "namespace": "shop", "ownerReferences": [ref]}, "spec": spec}


def replica_set(name: str, uid: str, owner: str, kind: str = "Deployment") -> dict[str, Any]:
    ref = {"kind": kind, "name": owner, "uid": "d", "controller": True}
    return {"kind": "ReplicaSet", "metadata": {"name": name, "namespace": "shop", "uid": uid, "ownerReferences": [ref]}}


WEB = deployment("web", "web:2")


def test_pods_are_counted_by_the_image_that_they_run() -> None:
    owners = [replica_set("web-1", "r1", "web"), replica_set("web-2", "r2", "web"), replica_set("x", "r3", "other")]
    pods = [
        pod("a", "web:1", ("ReplicaSet", "web-1", "r1")),
        pod("b", "web:1", ("ReplicaSet", "web-1", "r1")),
        pod("c", "web:2", ("ReplicaSet", "web-2", "r2")),
        pod("d", "web:9", ("ReplicaSet", "x", "r3")),
    ]
    (row,) = image_rows("shop", [(WEB.key, WEB.object)], pods, owners)
    assert row.declared == "web:2"
    assert row.running == (Running("web:1", 2), Running("web:2", 1))
    assert not row.same


def test_a_stateful_set_owns_its_pods_directly() -> None:
    db = target("StatefulSet", "db", "apps/v1", spec=WEB.object["spec"])
    (row,) = image_rows("shop", [(db.key, db.object)], [pod("db-0", "web:2", ("StatefulSet", "db", "s"))], [])
    assert row.same
    assert row.running == (Running("web:2", 1),)


def test_pods_on_their_way_out_do_not_count() -> None:
    going = pod("a", "web:1", ("ReplicaSet", "web-1", "r1"))
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    (row,) = image_rows("shop", [(WEB.key, WEB.object)], [going], [replica_set("web-1", "r1", "web")])
    assert row.running == ()


def test_objects_without_containers_have_no_rows() -> None:
    plain = target("ConfigMap", "c", data={})
    assert image_rows("shop", [(plain.key, plain.object)], [], []) == []
    assert images_of(plain.object) == ()


def test_a_cron_job_declares_the_images_of_its_job() -> None:
    job = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "job:1"}]}}}}
    assert images_of(target("CronJob", "c", "batch/v1", spec={"jobTemplate": job}).object) == ("job:1",)
