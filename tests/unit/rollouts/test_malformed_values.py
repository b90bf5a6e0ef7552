"""A value of a wrong type is told with the field it stands in, whatever else is in the object."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from reconciler.experiments.model import decode_experiment
from reconciler.rollouts.model import decode_rollout
from reconciler.rollouts.observe import observe
from reconciler.rollouts.validation import problems
from tests.properties.rollout_world import a_cluster

MISFITS = [
    (("template", "spec", "containers"), [1], "spec.template.spec.containers[0]: Invalid value: must be an object"),
    (("template", "spec", "containers"), [None], "spec.template.spec.containers[0]: Invalid value: must be an object"),
    (("template", "spec", "containers"), {"name": "c"}, "spec.template.spec.containers: Invalid value: must be a list"),
    (
        ("template", "spec", "containers"),
        [{"name": "c", "image": 5}],
        "spec.template.spec.containers[0].image: Invalid value: must be of type string",
    ),
    (
        ("template", "spec", "containers"),
        [{"name": "c", "resources": {"limits": {"cpu": "many"}}}],
        "spec.template.spec.containers[0].resources.limits.cpu: Invalid value: 'many' is not a quantity",
    ),
    (
        ("template", "metadata", "labels"),
        {"app": True},
        "spec.template.metadata.labels.app: Invalid value: must be of type string",
    ),
    (
        ("strategy", "canary", "steps"),
        [{"analysis": {"templates": ["x"]}}],
        "spec.strategy.steps[0].analysis.templates[0]: Invalid value: must be an object",
    ),
]


@pytest.mark.parametrize(("path", "value", "message"), MISFITS, ids=[message for *_, message in MISFITS])
def test_the_field_is_named(path: tuple[str, ...], value: Any, message: str) -> None:
    cluster = a_cluster(steps=[{"setWeight": 50}])
    place = cluster.rollout["spec"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    world = cluster.world()
    assert message in problems(world.rollout, world.template_hash)


def test_such_a_rollout_is_invalid_and_writes_nothing_else() -> None:
    cluster = a_cluster(steps=[{"analysis": {"templates": ["x"]}}])
    cluster.converge()
    assert cluster.status["phase"] == "Degraded"
    assert "spec.strategy.steps[0].analysis.templates[0]: Invalid value: must be an object" in cluster.status["message"]
    assert [kind for kind, _ in cluster.objects] == ["Rollout"]


@pytest.mark.parametrize("depth", [260, 450])
@pytest.mark.parametrize(
    ("field", "where"), [("template", "spec.template"), ("steps", "spec.strategy.steps")], ids=["template", "steps"]
)
def test_what_is_nested_deeper_than_can_be_written_is_invalid(field: str, where: str, depth: int) -> None:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    cluster = a_cluster(steps=[{"plugin": {"name": "load", "config": value}}] if field == "steps" else [])
    if field == "template":
        cluster.rollout["spec"]["template"]["spec"]["volumes"] = [{"name": "v", "x": value}]
    rollout = decode_rollout(json.dumps(cluster.rollout).encode())
    world = observe(rollout, cluster, cluster.analyses)
    assert problems(world.rollout, world.template_hash) == [
        f'{where}: Invalid value: "…": it is nested more than 200 levels deep'
    ]


@pytest.mark.parametrize("decode", [decode_rollout, decode_experiment])
@pytest.mark.parametrize("status", ["", 5, [], True])
def test_a_status_that_has_no_fields_is_a_mistake_like_any_other(decode: Any, status: Any) -> None:
    found = decode(orjson.dumps({"metadata": {"name": "shop", "namespace": "ns"}, "status": status}))
    assert "$.status" in found.malformed
