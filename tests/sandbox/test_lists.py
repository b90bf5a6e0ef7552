"""Lists: selectors, pages, the forms in which they are asked for."""

from __future__ import annotations

import pytest

from tests.sandbox.builders import config_map, names, service
from tests.sandbox.client import Api

LABELS = {
    "a": {"tier": "web", "env": "prod"},
    "b": {"tier": "web", "env": "test"},
    "c": {"tier": "db"},
    "d": {},
    "e": {"n": "5"},
}


@pytest.fixture
def five(api: Api) -> Api:
    for name, labels in LABELS.items():
        api.post(api.path("configmaps"), config_map(name, labels=labels | {"suite": "1"})).ok()
    return api


@pytest.mark.parametrize(
    ("selector", "found"),
    {
        "tier=web": "ab",
        "tier==web,env=prod": "a",
        "tier!=web": "cde",
        "tier in (web,db)": "abc",
        "tier notin (web, db)": "de",
        "env": "ab",
        "!env": "cde",
        "n>4": "e",
        "n<4": "",
        "tier=nope": "",
        "env in (prod),tier in (web)": "a",
    }.items(),
)
def test_a_label_selector_finds_what_it_says(five: Api, selector: str, found: str) -> None:
    listed = five.get(five.path("configmaps"), labelSelector=f"suite,{selector}").ok()
    assert "".join(names(listed)) == found


@pytest.mark.parametrize("selector", ["a in b", "=", "a=b=c", "a in (", "a>b"])
def test_a_label_selector_that_means_nothing_is_a_bad_request(api: Api, selector: str) -> None:
    answer = api.get(api.path("configmaps"), labelSelector=selector)
    assert (answer.code, answer.reason) == (400, "BadRequest")


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("metadata.name=b", "b"),
        ("metadata.name!=b", "acde"),
        ("metadata.namespace=default", ""),
        ("metadata.name==c", "c"),
    ],
)
def test_a_field_selector_finds_what_it_says(five: Api, selector: str, found: str) -> None:
    listed = five.get(five.path("configmaps"), labelSelector="suite", fieldSelector=selector).ok()
    assert "".join(names(listed)) == found


def test_only_known_fields_can_be_selected_by(api: Api) -> None:
    answer = api.get(api.path("configmaps"), fieldSelector="data.k=1")
    assert (answer.code, answer.reason) == (400, "BadRequest")
    assert "field" in answer.message


def test_events_are_found_by_the_object_that_they_are_about(api: Api) -> None:
    for name in ("x", "y"):
        about = {"kind": "ConfigMap", "name": name, "namespace": api.namespace, "uid": f"uid-{name}"}
        body = {"metadata": {"name": f"e-{name}"}, "involvedObject": about, "reason": "Tested", "type": "Normal"}
        api.post(api.path("events"), body).ok()
    selector = "involvedObject.name=x,involvedObject.kind=ConfigMap"
    assert names(api.get(api.path("events"), fieldSelector=selector).ok()) == ["e-x"]


def test_pages_show_one_moment_even_when_objects_come_and_go(five: Api) -> None:
    path = five.path("configmaps")
    first = five.get(path, labelSelector="suite", limit=2).ok()
    five.delete(five.path("configmaps", "d")).ok()
    five.post(path, config_map("bb", labels={"suite": "1"})).ok()
    five.patch(five.path("configmaps", "c"), {"metadata": {"labels": {"suite": None}}}).ok()
    second = five.get(path, labelSelector="suite", limit=2, **{"continue": first["metadata"]["continue"]}).ok()
    third = five.get(path, labelSelector="suite", limit=2, **{"continue": second["metadata"]["continue"]}).ok()
    assert [*names(first), *names(second), *names(third)] == ["a", "b", "c", "d", "e"]
    assert "continue" not in third["metadata"]
    assert {page["metadata"]["resourceVersion"] for page in (first, second, third)} == {
        first["metadata"]["resourceVersion"]
    }


def test_the_rest_is_counted_only_without_selectors(api: Api) -> None:
    for name in "abc":
        api.post(api.path("services"), service(name) | {"metadata": {"name": name, "labels": {"x": "y"}}}).ok()
    assert api.get(api.path("services"), limit=1).ok()["metadata"]["remainingItemCount"] == 2
    assert "remainingItemCount" not in api.get(api.path("services"), limit=1, labelSelector="x").ok()["metadata"]


def test_a_broken_token_is_a_bad_request(api: Api) -> None:
    answer = api.get(api.path("configmaps"), limit=1, **{"continue": "abc"})
    assert (answer.code, answer.reason) == (400, "BadRequest")


def test_a_revision_of_the_future_is_a_timeout(api: Api) -> None:
    answer = api.get(api.path("configmaps"), resourceVersion="999999999")
    assert (answer.code, answer.reason) == (504, "Timeout")
    assert ("ResourceVersionTooLarge", "") in answer.causes


def test_an_exact_revision_shows_the_past(api: Api) -> None:
    path = api.path("configmaps")
    made = api.post(path, config_map("a", {"k": "1"})).ok()
    api.patch(api.path("configmaps", "a"), {"data": {"k": "2"}}).ok()
    api.post(path, config_map("b")).ok()
    revision = made["metadata"]["resourceVersion"]
    listed = api.get(
        path, resourceVersion=revision, resourceVersionMatch="Exact", fieldSelector="metadata.name!=kube-root-ca.crt"
    )
    found = listed.ok()
    assert found["metadata"]["resourceVersion"] == revision
    assert [(item["metadata"]["name"], item["data"]) for item in found["items"]] == [("a", {"k": "1"})]


def test_all_namespaces_are_listed_together(five: Api) -> None:
    selector = f"metadata.namespace={five.namespace}"
    listed = five.get(five.path("configmaps", namespace=""), labelSelector="suite", fieldSelector=selector).ok()
    assert names(listed) == list("abcde")


def test_a_collection_is_deleted_by_selector(five: Api) -> None:
    five.delete(five.path("configmaps"), labelSelector="tier=web").ok()
    assert names(five.get(five.path("configmaps"), labelSelector="suite").ok()) == ["c", "d", "e"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "Table"),
        ("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "PartialObjectMetadataList"),
        ("application/json", "ConfigMapList"),
    ],
)
def test_a_list_comes_in_the_form_that_is_accepted(five: Api, accept: str, kind: str) -> None:
    url = f"{five.url}{five.path('configmaps')}?labelSelector=suite"
    answer = five.pool.request("GET", url, headers=five.headers(accept=accept)).json()
    assert answer["kind"] == kind
    rows = [row["object"] for row in answer["rows"]] if kind == "Table" else answer["items"]
    assert [row["metadata"]["name"] for row in rows] == list("abcde")


def test_what_no_server_speaks_is_not_acceptable(api: Api) -> None:
    url = f"{api.url}{api.path('configmaps')}"
    assert api.pool.request("GET", url, headers=api.headers(accept="text/html")).status == 406
