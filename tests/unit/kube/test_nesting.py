"""One object that is nested too deeply for any decoder costs nobody else anything."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from reconciler.kube import nesting
from reconciler.kube.client import HttpCluster
from reconciler.kube.objects import ROLLOUTS
from reconciler.kube.store import Store
from reconciler.kube.watching import parse_event
from reconciler.rollouts.model import decode_rollout

DEPTHS = [300, 990, 1200, 9000]


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


def deep(depth: int, name: str = "deep", version: int = 5, managed: bytes = b"{}") -> bytes:
    meta = b'"metadata":{"name":"%s","namespace":"ns","uid":"%s","resourceVersion":"%d","managedFields":%s}'
    template = b'"template":{"spec":{"volumes":[%s]}}' % nested(depth)
    return b'{"kind":"Rollout",%s,"spec":{%s}}' % (meta % (name.encode(), name.encode(), version, managed), template)


@pytest.mark.parametrize(
    "value", [{}, {"a": [1, {"b": ","}], 'q"u}': 'x"],{', "c": "\\"}, {"items": [[], {}, "]", None]}]
)
def test_fields_and_items_are_those_that_a_decoder_finds(value: dict[str, object]) -> None:
    raw = orjson.dumps(value, option=orjson.OPT_INDENT_2)
    assert {name: orjson.loads(each) for name, each in nesting.fields(raw).items()} == value
    listed = list(value.values())
    assert [orjson.loads(each) for each in nesting.elements(orjson.dumps(listed))] == listed


def test_what_is_not_too_deep_stays_as_it_is() -> None:
    body = {"metadata": {"name": "a", "labels": {"x": "}"}}, "spec": {"list": [1, "two", {"three": None}]}}
    assert orjson.loads(nesting.bearable(orjson.dumps(body))) == body


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("managed", [b"{}", nested(3000)], ids=["", "in metadata too"])
def test_a_store_takes_the_others_in_and_knows_what_is_wrong_with_it(depth: int, managed: bytes) -> None:
    store = Store(decode_rollout)
    store.replace([deep(depth, managed=managed), b'{"metadata":{"name":"plain","namespace":"ns"}}'], "9")
    assert store.get("ns", "plain") is not None
    found = store.get("ns", "deep")
    assert found is not None
    assert depth < 1000 or "Expected `object`, got `str` - at `$.spec`" in found.malformed
    store.drop(deep(depth, version=6, managed=managed))
    assert store.get("ns", "deep") is None


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_list_has_those_beside_it(server: Any, depth: int) -> None:
    page = b'{"metadata":{"resourceVersion":"7"},"items":[%s,%s]}' % (deep(depth), deep(3, "plain"))
    server.then(lambda peer: peer.answer(200, page))
    listed = HttpCluster.for_url(server.url).list_raw(ROLLOUTS)
    store = Store(decode_rollout)
    store.replace(listed.items, listed.resource_version)
    assert {each.metadata.name for each in store.list()} == {"deep", "plain"}
    assert (listed.resource_version, listed.items[1]) == ("7", deep(3, "plain"))


@pytest.mark.parametrize("depth", DEPTHS)
def test_what_is_answered_about_it_can_be_read(server: Any, depth: int) -> None:
    server.then(lambda peer: peer.answer(200, deep(depth)))
    found = HttpCluster.for_url(server.url).get(ROLLOUTS, "ns", "deep")
    assert found["metadata"]["resourceVersion"] == "5"
    assert depth < 1024 or found["spec"] == "nested too deeply"


def test_an_answer_that_is_no_object_at_all_is_not_taken_for_one(server: Any) -> None:
    server.then(lambda peer: peer.answer(200, b"<html>{"))
    with pytest.raises(ValueError, match="unexpected character"):
        HttpCluster.for_url(server.url).get(ROLLOUTS, "ns", "deep")


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_watch_goes_on_after_it(depth: int) -> None:
    event = parse_event(b'{"type":"ADDED","object":%s}' % deep(depth), "watch")
    assert (event.type, event.resource_version) == ("ADDED", "5")
