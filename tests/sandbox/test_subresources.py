"""/status and /scale: each endpoint writes its part and nothing else."""

from __future__ import annotations

import pytest

from tests.sandbox.builders import config_map, deployment, managers, replica_set
from tests.sandbox.client import JSON_PATCH, STRATEGIC, Api

APPS = "apps/v1"


@pytest.fixture
def path(api: Api) -> str:
    api.post(api.path("deployments", api=APPS), deployment(replicas=2)).ok()
    return api.path("deployments", "web", APPS)


def test_a_write_of_the_object_leaves_its_status(api: Api, path: str) -> None:
    api.patch(f"{path}/status", {"status": {"collisionCount": 4}}).ok()
    found = api.patch(path, {"status": {"collisionCount": 9}, "spec": {"minReadySeconds": 1}}).ok()
    assert (found["status"]["collisionCount"], found["spec"]["minReadySeconds"]) == (4, 1)


def test_a_write_of_the_status_leaves_the_object(api: Api, path: str) -> None:
    before = api.get(path).ok()
    change = {"status": {"collisionCount": 3}, "spec": {"replicas": 99}, "metadata": {"labels": {"x": "y"}}}
    found = api.patch(f"{path}/status", change, STRATEGIC).ok()
    assert found["status"]["collisionCount"] == 3
    assert found["spec"] == before["spec"]
    assert "labels" not in found["metadata"]
    assert found["metadata"]["generation"] == before["metadata"]["generation"]


def test_a_status_given_at_creation_is_dropped(api: Api) -> None:
    made = api.post(api.path("replicasets", api=APPS), replica_set() | {"status": {"replicas": 5}}).ok()
    assert made["status"] == {"replicas": 0}


def test_a_status_write_has_a_manager_of_its_own(api: Api, path: str) -> None:
    found = api.patch(f"{path}/status", {"status": {"collisionCount": 3}}, fieldManager="judge").ok()
    (entry,) = [one for one in found["metadata"]["managedFields"] if one["manager"] == "judge"]
    assert (entry["subresource"], entry["fieldsV1"]) == ("status", {"f:status": {"f:collisionCount": {}}})


def test_a_kind_without_a_status_has_no_such_path(api: Api) -> None:
    api.post(api.path("configmaps"), config_map("a")).ok()
    assert api.get(api.path("configmaps", "a", sub="status")).code == 404


def test_a_scale_shows_wanted_and_present_replicas(api: Api, path: str) -> None:
    found = api.get(f"{path}/scale").ok()
    assert (found["kind"], found["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert found["spec"] == {"replicas": 2}
    assert found["status"]["selector"] == "app=web"
    assert found["metadata"]["name"] == "web"


def test_a_scale_is_written_in_three_ways(api: Api, path: str) -> None:
    whole = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": 3}}
    assert api.put(f"{path}/scale", whole).ok()["spec"] == {"replicas": 3}
    assert api.patch(f"{path}/scale", {"spec": {"replicas": 4}}).ok()["spec"] == {"replicas": 4}
    operations = [{"op": "replace", "path": "/spec/replicas", "value": 5}]
    assert api.patch(f"{path}/scale", operations, JSON_PATCH, fieldManager="scaler").ok()["spec"] == {"replicas": 5}
    found = api.get(path).ok()
    assert found["spec"]["replicas"] == 5
    assert managers(found)[("scaler", "Update")] == {"f:spec": {"f:replicas": {}}}


def test_a_scale_below_zero_is_invalid(api: Api, path: str) -> None:
    answer = api.patch(f"{path}/scale", {"spec": {"replicas": -1}})
    assert (answer.code, answer.causes) == (422, [("FieldValueInvalid", "spec.replicas")])


def test_a_stale_scale_is_a_conflict(api: Api, path: str) -> None:
    answer = api.patch(f"{path}/scale", {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 1}})
    assert (answer.code, answer.reason) == (409, "Conflict")


def test_a_scale_of_nothing_is_not_found(api: Api) -> None:
    answer = api.get(api.path("deployments", "nope", APPS, "scale"))
    assert (answer.code, answer.body["details"]) == (404, {"name": "nope", "group": "apps", "kind": "deployments"})
