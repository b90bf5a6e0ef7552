"""A pod template that Kubernetes would refuse is refused with the same fields, before any ReplicaSet is made.

The cases are data: `tests/cluster/test_pod_template_rules.py` holds a real API server to them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.workloads import podrules
from tests.properties.rollout_world import a_cluster, merge, template

CASES = yaml.safe_load((Path(__file__).parents[2] / "golden" / "rollouts" / "pod-templates.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_fields_that_are_wrong_are_named(case: dict[str, Any]) -> None:
    found = podrules.problems(merge(template("shop:1"), case["template"]), "")
    assert [text.partition(": ")[0].removeprefix(".") for text in found] == case.get("at", [])


def test_all_are_told_in_the_status_with_those_of_the_other_fields() -> None:
    broken = merge(template("shop:1"), {"spec": {"containers": [{"name": "A", "image": ""}]}})
    cluster = a_cluster(template=broken, steps=[{"setWeight": 120}])
    cluster.converge()
    told = cluster.status["message"].split("; and: ")
    assert [text.partition(": ")[0] for text in told[1].split("; ")] == [
        "spec.template.spec.containers[0].image",
        "spec.strategy.steps[0].setWeight",
    ]
    assert "spec.template.spec.containers[0].name: Invalid value" in told[0]


def test_privileged_containers_are_left_to_the_cluster() -> None:
    privileged = {"name": "a", "image": "i", "securityContext": {"privileged": True}}
    assert not list(podrules.problems(merge(template("i"), {"spec": {"containers": [privileged]}}), ""))


def test_a_null_is_nothing() -> None:
    nulls = {"labels": {"app": None}, "annotations": None}
    body = {**template("i"), "metadata": nulls}
    body["spec"] = {**body["spec"], "volumes": [{"name": "a", "emptyDir": None}], "nodeSelector": {"disk": None}}
    assert not list(podrules.problems(body, ""))


_TEXTS = st.text(max_size=8)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 99999) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)
_FIELDS = ("affinity", "containers", "dnsConfig", "hostAliases", "initContainers", "tolerations", "volumes", "hostname")


@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=4))
def test_no_template_whatever_makes_the_rules_stumble(spec: dict[str, Any]) -> None:
    cluster = a_cluster(template=merge(template("shop:1"), {"spec": spec}))
    cluster.reconcile()
