"""The three patch formats that do not apply."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.builders import config_map, deployment, service, template
from tests.sandbox.client import JSON_PATCH, MERGE, STRATEGIC, Api

APPS = "apps/v1"


@pytest.fixture
def path(api: Api) -> str:
    """A Deployment of two containers."""
    body = deployment()
    body["spec"]["template"]["spec"]["containers"] = [
        {"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]},
        {"name": "b", "image": "b:1", "args": ["p", "q"]},
    ]
    api.post(api.path("deployments", api=APPS), body).ok()
    return api.path("deployments", "web", APPS)


def containers(obj: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["name"], one["image"]) for one in obj["spec"]["template"]["spec"]["containers"]]


def in_pod(**spec: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": spec}}}


def test_a_merge_patch_replaces_lists_and_removes_nulls(api: Api, path: str) -> None:
    change = in_pod(containers=[{"name": "c", "image": "c:1"}], terminationGracePeriodSeconds=5)
    change |= {"metadata": {"labels": {"x": "y"}}}
    assert containers(api.patch(path, change).ok()) == [("c", "c:1")]
    bare = api.patch(path, {"metadata": {"labels": {"x": None}}}).ok()
    assert "labels" not in bare["metadata"]


def test_a_strategic_patch_merges_containers_by_name(api: Api, path: str) -> None:
    change = in_pod(containers=[{"name": "b", "image": "b:2"}, {"name": "c", "image": "c:1"}])
    found = api.patch(path, change, STRATEGIC).ok()
    assert sorted(containers(found)) == [("a", "a:1"), ("b", "b:2"), ("c", "c:1")]


def test_a_strategic_patch_merges_deeper_and_removes_nulls(api: Api, path: str) -> None:
    env = [{"name": "X", "value": "9"}, {"name": "Z", "value": "3"}, {"name": "Y", "$patch": "delete"}]
    found = api.patch(path, in_pod(containers=[{"name": "a", "env": env}, {"name": "b", "args": None}]), STRATEGIC).ok()
    first, second = found["spec"]["template"]["spec"]["containers"]
    assert {one["name"]: one["value"] for one in first["env"]} == {"X": "9", "Z": "3"}
    assert "args" not in second


def test_a_strategic_patch_replaces_plain_lists(api: Api, path: str) -> None:
    found = api.patch(path, in_pod(containers=[{"name": "b", "args": ["r"]}]), STRATEGIC).ok()
    assert found["spec"]["template"]["spec"]["containers"][1]["args"] == ["r"]


def test_a_strategic_patch_may_replace_a_map(api: Api, path: str) -> None:
    found = api.patch(path, {"metadata": {"labels": {"a": "1", "b": "2"}}}, STRATEGIC).ok()
    found = api.patch(path, {"metadata": {"labels": {"$patch": "replace", "c": "3"}}}, STRATEGIC).ok()
    assert found["metadata"]["labels"] == {"c": "3"}


def test_a_strategic_patch_keeps_the_stated_order(api: Api, path: str) -> None:
    change = in_pod(
        **{"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}], "containers": [{"name": "b", "image": "b:2"}]}
    )
    assert containers(api.patch(path, change, STRATEGIC).ok()) == [("b", "b:2"), ("a", "a:1")]


def test_a_strategic_patch_retains_only_the_stated_keys(api: Api, path: str) -> None:
    change = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert api.patch(path, change, STRATEGIC).ok()["spec"]["strategy"] == {"type": "Recreate"}


def test_finalizers_are_merged_and_removed_one_by_one(api: Api) -> None:
    made = api.path("configmaps", "a")
    api.post(api.path("configmaps"), config_map("a", finalizers=["x/a", "x/b"])).ok()
    found = api.patch(made, {"metadata": {"finalizers": ["x/c"]}}, STRATEGIC).ok()
    assert sorted(found["metadata"]["finalizers"]) == ["x/a", "x/b", "x/c"]
    removal = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["x/a", "x/c"]}}
    assert api.patch(made, removal, STRATEGIC).ok()["metadata"]["finalizers"] == ["x/b"]
    api.patch(made, {"metadata": {"finalizers": None}}).ok()


def test_an_item_without_its_merge_key_is_refused(api: Api, path: str) -> None:
    answer = api.patch(path, in_pod(containers=[{"image": "b:2"}]), STRATEGIC)
    assert answer.code in (400, 500)
    assert "does not contain declared merge key: name" in answer.message


def test_service_ports_are_merged_by_their_number(api: Api) -> None:
    api.post(api.path("services"), service(ports=[{"name": "a", "port": 80}, {"name": "b", "port": 81}])).ok()
    change = {"spec": {"ports": [{"port": 81, "targetPort": 9}], "selector": {"version": "2"}}}
    spec = api.patch(api.path("services", "svc"), change, STRATEGIC).ok()["spec"]
    assert {port["port"]: port["targetPort"] for port in spec["ports"]} == {80: 80, 81: 9}
    assert spec["selector"] == {"app": "web", "version": "2"}


JSON_PATCHES: dict[str, tuple[list[dict[str, Any]], Any]] = {
    "replace": ([{"op": "replace", "path": "/data/a", "value": "9"}], {"a": "9", "b": "2"}),
    "add": ([{"op": "add", "path": "/data/c", "value": "3"}], {"a": "1", "b": "2", "c": "3"}),
    "remove": ([{"op": "remove", "path": "/data/a"}], {"b": "2"}),
    "move": ([{"op": "move", "from": "/data/a", "path": "/data/z"}], {"b": "2", "z": "1"}),
    "copy": ([{"op": "copy", "from": "/data/a", "path": "/data/z"}], {"a": "1", "b": "2", "z": "1"}),
    "test holds": (
        [{"op": "test", "path": "/data/a", "value": "1"}, {"op": "replace", "path": "/data/a", "value": "5"}],
        {"a": "5", "b": "2"},
    ),
    "test fails": ([{"op": "test", "path": "/data/a", "value": "0"}, {"op": "remove", "path": "/data/b"}], 422),
    "nothing there": ([{"op": "remove", "path": "/data/zzz"}], 422),
    "replace nothing": ([{"op": "replace", "path": "/data/z", "value": "1"}], {"a": "1", "b": "2", "z": "1"}),
    "no operation": ([{"op": "zap", "path": "/data/a"}], 422),
}


@pytest.mark.parametrize("case", JSON_PATCHES.values(), ids=JSON_PATCHES.keys())
def test_a_json_patch_is_carried_out_whole_or_not_at_all(api: Api, case: tuple[list[dict[str, Any]], Any]) -> None:
    operations, outcome = case
    made = api.path("configmaps", "a")
    api.post(api.path("configmaps"), config_map("a", {"a": "1", "b": "2"})).ok()
    answer = api.patch(made, operations, JSON_PATCH)
    if isinstance(outcome, int):
        assert (answer.code, answer.reason) == (outcome, "Invalid")
        outcome = {"a": "1", "b": "2"}
    assert api.get(made).body["data"] == outcome


def test_a_json_patch_reaches_into_lists(api: Api, path: str) -> None:
    place = "/spec/template/spec/containers"
    operations = [
        {"op": "add", "path": f"{place}/-", "value": {"name": "z", "image": "z:1"}},
        {"op": "replace", "path": f"{place}/0/image", "value": "a:2"},
        {"op": "remove", "path": f"{place}/1"},
    ]
    assert containers(api.patch(path, operations, JSON_PATCH).ok()) == [("a", "a:2"), ("z", "z:1")]


@pytest.mark.parametrize("content_type", [MERGE, STRATEGIC])
def test_a_patch_with_a_stale_version_is_a_conflict(api: Api, path: str, content_type: str) -> None:
    stale = {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 5}}
    answer = api.patch(path, stale, content_type)
    assert (answer.code, answer.reason) == (409, "Conflict")


def test_a_patch_of_nothing_is_not_found(api: Api) -> None:
    assert api.patch(api.path("configmaps", "nope"), {}).code == 404


def test_an_unknown_patch_format_is_unsupported(api: Api, path: str) -> None:
    answer = api.patch(path, {}, "application/json")
    assert (answer.code, answer.reason) == (415, "UnsupportedMediaType")


def test_a_patch_cannot_make_an_object_invalid(api: Api, path: str) -> None:
    answer = api.patch(path, {"spec": {"template": template(app="other")}})
    assert (answer.code, answer.causes) == (422, [("FieldValueInvalid", "spec.template.metadata.labels")])


def test_an_empty_patch_makes_no_new_version(api: Api, path: str) -> None:
    """Controllers of the real server may write in between; not five times in a row."""

    def unchanged() -> bool:
        before = api.get(path).ok()["metadata"]["resourceVersion"]
        return bool(api.patch(path, {}).ok()["metadata"]["resourceVersion"] == before)

    assert any(unchanged() for _ in range(5))
