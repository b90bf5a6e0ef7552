from __future__ import annotations

import copy
from typing import Any

import pytest

from reconciler.sync import pointers

OBJ: dict[str, Any] = {
    "metadata": {"annotations": {"a/b": "1", "c": "2"}},
    "spec": {"replicas": 3, "containers": [{"name": "app", "image": "web:1"}, {"name": "side", "image": "s:1"}]},
}
FIELDS = {
    "f:spec": {"f:replicas": {}, "f:containers": {'k:{"name":"side"}': {".": {}, "f:name": {}, "f:image": {}}}},
    "f:metadata": {"f:annotations": {"f:c": {}}},
}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [("/metadata/annotations/a~1b", "1"), ("/spec/containers/1/image", "s:1"), ("/spec/replicas", 3)],
)
def test_a_pointer_reads_and_drops_what_it_names(pointer: str, value: object) -> None:
    assert pointers.get(OBJ, pointer) == value
    left = copy.deepcopy(OBJ)
    pointers.drop(left, [pointer, "/nowhere/at/all", "/spec/containers/9"])
    assert pointers.get(left, pointer) != value
    assert left != OBJ


def test_fields_of_another_manager_are_dropped_and_no_others() -> None:
    left = copy.deepcopy(OBJ)
    pointers.drop_fields(left, FIELDS)
    assert left == {
        "metadata": {"annotations": {"a/b": "1"}},
        "spec": {"containers": [{"name": "app", "image": "web:1"}, {}]},
    }


@pytest.mark.parametrize(
    ("pointer", "owned"),
    [
        ("/spec/replicas", True),
        ("/spec/containers/1/image", True),
        ("/spec/containers/0/image", False),
        ("/metadata/annotations/c", True),
        ("/metadata/annotations/a~1b", False),
    ],
)
def test_ownership_is_read_from_managed_fields(pointer: str, owned: bool) -> None:
    assert pointers.owns(FIELDS, OBJ, pointer) is owned


def test_a_holder_gets_the_value_and_the_merge_keys_that_lead_to_it() -> None:
    assert pointers.only(OBJ, ["/spec/replicas", "/spec/containers/1/image"], FIELDS) == {
        "spec": {"replicas": 3, "containers": [{"name": "side", "image": "s:1"}]}
    }
