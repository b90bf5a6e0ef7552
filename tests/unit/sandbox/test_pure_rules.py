"""Tables of rules that need no server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.sandbox.controllers.rolling import Size, absolute, bounds, new_size, old_sizes
from reconciler.sandbox.kinds import built_in
from reconciler.sandbox.schema.decode import stored_quantity
from reconciler.sandbox.selectors import object_selector_matches, selector_text
from reconciler.sandbox.store import Expired, Store
from reconciler.sandbox.wire.table import json_path


@pytest.mark.parametrize(
    ("written", "stored"),
    {
        "0.5": "500m",
        "1000m": "1",
        "1024Mi": "1Gi",
        "1536Mi": "1536Mi",
        "0.1": "100m",
        "1e3": "1e3",
        "100k": "100k",
        "1000k": "1M",
        "0": "0",
        "1.5Gi": "1536Mi",
        "500": "500",
        "nonsense": "nonsense",
    }.items(),
)
def test_quantities_are_stored_in_their_canonical_form(written: str, stored: str) -> None:
    assert stored_quantity(written) == stored


@pytest.mark.parametrize(
    ("value", "up", "expected"),
    [("25%", True, 1), ("25%", False, 0), ("50%", True, 2), (3, True, 3), ("100%", False, 3)],
)
def test_shares_of_three_replicas_are_rounded_as_asked(value: int | str, up: bool, expected: int) -> None:
    assert absolute(value, 3, up=up) == expected


def test_a_rolling_update_can_always_move() -> None:
    assert bounds(4, 0, 0) == (4, 3)


@given(st.integers(0, 10), st.integers(0, 3), st.integers(0, 3), st.integers(0, 5))
def test_a_rolling_update_ends_and_keeps_its_bounds(replicas: int, surge: int, unavailable: int, stuck: int) -> None:
    """Pods become available at once, but for `stuck` old ones that never were."""
    most, fewest = bounds(replicas, surge, unavailable)
    new, old = Size(0, 0, 0), Size(replicas, replicas, max(0, replicas - stuck))
    for _ in range(4 * replicas + 4):
        grown = new_size(replicas, most, new, [old])
        new = Size(grown, grown, new.available)
        (kept,) = old_sizes(fewest, new, [old])
        old = Size(kept, kept, min(old.available, kept))
        assert new.wanted + old.wanted <= max(most, replicas)
        assert new.available + old.available >= min(fewest, max(0, replicas - stuck))
        new = Size(grown, grown, grown)
    assert (new.wanted, old.wanted) == (replicas, 0)


@pytest.mark.parametrize(
    ("selector", "labels", "matches"),
    [
        (None, {}, False),
        ({}, {"a": "b"}, True),
        ({"matchLabels": {"a": "b"}}, {"a": "b", "c": "d"}, True),
        ({"matchLabels": {"a": "b"}}, {"a": "c"}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["b", "c"]}]}, {"a": "c"}, True),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}]}, {}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {}, False),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {}, True),
    ],
)
def test_selectors_of_objects_select(selector: dict[str, Any] | None, labels: dict[str, str], matches: bool) -> None:
    assert object_selector_matches(selector, labels) is matches


def test_a_selector_is_shown_as_a_query() -> None:
    expressions = [{"key": "b", "operator": "In", "values": ["y", "x"]}, {"key": "c", "operator": "DoesNotExist"}]
    assert selector_text({"matchLabels": {"a": "1"}, "matchExpressions": expressions}) == "a=1,b in (x,y),!c"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.size", 3),
        (".status.conditions[?(@.type=='Ready')].status", "True"),
        (".spec.list[1]", "b"),
        (".metadata.annotations['x.y/z']", "q"),
        (".nothing.here", None),
        (".spec.list[7]", None),
    ],
)
def test_printer_columns_find_their_values(path: str, found: Any) -> None:
    obj = {
        "spec": {"size": 3, "list": ["a", "b"]},
        "status": {"conditions": [{"type": "Other", "status": "False"}, {"type": "Ready", "status": "True"}]},
        "metadata": {"annotations": {"x.y/z": "q"}},
    }
    assert json_path(obj, path) == found


NAMES = st.sampled_from("ab")
STEPS = st.lists(st.tuples(st.sampled_from(["put", "put", "remove"]), NAMES), max_size=12)


@given(STEPS)
def test_the_store_remembers_every_moment_of_its_window(steps: list[tuple[str, str]]) -> None:
    store = Store(window=6)
    moments = {0: {}}
    for number, (what, name) in enumerate(steps):
        if what == "put":
            store.put("things", {"metadata": {"name": name, "namespace": ""}, "n": number})
        elif store.get("things", "", name):
            store.remove("things", "", name)
        moments[store.revision] = dict(store.objects.get("things", {}))
    for revision, objects in moments.items():
        try:
            assert store.at("things", revision) == objects
        except Expired:
            assert revision <= store.revision - 6


def test_every_built_in_kind_has_a_schema_and_its_own_place() -> None:
    kinds = built_in()
    assert len({kind.storage for kind in kinds}) == len(kinds)
    assert all({"metadata", "apiVersion", "kind"} <= kind.schema.fields.keys() for kind in kinds)
