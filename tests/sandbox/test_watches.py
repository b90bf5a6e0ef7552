"""Watches: from a revision, from now, with selectors, bookmarks and an end."""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.server import Sandbox
from tests.sandbox.builders import config_map
from tests.sandbox.client import Api

OURS = {"labelSelector": "suite"}


def labelled(name: str, data: dict[str, str] | None = None, **labels: str) -> dict[str, Any]:
    return config_map(name, data, labels={"suite": "1"} | labels)


def story(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["type"], event["object"]["metadata"].get("name", "")) for event in events]


def test_a_watch_from_a_revision_tells_all_that_happened_since(api: Api) -> None:
    path = api.path("configmaps")
    start = api.post(path, labelled("a")).ok()["metadata"]["resourceVersion"]
    api.patch(api.path("configmaps", "a"), {"data": {"k": "1"}}).ok()
    api.post(path, labelled("b")).ok()
    api.delete(api.path("configmaps", "a")).ok()
    events = api.watch(path, 1, resourceVersion=start, **OURS)
    assert story(events) == [("MODIFIED", "a"), ("ADDED", "b"), ("DELETED", "a")]
    revisions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert revisions == sorted(revisions)
    assert events[2]["object"]["data"] == {"k": "1"}


def test_a_watch_without_a_revision_begins_with_what_there_is(api: Api) -> None:
    path = api.path("configmaps")
    api.post(path, labelled("a")).ok()
    events = api.watching(path, lambda: api.post(path, labelled("b")), **OURS)
    assert story(events) == [("ADDED", "a"), ("ADDED", "b")]


def test_objects_come_and_go_with_the_selector(api: Api) -> None:
    path = api.path("configmaps")
    start = api.post(path, labelled("a")).ok()["metadata"]["resourceVersion"]
    for color in ("red", "blue"):
        api.patch(api.path("configmaps", "a"), {"metadata": {"labels": {"color": color}}}).ok()
    events = api.watch(path, 1, resourceVersion=start, labelSelector="color=red")
    assert story(events) == [("ADDED", "a"), ("DELETED", "a")]
    assert events[1]["object"]["metadata"]["labels"]["color"] == "red"


def test_one_object_is_watched_by_a_field_selector(api: Api) -> None:
    path = api.path("configmaps")
    for name in "ab":
        api.post(path, labelled(name)).ok()
    events = api.watch(path, 1, fieldSelector="metadata.name=b")
    assert story(events) == [("ADDED", "b")]


def test_a_streamed_list_ends_with_a_bookmark_that_says_so(api: Api) -> None:
    path = api.path("configmaps")
    for name in "ab":
        api.post(path, labelled(name)).ok()
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    events = api.watch(path, 1, **OURS, **query)
    assert sorted(story(events)[:2]) == [("ADDED", "a"), ("ADDED", "b")]
    assert events[2]["type"] == "BOOKMARK"
    assert events[2]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_watch_ends_when_its_time_is_over(api: Api) -> None:
    assert api.watch(api.path("configmaps"), 1, labelSelector="nothing=here") == []


def test_a_revision_that_is_no_number_is_refused(api: Api) -> None:
    events = api.watch(api.path("configmaps"), 1, resourceVersion="abc")
    assert (events[0]["type"], events[0]["object"]["code"]) == ("HTTP", 500)


def test_rows_are_watched_as_tables(api: Api) -> None:
    api.post(api.path("configmaps"), labelled("a")).ok()
    url = f"{api.url}{api.path('configmaps')}?watch=true&timeoutSeconds=1&labelSelector=suite"
    table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
    event = api.pool.request("GET", url, headers=api.headers(accept=table)).json()
    assert event["object"]["kind"] == "Table"
    assert event["object"]["rows"][0]["cells"][0] == "a"


def test_a_forgotten_revision_is_gone_for_watches_and_lists() -> None:
    with Sandbox(window=3) as sandbox:
        api = Api(sandbox.url, namespace="default")
        path = api.path("configmaps")
        start = api.post(path, labelled("a")).ok()["metadata"]["resourceVersion"]
        page = api.get(path, limit=1).ok()
        api.post(path, labelled("b")).ok()
        assert story(api.watch(path, 1, resourceVersion=start)) == [("ADDED", "b")]
        token = api.get(path, limit=1).ok()["metadata"]["continue"]
        for number in range(5):
            api.patch(api.path("configmaps", "a"), {"data": {"k": str(number)}}).ok()
        (event,) = api.watch(path, 1, resourceVersion=start)
        assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
        expired = api.get(path, limit=1, **{"continue": token})
        assert (expired.code, expired.reason) == (410, "Expired")
        rest = api.get(path, limit=1, **{"continue": expired.body["metadata"]["continue"]}).ok()
        assert [item["metadata"]["name"] for item in rest["items"]] == ["b"]
        exact = {"resourceVersion": page["metadata"]["resourceVersion"], "resourceVersionMatch": "Exact"}
        assert api.get(path, **exact).code == 410


def test_an_idle_watch_hears_where_it_is() -> None:
    with Sandbox(bookmark_seconds=0.2) as sandbox:
        api = Api(sandbox.url, namespace="default")
        path = api.path("configmaps")
        start = api.post(path, labelled("a")).ok()["metadata"]["resourceVersion"]
        last = api.post(api.path("secrets"), {"metadata": {"name": "s"}}).ok()["metadata"]["resourceVersion"]
        events = api.watch(path, 1, resourceVersion=start, allowWatchBookmarks="true")
        assert {event["type"] for event in events} == {"BOOKMARK"}
        assert events[0]["object"]["metadata"]["resourceVersion"] == last
