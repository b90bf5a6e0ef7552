"""CustomResourceDefinitions: discovery, pruning, defaults, validation, subresources, apply."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.sandbox.builders import managers
from tests.sandbox.client import STRATEGIC, Api

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
STEP = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "weight": {"type": "integer"}},
}
SPEC = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 9},
        "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
        "replicas": {"type": "integer", "default": 1},
        "port": {"x-kubernetes-int-or-string": True},
        "word": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5},
        "note": {"type": "string", "nullable": True},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "steps": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": STEP,
        },
        "plain": {"type": "array", "items": {"type": "string"}},
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "nested": {
            "type": "object",
            "properties": {"on": {"type": "boolean", "default": True}, "n": {"type": "integer"}},
        },
    },
}
STATUS = {
    "type": "object",
    "properties": {"phase": {"type": "string"}, "replicas": {"type": "integer"}, "selector": {"type": "string"}},
}


@dataclass
class Custom:
    api: Api
    group: str
    plural: str = "things"

    @property
    def version(self) -> str:
        return f"{self.group}/v1"

    def path(self, name: str = "", sub: str = "") -> str:
        return self.api.path(self.plural, name, self.version, sub)

    def body(self, name: str = "a", **spec: Any) -> dict[str, Any]:
        return {"apiVersion": self.version, "kind": "Thing", "metadata": {"name": name}, "spec": spec}

    def make(self, **spec: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.api.post(self.path(), self.body(**{"size": 1} | spec)).ok()
        return made


def definition(group: str) -> dict[str, Any]:
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC, "status": STATUS}}},
        "subresources": {
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.replicas",
                "labelSelectorPath": ".status.selector",
            },
        },
        "additionalPrinterColumns": [
            {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
            {"name": "Weight", "type": "string", "jsonPath": '.spec.steps[?(@.name=="x")].weight'},
        ],
    }
    names = {"plural": "things", "kind": "Thing", "shortNames": ["th"], "categories": ["toys"]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def is_established(answer: Any) -> bool:
    conditions = answer.body.get("status", {}).get("conditions") or []
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)


@pytest.fixture
def custom(api: Api) -> Iterator[Custom]:
    group = f"g{secrets.token_hex(4)}.example.com"
    path = f"{DEFINITIONS}/things.{group}"
    api.post(DEFINITIONS, definition(group)).ok()
    api.eventually(path, is_established)
    found = Custom(api, group)
    api.eventually(found.path(), lambda answer: answer.code == 200)
    yield found
    api.delete(path)


def test_a_definition_can_be_discovered(custom: Custom) -> None:
    listed = custom.api.eventually(f"/apis/{custom.version}", lambda answer: answer.code == 200).body
    by_name = {one["name"]: one for one in listed["resources"]}
    assert by_name.keys() == {"things", "things/status", "things/scale"}
    main = by_name["things"]
    assert (main["kind"], main["namespaced"], main["shortNames"], main["categories"]) == (
        "Thing",
        True,
        ["th"],
        ["toys"],
    )
    groups = custom.api.eventually("/apis", lambda answer: custom.group in str(answer.body)).body["groups"]
    (found,) = [one for one in groups if one["name"] == custom.group]
    assert found["preferredVersion"]["groupVersion"] == custom.version


def test_defaults_are_filled_in_where_their_parent_is(custom: Custom) -> None:
    assert custom.make()["spec"] == {"size": 1, "color": "red", "replicas": 1}
    with_parent = custom.api.post(custom.path(), custom.body("b", size=1, nested={})).ok()
    assert with_parent["spec"]["nested"] == {"on": True}


def test_unknown_fields_are_pruned_except_where_kept(custom: Custom) -> None:
    made = custom.make(
        nope=1, nested={"nope": 1, "n": 2}, free={"any": {"thing": [1]}}, steps=[{"name": "x", "nope": 1}]
    )
    assert "nope" not in made["spec"]
    assert made["spec"]["nested"] == {"n": 2, "on": True}
    assert made["spec"]["free"] == {"any": {"thing": [1]}}
    assert made["spec"]["steps"] == [{"name": "x"}]


def test_unknown_fields_are_named_in_strict_requests(custom: Custom) -> None:
    answer = custom.api.post(custom.path(), custom.body(size=1, nested={"nope": 1}), fieldValidation="Strict")
    assert (answer.code, answer.reason) == (400, "BadRequest")
    assert 'unknown field "spec.nested.nope"' in answer.message


BROKEN: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "missing": ({}, [("FieldValueRequired", "spec.size")]),
    "wrong type": ({"size": "x"}, [("FieldValueTypeInvalid", "spec.size")]),
    "too small": ({"size": 0}, [("FieldValueInvalid", "spec.size")]),
    "too large": ({"size": 10}, [("FieldValueInvalid", "spec.size")]),
    "not in enum": ({"size": 1, "color": "green"}, [("FieldValueNotSupported", "spec.color")]),
    "pattern": ({"size": 1, "word": "A"}, [("FieldValueInvalid", "spec.word")]),
    "too long": ({"size": 1, "word": "abcdef"}, [("FieldValueTooLong", "spec.word")]),
    "in a list": ({"size": 1, "steps": [{"weight": 1}]}, [("FieldValueRequired", "spec.steps[0].name")]),
    "null and required": ({"size": None}, [("FieldValueRequired", "spec.size")]),
    "values of a map": ({"size": 1, "labels": {"a": 1}}, [("FieldValueTypeInvalid", "spec.labels.a")]),
    "neither int nor string": ({"size": 1, "port": True}, [("FieldValueTypeInvalid", "spec.port")]),
    "repeated key": (
        {"size": 1, "steps": [{"name": "a"}, {"name": "a"}]},
        [("FieldValueDuplicate", "spec.steps[1]")],
    ),
    "repeated value": ({"size": 1, "tags": ["a", "a"]}, [("FieldValueDuplicate", "spec.tags[1]")]),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN.keys())
def test_values_outside_of_the_schema_are_refused_with_their_paths(custom: Custom, case: tuple) -> None:
    spec, causes = case
    answer = custom.api.post(custom.path(), custom.body(**spec))
    assert (answer.code, answer.reason, answer.causes) == (422, "Invalid", causes)


@pytest.mark.parametrize("spec", [{"port": 80}, {"port": "http"}, {"note": None}, {"tags": ["a", "b"]}])
def test_values_within_the_schema_are_stored(custom: Custom, spec: dict[str, Any]) -> None:
    assert spec.items() <= custom.make(**spec)["spec"].items()


def test_a_null_that_may_not_be_is_as_nothing(custom: Custom) -> None:
    assert custom.make(word=None, color=None, nested={"n": None})["spec"] == {
        "size": 1,
        "color": "red",
        "replicas": 1,
        "nested": {"on": True},
    }


def test_status_and_spec_of_a_custom_object_are_apart(custom: Custom) -> None:
    made = custom.make()
    assert made["metadata"]["generation"] == 1
    path = custom.path("a")
    changed = custom.api.patch(f"{path}/status", {"status": {"phase": "Ready"}, "spec": {"size": 5}}).ok()
    assert (changed["status"], changed["spec"]["size"], changed["metadata"]["generation"]) == ({"phase": "Ready"}, 1, 1)
    changed = custom.api.patch(path, {"status": {"phase": "No"}, "spec": {"size": 5}}).ok()
    assert (changed["status"], changed["spec"]["size"], changed["metadata"]["generation"]) == ({"phase": "Ready"}, 5, 2)


def test_a_custom_object_is_scaled(custom: Custom) -> None:
    custom.make()
    custom.api.patch(custom.path("a", "status"), {"status": {"replicas": 3, "selector": "a=b"}}).ok()
    scale = custom.api.get(custom.path("a", "scale")).ok()
    assert (scale["spec"], scale["status"]) == ({"replicas": 1}, {"replicas": 3, "selector": "a=b"})
    custom.api.patch(custom.path("a", "scale"), {"spec": {"replicas": 7}}).ok()
    assert custom.api.get(custom.path("a")).ok()["spec"]["replicas"] == 7


def test_columns_of_the_definition_are_printed(custom: Custom) -> None:
    custom.make(steps=[{"name": "x", "weight": 20}])
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
    found = custom.api.pool.request(
        "GET", custom.api.url + custom.path(), headers=custom.api.headers(accept=accept)
    ).json()
    titles = [column["name"] for column in found["columnDefinitions"]]
    cells = dict(zip(titles, found["rows"][0]["cells"], strict=True))
    assert (cells["Name"], cells["Size"], str(cells["Weight"])) == ("a", 1, "20")


def test_lists_with_keys_are_merged_when_applied(custom: Custom) -> None:
    path = custom.path("a")
    custom.api.apply(path, custom.body(size=1, steps=[{"name": "x", "weight": 1}]), "one").ok()
    body = custom.body(steps=[{"name": "y", "weight": 2}])
    found = custom.api.apply(path, body, "two").ok()
    assert sorted(step["name"] for step in found["spec"]["steps"]) == ["x", "y"]
    owned = managers(found)[("two", "Apply")]
    assert owned == {"f:spec": {"f:steps": {'k:{"name":"y"}': {".": {}, "f:name": {}, "f:weight": {}}}}}
    clash = custom.api.apply(path, custom.body(steps=[{"name": "x", "weight": 5}]), "two")
    assert clash.causes == [("FieldManagerConflict", '.spec.steps[name="x"].weight')]


def test_plain_lists_are_replaced_when_applied(custom: Custom) -> None:
    path = custom.path("a")
    custom.api.apply(path, custom.body(size=1, plain=["a", "b"], tags=["a"]), "one").ok()
    found = custom.api.apply(path, custom.body(plain=["c"], tags=["b"]), "two", force="true").ok()
    assert found["spec"]["plain"] == ["c"]
    assert sorted(found["spec"]["tags"]) == ["a", "b"]


def test_what_is_kept_without_schema_is_merged_by_key(custom: Custom) -> None:
    path = custom.path("a")
    custom.api.apply(path, custom.body(size=1, free={"a": {"x": 1}, "l": [1, 2]}), "one").ok()
    found = custom.api.apply(path, custom.body(free={"a": {"y": 2}}), "two").ok()
    assert found["spec"]["free"] == {"a": {"x": 1, "y": 2}, "l": [1, 2]}
    left = custom.api.apply(path, custom.body(size=1), "one").ok()
    assert left["spec"]["free"] == {"a": {"y": 2}}


def test_giving_up_the_last_key_leaves_no_null_behind(custom: Custom) -> None:
    path = custom.path("a")
    custom.api.apply(path, custom.body(size=1, labels={"a": "b"}, nested={"n": 1}), "one").ok()
    found = custom.api.apply(path, custom.body(size=1), "one").ok()
    assert found["spec"] == {"size": 1, "color": "red", "replicas": 1}


def test_an_unknown_field_cannot_be_applied(custom: Custom) -> None:
    answer = custom.api.apply(custom.path("a"), custom.body(size=1, nope=1))
    assert answer.code == 500
    assert ".spec.nope: field not declared in schema" in answer.message


def test_a_strategic_patch_is_only_for_built_in_kinds(custom: Custom) -> None:
    custom.make()
    answer = custom.api.patch(custom.path("a"), {"spec": {"size": 2}}, STRATEGIC)
    assert (answer.code, answer.reason) == (415, "UnsupportedMediaType")


def test_versions_are_two_views_of_one_object(custom: Custom) -> None:
    path = f"{DEFINITIONS}/things.{custom.group}"
    versions = custom.api.get(path).ok()["spec"]["versions"]
    second = {**versions[0], "name": "v2", "storage": False}
    custom.api.patch(path, {"spec": {"versions": [versions[0], second]}}).ok()
    custom.make()
    other = custom.path("a").replace("/v1/", "/v2/")
    found = custom.api.eventually(other, lambda answer: answer.code == 200).body
    assert found["apiVersion"] == f"{custom.group}/v2"
    custom.api.patch(other, {"spec": {"size": 4}}).ok()
    assert custom.api.get(custom.path("a")).ok()["spec"]["size"] == 4
    listed = custom.api.get(custom.path()).ok()
    assert {item["apiVersion"] for item in listed["items"]} == {custom.version}


def test_the_definition_takes_its_objects_along(custom: Custom) -> None:
    custom.make()
    path = f"{DEFINITIONS}/things.{custom.group}"
    custom.api.delete(path).ok()
    custom.api.eventually(path, lambda answer: answer.code == 404)
    custom.api.eventually(custom.path("a"), lambda answer: answer.code == 404)


def test_a_definition_must_bear_the_name_of_its_resource(api: Api) -> None:
    body = definition("g.example.com")
    body["metadata"]["name"] = "other.g.example.com"
    answer = api.post(DEFINITIONS, body)
    assert (answer.code, answer.causes) == (422, [("FieldValueInvalid", "metadata.name")])
