"""Server-side apply: who owns what, what is merged, what is given up, what conflicts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.builders import config_map, deployment, managers, service, template
from tests.sandbox.client import STRATEGIC, Api

APPS = "apps/v1"


def cm(data: dict[str, str] | None = None, **metadata: Any) -> dict[str, Any]:
    return config_map("a", data, **metadata)


@pytest.fixture
def path(api: Api) -> str:
    return api.path("configmaps", "a")


@pytest.fixture
def web(api: Api) -> str:
    return api.path("deployments", "web", APPS)


def container(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, **fields}


def with_containers(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """An applied Deployment that speaks of these containers."""
    pods = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": list(containers)}}
    return deployment(template=pods, **spec)


def only(**spec: Any) -> dict[str, Any]:
    """A configuration that says nothing but this."""
    return {"apiVersion": APPS, "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def containers(obj: dict[str, Any]) -> list[str]:
    return [one["name"] for one in obj["spec"]["template"]["spec"]["containers"]]


def test_applying_what_is_absent_creates_it(api: Api, path: str) -> None:
    answer = api.apply(path, cm({"k": "1"}, labels={"x": "y"}), "one")
    assert answer.code == 201
    assert managers(answer.body) == {("one", "Apply"): {"f:data": {"f:k": {}}, "f:metadata": {"f:labels": {"f:x": {}}}}}


def test_an_applier_owns_what_it_states_and_not_the_defaults(api: Api, web: str) -> None:
    body = with_containers(container("c", image="i:1", ports=[{"containerPort": 80}]), replicas=2)
    found = api.apply(web, body, "one").ok()
    owned = managers(found)[("one", "Apply")]
    assert owned == {
        "f:spec": {
            "f:paused": {},
            "f:replicas": {},
            "f:selector": {},
            "f:template": {
                "f:metadata": {"f:labels": {"f:app": {}}},
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"c"}': {
                            ".": {},
                            "f:image": {},
                            "f:name": {},
                            "f:ports": {
                                'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}},
                            },
                        }
                    }
                },
            },
        }
    }


def test_applying_the_same_again_changes_nothing(api: Api) -> None:
    path = api.path("services", "svc")
    first = api.apply(path, service(), "one").ok()
    again = api.apply(path, service(), "one")
    assert again.code == 200
    assert again.body["metadata"] == first["metadata"]


def test_yaml_is_applied_as_well(api: Api, path: str) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: '1'\n"
    assert api.apply(path, text).ok()["data"] == {"k": "1"}


def test_another_value_of_another_applier_is_a_conflict(api: Api, path: str) -> None:
    api.apply(path, cm({"k": "1"}), "one").ok()
    answer = api.apply(path, cm({"k": "2"}), "two")
    assert (answer.code, answer.reason) == (409, "Conflict")
    assert answer.message == 'Apply failed with 1 conflict: conflict with "one": .data.k'
    assert answer.body["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.k"}
    ]
    assert api.get(path).body["data"] == {"k": "1"}


def test_all_conflicts_are_named_by_manager_and_path(api: Api, web: str) -> None:
    api.apply(web, with_containers(container("c", image="i:1"), replicas=2), "one").ok()
    api.patch(web, {"spec": {"minReadySeconds": 5}}, fieldManager="editor").ok()
    answer = api.apply(web, with_containers(container("c", image="i:2"), replicas=3, minReadySeconds=6), "two")
    assert answer.code == 409
    assert answer.message == (
        'Apply failed with 3 conflicts: conflicts with "editor" using apps/v1:\n'
        "- .spec.minReadySeconds\n"
        'conflicts with "one":\n'
        "- .spec.replicas\n"
        '- .spec.template.spec.containers[name="c"].image'
    )


def test_the_same_value_is_shared(api: Api, path: str) -> None:
    api.apply(path, cm({"k": "1"}), "one").ok()
    found = api.apply(path, cm({"k": "1"}), "two").ok()
    assert managers(found)[("one", "Apply")] == managers(found)[("two", "Apply")] == {"f:data": {"f:k": {}}}


def test_force_takes_the_field_over(api: Api, path: str) -> None:
    api.apply(path, cm({"k": "1", "l": "1"}), "one").ok()
    found = api.apply(path, cm({"k": "2"}), "two", force="true").ok()
    assert found["data"] == {"k": "2", "l": "1"}
    assert managers(found) == {("one", "Apply"): {"f:data": {"f:l": {}}}, ("two", "Apply"): {"f:data": {"f:k": {}}}}


def test_what_is_no_longer_stated_goes_unless_others_own_it(api: Api, path: str) -> None:
    api.apply(path, cm({"mine": "1", "shared": "1"}), "one").ok()
    api.apply(path, cm({"shared": "1", "theirs": "1"}), "two").ok()
    found = api.apply(path, cm({"new": "1"}), "one").ok()
    assert found["data"] == {"shared": "1", "theirs": "1", "new": "1"}


def test_an_applier_may_give_everything_up(api: Api, path: str) -> None:
    api.apply(path, cm({"k": "1"}, labels={"x": "y"}), "one").ok()
    found = api.apply(path, cm(), "one").ok()
    assert "data" not in found
    assert "labels" not in found["metadata"]
    assert "managedFields" not in found["metadata"]


def test_what_an_update_changed_belongs_to_the_updater(api: Api, path: str) -> None:
    api.apply(path, cm({"k": "1", "l": "1"}), "one").ok()
    found = api.patch(path, {"data": {"k": "2"}}, fieldManager="editor").ok()
    assert managers(found) == {
        ("one", "Apply"): {"f:data": {"f:l": {}}},
        ("editor", "Update"): {"f:data": {"f:k": {}}},
    }
    answer = api.apply(path, cm({"k": "3"}), "one")
    assert answer.code == 409
    assert answer.message == 'Apply failed with 1 conflict: conflict with "editor" using v1: .data.k'


def test_what_an_update_removed_belongs_to_nobody(api: Api, path: str) -> None:
    api.apply(path, cm({"k": "1", "l": "1"}), "one").ok()
    found = api.patch(path, {"data": {"k": None}}).ok()
    assert managers(found) == {("one", "Apply"): {"f:data": {"f:l": {}}}}


def test_a_created_object_belongs_to_its_creator_defaults_included(api: Api, web: str) -> None:
    made = api.post(api.path("deployments", api=APPS), deployment(), fieldManager="maker").ok()
    spec = managers(made)[("maker", "Update")]["f:spec"]
    assert {"f:replicas", "f:revisionHistoryLimit", "f:strategy"} <= spec.keys()
    assert spec["f:strategy"] == {"f:rollingUpdate": {".": {}, "f:maxSurge": {}, "f:maxUnavailable": {}}, "f:type": {}}


def test_containers_of_two_appliers_live_together(api: Api, web: str) -> None:
    api.apply(web, with_containers(container("a", image="a:1")), "one").ok()
    sidecar = only(template={"spec": {"containers": [container("b", image="b:1")]}})
    found = api.apply(web, sidecar, "two").ok()
    assert sorted(containers(found)) == ["a", "b"]
    gone = api.apply(web, only(), "two").ok()
    assert containers(gone) == ["a"]


def test_an_item_with_fields_of_two_loses_only_those_of_one(api: Api, web: str) -> None:
    api.apply(web, with_containers(container("a", image="a:1")), "one").ok()
    limits = {"limits": {"cpu": "1"}}
    second = only(template={"spec": {"containers": [container("a", resources=limits)]}})
    found = api.apply(web, second, "two").ok()
    assert found["spec"]["template"]["spec"]["containers"][0]["resources"] == limits
    left = api.apply(web, only(), "two").ok()["spec"]["template"]["spec"]["containers"][0]
    assert left["image"] == "a:1"
    assert left["resources"] == {}


def test_applied_items_keep_their_order(api: Api, web: str) -> None:
    api.apply(web, with_containers(*(container(name, image="i") for name in "abc")), "one").ok()
    found = api.apply(web, with_containers(*(container(name, image="i") for name in "cab")), "one").ok()
    assert containers(found) == ["c", "a", "b"]


def test_sets_are_merged_by_value(api: Api, path: str) -> None:
    api.apply(path, cm(finalizers=["x/a", "x/b"]), "one").ok()
    found = api.apply(path, cm(finalizers=["x/c"]), "two").ok()
    assert sorted(found["metadata"]["finalizers"]) == ["x/a", "x/b", "x/c"]
    assert managers(found)[("two", "Apply")] == {"f:metadata": {"f:finalizers": {'v:"x/c"': {}}}}
    left = api.apply(path, cm(finalizers=["x/b"]), "one").ok()
    assert sorted(left["metadata"]["finalizers"]) == ["x/b", "x/c"]
    api.patch(path, {"metadata": {"finalizers": None}}).ok()


def test_atomic_lists_and_maps_are_replaced_whole(api: Api, web: str) -> None:
    api.apply(web, with_containers(container("a", image="i", args=["x", "y"])), "one").ok()
    found = api.apply(web, with_containers(container("a", image="i", args=["z"])), "one").ok()
    assert found["spec"]["template"]["spec"]["containers"][0]["args"] == ["z"]
    answer = api.apply(web, with_containers(container("a", image="i", args=["q"])), "two")
    assert answer.causes == [("FieldManagerConflict", '.spec.template.spec.containers[name="a"].args')]


def test_ports_are_told_apart_by_number_and_protocol(api: Api) -> None:
    path = api.path("services", "svc")
    ports = [{"port": 53, "protocol": "UDP", "name": "u"}, {"port": 53, "protocol": "TCP", "name": "t"}]
    api.apply(path, service(ports=ports), "one").ok()
    found = api.apply(path, service(ports=[ports[0], {**ports[1], "targetPort": 54}]), "one").ok()
    assert {port["protocol"]: port["targetPort"] for port in found["spec"]["ports"]} == {"UDP": 53, "TCP": 54}


UNTYPABLE = {
    "unknown field": (only(nope=1), ".spec.nope: field not declared in schema"),
    "wrong type": (only(replicas="x"), ".spec.replicas: expected numeric (int or float), got string"),
    "repeated key": (
        with_containers(container("c", image="a"), container("c", image="b")),
        '.spec.template.spec.containers: duplicate entries for key [name="c"]',
    ),
}


@pytest.mark.parametrize("case", UNTYPABLE.values(), ids=UNTYPABLE.keys())
def test_a_configuration_that_fits_no_schema_is_an_error_of_the_server(api: Api, web: str, case: tuple) -> None:
    body, why = case
    answer = api.apply(web, body)
    assert (answer.code, answer.reason) == (500, "")
    assert answer.message == f"failed to create typed patch object (/web; apps/v1, Kind=Deployment): {why}"


BAD: dict[str, tuple[Any, int, str]] = {
    "managed fields": (cm(managedFields=[{"manager": "x"}]), 400, "BadRequest"),
    "other name": (config_map("b"), 400, "BadRequest"),
    "other kind": (cm() | {"kind": "Secret"}, 400, "BadRequest"),
    "no kind": ({"metadata": {"name": "a"}}, 400, "BadRequest"),
    "no YAML": ("{{", 400, "BadRequest"),
    "other namespace": (cm(namespace="other"), 400, "BadRequest"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD.keys())
def test_a_configuration_of_something_else_is_refused(api: Api, path: str, case: tuple[Any, int, str]) -> None:
    body, code, reason = case
    answer = api.apply(path, body)
    assert (answer.code, answer.reason) == (code, reason)


def test_an_applier_must_say_who_it_is(api: Api, path: str) -> None:
    answer = api.patch(path, cm(), "application/apply-patch+yaml")
    assert (answer.code, answer.causes) == (422, [("FieldValueRequired", "fieldManager")])


def test_a_stale_version_in_a_configuration_is_a_conflict(api: Api, path: str) -> None:
    api.apply(path, cm({"k": "1"}), "one").ok()
    answer = api.apply(path, cm({"k": "2"}, resourceVersion="1"), "one")
    assert (answer.code, answer.reason) == (409, "Conflict")


def test_a_dry_run_shows_the_merge_and_keeps_the_object(api: Api, path: str) -> None:
    api.apply(path, cm({"k": "1"}), "one").ok()
    assert api.apply(path, cm({"k": "2"}), "one", dryRun="All").ok()["data"] == {"k": "2"}
    assert api.get(path).body["data"] == {"k": "1"}
    fresh = api.apply(api.path("configmaps", "b"), config_map("b"), dryRun="All")
    assert fresh.code == 201
    assert api.get(api.path("configmaps", "b")).code == 404


def test_status_and_spec_have_owners_of_their_own(api: Api, web: str) -> None:
    api.apply(web, deployment(replicas=2), "one").ok()
    status = {
        "apiVersion": APPS,
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "status": {"observedGeneration": 7},
    }
    api.apply(f"{web}/status", status, "two", force="true").ok()
    found = api.apply(web, deployment(replicas=3) | {"status": {"observedGeneration": 9}}, "one").ok()
    assert "f:status" not in managers(found)[("one", "Apply")]
    assert found["spec"]["replicas"] == 3


def test_the_owners_of_an_object_can_be_reset(api: Api, path: str) -> None:
    api.apply(path, cm({"k": "1"}), "one").ok()
    bare = api.patch(path, {"metadata": {"managedFields": [{}]}}).ok()
    assert "managedFields" not in bare["metadata"]


def test_an_object_without_owners_is_guarded_by_one_of_before(api: Api, path: str) -> None:
    api.apply(path, cm({"k": "1", "l": "1"}), "one").ok()
    api.patch(path, {"metadata": {"managedFields": [{}]}}).ok()
    assert "managedFields" not in api.patch(path, {"data": {"m": "1"}}).ok()["metadata"]
    answer = api.apply(path, cm({"k": "2"}), "one")
    assert (answer.code, answer.causes) == (409, [("FieldManagerConflict", ".data.k")])
    assert 'conflict with "before-first-apply" using v1' in answer.message
    found = api.apply(path, cm({"k": "1"}), "one").ok()
    assert managers(found) == {
        ("before-first-apply", "Update"): {"f:data": {".": {}, "f:k": {}, "f:l": {}, "f:m": {}}},
        ("one", "Apply"): {"f:data": {"f:k": {}}},
    }


def test_a_client_side_patch_and_an_applier_see_each_other(api: Api, web: str) -> None:
    api.apply(web, with_containers(container("a", image="a:1")), "one").ok()
    change = {"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "a:2"}]}}}}
    api.patch(web, change, STRATEGIC, fieldManager="editor").ok()
    answer = api.apply(web, with_containers(container("a", image="a:3")), "one")
    assert answer.causes == [("FieldManagerConflict", '.spec.template.spec.containers[name="a"].image')]
    forced = api.apply(web, with_containers(container("a", image="a:3")), "one", force="true").ok()
    assert ("editor", "Update") not in managers(forced)


def test_templates_without_a_word_on_containers_leave_them(api: Api, web: str) -> None:
    api.apply(web, deployment(template=template("i:1")), "one").ok()
    found = api.apply(web, only(replicas=4), "two", force="true").ok()
    assert (found["spec"]["replicas"], containers(found)) == (4, ["main"])
