from __future__ import annotations

from typing import Any

import msgspec
import orjson
import pytest

from reconciler.kube.objects import Meta
from reconciler.kube.store import Store, is_newer


class Thing(msgspec.Struct, frozen=True):
    metadata: Meta
    size: int = 0


Change = tuple[int | None, int | None]


@pytest.fixture
def store() -> Store[Thing]:
    return Store(msgspec.json.Decoder(Thing).decode, index_labels=["app"])


@pytest.fixture
def changes(store: Store[Thing]) -> list[Change]:
    seen: list[Change] = []
    store.subscribe(lambda old, new: seen.append((old.size if old else None, new.size if new else None)))
    return seen


def a_thing(name: str, version: int | str, size: Any = 0, *, uid: str = "", owner: str = "", app: str = "") -> bytes:
    owners = [{"uid": owner, "controller": True}, {"uid": "other", "controller": False}] if owner else []
    labels = {"app": app} if app else {}
    metadata = {
        "namespace": "shop",
        "name": name,
        "uid": uid or f"uid-{name}",
        "resourceVersion": str(version),
        "ownerReferences": owners,
        "labels": labels,
    }
    return orjson.dumps({"metadata": metadata, "size": size})


def names(things: list[Thing]) -> list[str]:
    return [thing.metadata.name for thing in things]


def test_what_is_put_can_be_found_by_name_owner_and_label(store: Store[Thing]) -> None:
    store.put(a_thing("a", 1, owner="o1", app="web"))
    store.put(a_thing("b", 2, owner="o1", app="api"))
    store.put(a_thing("c", 3))
    assert names(store.owned_by("o1")) == ["a", "b"]
    assert store.owned_by("other") == []
    assert names(store.labelled("app", "web")) == ["a"]
    assert len(store.list("shop")) == 3
    assert store.list("elsewhere") == []
    assert store.get("shop", "c") is not None


def test_indexes_follow_a_change_of_owner_and_label(store: Store[Thing]) -> None:
    store.put(a_thing("a", 1, owner="o1", app="web"))
    store.put(a_thing("a", 2, owner="o2", app="api"))
    assert store.owned_by("o1") == []
    assert store.labelled("app", "web") == []
    assert names(store.owned_by("o2")) == ["a"]
    store.drop(a_thing("a", 3))
    assert store.owned_by("o2") == []
    assert store.labelled("app", "api") == []


def test_a_label_that_is_not_indexed_cannot_be_asked_for(store: Store[Thing]) -> None:
    with pytest.raises(KeyError, match="not indexed"):
        store.labelled("tier", "x")


def test_a_write_is_seen_at_once_and_its_echo_changes_nothing(store: Store[Thing], changes: list[Change]) -> None:
    store.put(a_thing("a", 1, 1))
    store.put_answer(orjson.loads(a_thing("a", 5, 5)))
    store.put(a_thing("a", 3, 3))  # the watch is behind
    store.put(a_thing("a", 5, 5))
    assert store.list()[0].size == 5
    assert changes == [(None, 1), (1, 5)]


def test_a_late_answer_does_not_bring_a_deleted_object_back(store: Store[Thing], changes: list[Change]) -> None:
    store.put(a_thing("a", 1, 1))
    store.drop(a_thing("a", 7, 1))
    store.put_answer(a_thing("a", 6, 6))
    assert store.list() == []
    assert changes == [(None, 1), (1, None)]


def test_an_object_made_anew_under_the_same_name_is_seen(store: Store[Thing]) -> None:
    store.put(a_thing("a", 1, 1, uid="u1"))
    store.put_answer(a_thing("a", 8, 8, uid="u2"))
    store.drop(a_thing("a", 7, 1, uid="u1"))  # the old one's deletion arrives late
    assert store.list()[0].size == 8


def test_an_object_that_left_a_selection_can_come_back(store: Store[Thing]) -> None:
    store.put(a_thing("a", 1, 1))
    store.drop(a_thing("a", 2, 1))
    store.put(a_thing("a", 3, 3))
    assert store.list()[0].size == 3


def test_a_new_list_tells_of_deletions_and_keeps_what_was_written_since(
    store: Store[Thing], changes: list[Change]
) -> None:
    store.put(a_thing("gone", 1, 1))
    store.put(a_thing("kept", 2, 2))
    store.put_answer(a_thing("fresh", 12, 12))
    store.replace([a_thing("kept", 2, 2), a_thing("new", 5, 5)], "10")
    assert sorted(names(store.list())) == ["fresh", "kept", "new"]
    assert changes[3:] == [(None, 5), (1, None)]
    store.put_answer(a_thing("gone", 9, 9))
    assert store.get("shop", "gone") is None


def test_an_object_that_cannot_be_read_is_remembered_and_the_others_go_on(store: Store[Thing]) -> None:
    store.replace([a_thing("bad", 1, "big"), a_thing("good", 2, 2)], "2")
    assert names(store.list()) == ["good"]
    assert "int" in store.undecodable["shop", "bad"]
    store.put(a_thing("bad", 3, 3))
    assert store.undecodable == {}


@pytest.mark.parametrize("leave", ["deleted", "missing from a list"])
def test_an_unreadable_object_that_is_gone_is_forgotten(store: Store[Thing], leave: str) -> None:
    store.put(a_thing("bad", 1, "big"))
    store.drop(a_thing("bad", 2)) if leave == "deleted" else store.replace([], "2")
    assert store.undecodable == {}


def test_a_listener_that_fails_stops_nobody(store: Store[Thing], changes: list[Change]) -> None:
    store.subscribe(lambda _old, _new: 1 // 0)
    store.put(a_thing("a", 1, 1))
    assert changes == [(None, 1)]


@pytest.mark.parametrize(
    ("version", "than", "newer"),
    [("10", "9", True), ("9", "10", False), ("9", "9", False), ("b", "a", True), ("a", "a", False)],
)
def test_versions_are_compared_as_numbers_where_they_are_numbers(version: str, than: str, newer: bool) -> None:
    assert is_newer(version, than) is newer


class Specified(msgspec.Struct, frozen=True):
    metadata: Meta
    spec: dict[str, int]


def test_a_spec_that_says_the_same_stays_the_same_object() -> None:
    store: Store[Specified] = Store(msgspec.json.Decoder(Specified).decode)
    kept = []
    for version, size in ((1, 3), (2, 3), (3, 4)):
        store.put(orjson.dumps({**orjson.loads(a_thing("a", version)), "spec": {"size": size}}))
        found = store.get("shop", "a")
        assert found
        kept.append(found)
    assert kept[0].spec is kept[1].spec
    assert kept[1].metadata.resource_version == "2"
    assert kept[2].spec == {"size": 4}
