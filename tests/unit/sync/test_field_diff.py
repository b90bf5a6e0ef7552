from __future__ import annotations

import base64
import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sync_builders import deployment, target

from reconciler.sync.diff import FieldChange, Masker, difference

LIVE = deployment("web").object


def edited(**spec: Any) -> dict[str, Any]:
    obj = copy.deepcopy(LIVE)
    obj["spec"].update(spec)
    return obj


def test_a_changed_image_is_one_change_with_its_path() -> None:
    new = deployment("web", "web:2").object
    assert difference(LIVE, new) == (FieldChange("spec.template.spec.containers[name=app].image", "web:1", "web:2"),)


def test_an_inserted_container_is_one_change() -> None:
    new = copy.deepcopy(LIVE)
    new["spec"]["template"]["spec"]["containers"].insert(0, {"name": "first", "image": "f:1"})
    assert [change.path for change in difference(LIVE, new)] == ["spec.template.spec.containers[name=first]"]


def test_what_only_the_server_writes_is_no_difference() -> None:
    live = copy.deepcopy(LIVE)
    live["metadata"] |= {"uid": "u", "resourceVersion": "7", "generation": 3, "managedFields": [], "labels": {}}
    live["status"] = {"readyReplicas": 2}
    assert difference(live, {**LIVE, "metadata": {**LIVE["metadata"], "creationTimestamp": None}}) == ()


def test_true_and_one_are_different() -> None:
    assert difference(edited(flag=1), edited(flag=True)) == (FieldChange("spec.flag", 1, True),)


def test_a_key_with_a_dot_is_quoted() -> None:
    new = copy.deepcopy(LIVE)
    new["metadata"]["annotations"] = {"a.b/c": "1"}
    assert difference(LIVE, new)[0].path == "metadata.annotations"
    old = copy.deepcopy(new)
    old["metadata"]["annotations"]["a.b/c"] = "2"
    assert difference(old, new)[0].path == 'metadata.annotations["a.b/c"]'


def secret(**data: str) -> dict[str, Any]:
    return target("Secret", "s", stringData=data).object


def test_values_of_secrets_are_marks_that_show_only_equal_or_not() -> None:
    changes = difference(secret(a="canary-1", b="canary-2", c="x"), secret(a="canary-2", b="canary-1", c="x"))
    assert [(c.path, c.old, c.new) for c in changes] == [
        ("data.a", "••••1", "••••2"),
        ("data.b", "••••2", "••••1"),
    ]


def test_one_side_being_a_secret_is_enough_to_mask() -> None:
    fake = {**secret(a="canary"), "kind": "ConfigMap", "data": {"a": "canary"}}
    assert "canary" not in repr(difference(fake, secret(a="other")))


@given(st.dictionaries(st.text(min_size=1), st.text(min_size=6), min_size=1))
def test_no_value_of_a_secret_ever_leaves(data: dict[str, str]) -> None:
    shown = [repr((c.old, c.new)) for c in difference(None, secret(**data), Masker())]
    for value in data.values():
        assert all(base64.b64encode(value.encode()).decode() not in text for text in shown)


def test_aggregated_roles_do_not_differ_by_the_rules_that_the_server_fills_in() -> None:
    role = target("ClusterRole", "r", "rbac.authorization.k8s.io/v1", namespace="", aggregationRule={"x": 1}).object
    assert difference({**role, "rules": [{"verbs": ["get"]}]}, role) == ()
