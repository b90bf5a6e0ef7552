"""Laws of server-side apply that hold for all objects; the real server is the judge of the details elsewhere."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.sandbox.schema.structural import from_schema
from reconciler.sandbox.ssa.apply import Conflicts, apply, track
from reconciler.sandbox.ssa.fields import changes, decode, encode, fields_of
from reconciler.sandbox.ssa.managers import ManagerId, Owned, read, write
from reconciler.sandbox.ssa.merge import interleaved, merged, without
from reconciler.sandbox.ssa.paths import NOTHING

STRING = {"type": "string"}
NODE = from_schema(
    {
        "type": "object",
        "properties": {
            "a": {"type": "integer"},
            "labels": {"type": "object", "additionalProperties": STRING},
            "tags": {"type": "array", "items": STRING, "x-kubernetes-list-type": "set"},
            "plain": {"type": "array", "items": STRING},
            "steps": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "properties": {"name": STRING, "weight": {"type": "integer"}}},
            },
        },
    }
)
LETTERS = st.sampled_from("abc")
STEP = st.fixed_dictionaries({"name": LETTERS}, optional={"weight": st.integers(1, 2)})
OBJECTS = st.fixed_dictionaries(
    {},
    optional={
        "a": st.integers(1, 3),
        "labels": st.dictionaries(LETTERS, LETTERS, min_size=1),
        "tags": st.lists(LETTERS, min_size=1, unique=True),
        "plain": st.lists(LETTERS, max_size=2),
        "steps": st.lists(STEP, min_size=1, max_size=3, unique_by=lambda step: step["name"]),
    },
)
ONE = ManagerId("one", "Apply", "v1")
TWO = ManagerId("two", "Apply", "v1")
EDITOR = ManagerId("editor", "Update", "v1")


@given(OBJECTS)
def test_fields_survive_the_wire_format(obj: dict[str, Any]) -> None:
    fields = fields_of(obj, NODE)
    assert decode(encode(fields)) == fields


@given(OBJECTS, OBJECTS)
def test_managers_survive_the_wire_format(first: dict[str, Any], second: dict[str, Any]) -> None:
    owners = track(first, second, NODE, {}, EDITOR, NOTHING)
    assert read(write(owners)) == owners


@given(OBJECTS, OBJECTS)
def test_a_merge_says_what_was_applied_and_keeps_the_rest(live: dict[str, Any], config: dict[str, Any]) -> None:
    result = merged(live, config, NODE)
    assert fields_of(config, NODE) <= fields_of(result, NODE)
    assert fields_of(live, NODE) <= fields_of(result, NODE)
    assert merged(result, config, NODE) == result


@given(OBJECTS, OBJECTS)
def test_changes_are_nothing_exactly_when_nothing_changed(left: dict[str, Any], right: dict[str, Any]) -> None:
    change = changes(left, right, NODE)
    unordered = fields_of(left, NODE) == fields_of(right, NODE) and not change.modified
    assert (change == (NOTHING, NOTHING, NOTHING)) is unordered


@given(OBJECTS)
def test_taking_all_fields_away_leaves_nothing(obj: dict[str, Any]) -> None:
    tops = frozenset((f"f:{name}",) for name in obj)
    assert without(obj, tops, NODE) == {}


@given(OBJECTS, OBJECTS)
def test_applying_twice_is_applying_once(live: dict[str, Any], config: dict[str, Any]) -> None:
    once, owners = apply(live, config, NODE, {}, ONE, force=True)
    twice, again = apply(once, config, NODE, owners, ONE, force=True)
    assert (twice, again) == (once, owners)


@given(OBJECTS, OBJECTS, OBJECTS)
def test_force_never_conflicts_and_owns_what_it_states(
    live: dict[str, Any], first: dict[str, Any], second: dict[str, Any]
) -> None:
    before, owners = apply(live, first, NODE, {}, ONE, force=True)
    result, owners = apply(before, second, NODE, owners, TWO, force=True)
    assert owners[TWO].fields == fields_of(second, NODE)
    for path in owners.get(ONE, owners[TWO]).fields:
        assert path in fields_of(result, NODE)


@given(OBJECTS, OBJECTS)
def test_a_conflict_is_about_a_value_of_somebody_else(first: dict[str, Any], second: dict[str, Any]) -> None:
    before, owners = apply({}, first, NODE, {}, ONE, force=False)
    try:
        result, _ = apply(before, second, NODE, owners, TWO, force=False)
    except Conflicts as found:
        assert {one.manager for one in found.conflicts} == {ONE}
        assert all(one.path in fields_of(second, NODE) for one in found.conflicts)
    else:
        assert fields_of(first, NODE) <= fields_of(result, NODE)


@given(OBJECTS, OBJECTS)
def test_an_applier_that_gives_all_up_leaves_only_what_others_own(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    alone, owners = apply({}, theirs, NODE, {}, TWO, force=True)
    both, owners = apply(alone, mine, NODE, owners, ONE, force=True)
    left, owners = apply(both, {}, NODE, owners, ONE, force=True)
    assert owners.get(TWO, Owned(NOTHING)).fields <= fields_of(left, NODE)
    assert left.keys() <= theirs.keys()


@given(OBJECTS, OBJECTS)
def test_whoever_updates_owns_what_changed(live: dict[str, Any], new: dict[str, Any]) -> None:
    owners = track(live, new, NODE, {}, EDITOR, NOTHING)
    change = changes(live, new, NODE)
    assert (owners[EDITOR].fields if owners else NOTHING) == change.added | change.modified


@given(st.lists(LETTERS, unique=True), st.lists(st.sampled_from("bcde"), unique=True))
def test_a_merged_order_holds_each_once_and_keeps_the_applied_order(old: list[str], new: list[str]) -> None:
    order = interleaved(old, new)
    assert sorted(order) == sorted(set(old) | set(new))
    assert [key for key in order if key in new] == new
