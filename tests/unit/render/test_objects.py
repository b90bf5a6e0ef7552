"""From documents to targets: lists, shape, namespaces, duplicates, digests."""

from __future__ import annotations

import pytest

from reconciler.render.model import ObjectKey
from tests.unit.render.scene import Scene, config_map

CRD = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: fleets.x.io}
spec: {group: x.io, scope: Cluster, names: {kind: Fleet}}
---
apiVersion: x.io/v1
kind: Fleet
metadata: {name: all, namespace: dropped}
"""


def an_object(head: str = "apiVersion: v1\nkind: ConfigMap\n", metadata: str = "{name: a}") -> str:
    return f"{head}metadata: {metadata}\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind: ConfigMap\nmetadata: {name: a}\n", "a.yaml:1:1: ConfigMap a: apiVersion is missing"),
        (an_object("apiVersion: v1/\nkind: X\n"), "a.yaml:1:1: X a: apiVersion is 'v1/'"),
        (an_object("apiVersion: v1\nkind: 3\n"), "a.yaml:2:1: kind is '3'"),
        (an_object(metadata="[]"), "a.yaml:3:1: ConfigMap: metadata is '[]'"),
        (an_object(metadata="{}"), "a.yaml:3:1: ConfigMap: metadata.name is missing"),
        (an_object(metadata="{name: 12}"), "a.yaml:3:12: ConfigMap: metadata.name is '12'"),
        (an_object(metadata="{name: A_b}"), "a.yaml:3:12: ConfigMap A_b: metadata.name 'A_b' is not a valid name"),
        (an_object(metadata="{generateName: a-}"), "a.yaml:3:12: ConfigMap: metadata.generateName without"),
        (an_object(metadata="{name: a, namespace: 7}"), "a.yaml:3:21: ConfigMap a: metadata.namespace 7"),
        (an_object(metadata="{name: a, labels: {on-call: yes}}"), 'is a boolean, but must be text (write "true")'),
        (an_object(metadata="{name: a, annotations: {port: 80}}"), 'is a number, but must be text (write "80")'),
        (an_object(metadata="{name: a, labels: [x]}"), "metadata.labels is a list"),
    ],
    ids=lambda value: None,
)
def test_a_malformed_object_is_named_with_its_place(scene: Scene, text: str, says: str) -> None:
    scene.write_all({"a.yaml": text + "---\n" + config_map("ok")})
    (problem,) = scene.problems()
    assert says in problem


def test_names_of_rbac_objects_may_hold_colons(scene: Scene) -> None:
    scene.write_all(
        {"a.yaml": an_object("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n", "{name: 'a:b'}")}
    )
    assert scene.names() == ["a:b"]


def test_lists_are_expanded_in_place_and_errors_carry_the_line_of_the_item(scene: Scene) -> None:
    scene.write_all({
        "a.yaml": "apiVersion: v1\nkind: List\nitems:\n"
        "- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"
        "- apiVersion: v1\n  kind: SecretList\n  items:\n  - metadata: {name: b}\n",
        "empty.yaml": "apiVersion: v1\nkind: ConfigMapList\nitems: null\nmetadata: {}\n",
    })  # fmt: skip
    targets = scene.render().targets
    assert [(target.key.kind, target.key.name, str(target.at)) for target in targets] == [
        ("ConfigMap", "a", "a.yaml:4"),
        ("Secret", "b", "a.yaml:8"),
    ]
    assert str(targets[1].place("metadata", "name")) == "a.yaml:8:16"


def test_a_kind_that_only_ends_in_list_is_an_object(scene: Scene) -> None:
    scene.write_all({"a.yaml": an_object("apiVersion: teleport.dev/v1\nkind: AccessList\n") + "spec: {items: 3}\n"})
    assert scene.names() == ["a"]


def test_lists_of_lists_end_at_three(scene: Scene) -> None:
    text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"
    for _ in range(4):
        text = f"{{apiVersion: v1, kind: List, metadata: {{}}, items: [{text}]}}"
    scene.write_all({"a.yaml": text})
    assert scene.problems() == ["a.yaml:1: lists are nested deeper than 3"]


def test_the_namespace_is_filled_in_kept_or_removed_by_scope(scene: Scene) -> None:
    scene.write_all({
        "a.yaml": config_map("default"),
        "b.yaml": config_map("kept", "  namespace: other\n"),
        "c.yaml": an_object("apiVersion: v1\nkind: Namespace\n", "{name: ns, namespace: x}"),
    })  # fmt: skip
    targets = {target.key.name: target for target in scene.render(namespace="shop").targets}
    assert {name: target.key.namespace for name, target in targets.items()} == {
        "default": "shop",
        "kept": "other",
        "ns": "",
    }
    assert targets["default"].object["metadata"] == {"name": "default", "namespace": "shop"}
    assert targets["ns"].object["metadata"] == {"name": "ns"}


def test_a_crd_of_the_same_render_decides_the_scope_of_its_objects(scene: Scene) -> None:
    scene.write_all({"a.yaml": CRD})
    rendered = scene.render()
    assert ObjectKey("x.io", "Fleet", "", "all") in [target.key for target in rendered.targets]
    assert rendered.warnings == ()


def test_an_unknown_kind_is_taken_as_namespaced_with_a_warning(scene: Scene) -> None:
    scene.write_all({"a.yaml": an_object("apiVersion: x.io/v1\nkind: Boat\n")})
    rendered = scene.render(scopes=lambda version, kind: None)
    assert rendered.targets[0].key == ObjectKey("x.io", "Boat", "shop", "a")
    assert "the cluster does not know Boat of x.io/v1" in str(rendered.warnings[0])


def test_an_object_that_is_there_twice_is_an_error_whatever_its_version(scene: Scene) -> None:
    scene.write_all({
        "a.yaml": an_object("apiVersion: apps/v1\nkind: Deployment\n"),
        "b.yaml": an_object("apiVersion: apps/v1beta1\nkind: Deployment\n", "{name: a, namespace: shop}"),
        "c.yaml": an_object("apiVersion: apps/v1\nkind: Deployment\n", "{name: a, namespace: other}"),
    })  # fmt: skip
    assert scene.problems() == [
        "b.yaml:1: Deployment.apps shop/a is there twice (it is also in a.yaml:1; remove one of the two)"
    ]


def test_the_digest_depends_on_contents_and_namespace_only(scene: Scene) -> None:
    scene.write_all({"a.yaml": config_map("a"), "b.yaml": config_map("b")})
    first = scene.render()
    (scene.root / "b.yaml").unlink()
    scene.write_all({"a.yaml": "# a comment\n" + config_map("b") + "---\n" + config_map("a")})
    assert scene.render().digest == first.digest
    assert scene.render(namespace="elsewhere").digest != first.digest
    scene.write_all({"a.yaml": config_map("a", "data: {}\n") + "---\n" + config_map("b")})
    assert scene.render().digest != first.digest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1, "a": 2, "kind": 1, "apiVersion": 1, "metadata": 1}', "key 'a' is there twice"),
        ('{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}{}', "a.json:1:69: Extra data"),
        ('{"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "x": NaN}', "NaN is not JSON"),
        ('{"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "x": "\\ud800"}', "not Unicode"),
        ('{"apiVersion": "v1", "kind": "X", "metadata": ' + "[" * 200_000, "a.json"),
    ],
    ids=["duplicate", "two values", "NaN", "surrogate", "depth"],
)
def test_json_is_one_strict_value(scene: Scene, text: str, says: str) -> None:
    scene.write_all({"a.json": text})
    assert says in scene.problems()[0]


def test_numbers_beyond_64_bits_are_floats_as_in_go(scene: Scene) -> None:
    scene.write_all(
        {"a.json": '{"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "x": 18446744073709551616}'}
    )
    assert scene.render().targets[0].object["x"] == pytest.approx(18446744073709551616.0)
