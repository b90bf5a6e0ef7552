"""The text that a pod template's hash is taken of: any template, in whatever order its fields were written."""

from __future__ import annotations

import json
import random
from importlib import resources
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.workloads.template_hash import equal_templates, pod_template_hash
from reconciler.workloads.template_json import encode_template, typed

FIELDS: dict[str, list[tuple[str, str, int]]] = json.loads(
    (resources.files("reconciler.workloads") / "template_fields.json").read_text()
)
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(max_size=4),
    "bool": st.booleans(),
    "int32": st.integers(-5, 70000),
    "int64": st.integers(-5, 70000),
    "IntOrString": st.integers(0, 99) | st.text("abc%5", max_size=3),
    "Quantity": st.sampled_from(["1", "500m", "0.5", "1Gi", "1024Mi", 2, "1e3", "0"]),
}


def values(kind: str, depth: int) -> st.SearchStrategy[Any]:
    """Values of a Go type, nested at most `depth` structs deep."""
    if kind.startswith("*"):
        return values(kind[1:], depth)
    if kind.startswith("[]"):
        return st.lists(values(kind[2:], depth), max_size=2)
    if kind.startswith("map[string]"):
        return st.dictionaries(st.text("ab/.", max_size=3), values(kind[11:], depth), max_size=2)
    if kind not in FIELDS:
        return SCALARS.get(kind, st.just(None))
    if not depth:
        return st.just({})
    chosen = st.lists(st.sampled_from(FIELDS[kind]), max_size=4, unique_by=lambda field: field[0])
    return chosen.flatmap(
        lambda fields: st.fixed_dictionaries({name: values(type_, depth - 1) for name, type_, _ in fields})
    )


TEMPLATES = values("PodTemplateSpec", 4)


def shuffled(value: Any, dice: random.Random) -> Any:
    if isinstance(value, list):
        return [shuffled(item, dice) for item in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    dice.shuffle(keys)
    return {key: shuffled(value[key], dice) for key in keys}


@given(TEMPLATES, st.randoms())
def test_the_order_in_which_fields_are_written_does_not_count(template: Any, dice: random.Random) -> None:
    assert pod_template_hash(shuffled(template, dice)) == pod_template_hash(template)


@given(TEMPLATES)
def test_what_was_encoded_is_read_as_the_same_template(template: Any) -> None:
    text = encode_template(template)
    assert encode_template(json.loads(text)) == text


@given(TEMPLATES)
def test_fields_stand_in_the_order_of_the_api(template: Any) -> None:
    check_order(json.loads(encode_template(template)), "PodTemplateSpec")


def check_order(value: Any, kind: str) -> None:
    kind = kind.lstrip("*")
    if kind.startswith("[]") and value:
        for item in value:
            check_order(item, kind[2:])
    elif kind.startswith("map[string]") and value:
        assert list(value) == sorted(value)
    elif kind in FIELDS:
        known = {name: type_ for name, type_, _ in FIELDS[kind]}
        assert [name for name in known if name in value] == list(value)
        for name, inner in value.items():
            check_order(inner, known[name])


@settings(max_examples=50)
@given(TEMPLATES)
def test_a_template_equals_itself_as_the_api_server_stores_it(template: Any) -> None:
    assert equal_templates(template, typed(template, "PodTemplateSpec"))
