"""The pod-template hash must equal the one that existing installations carry, or adopting them restarts every pod."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.workloads.template_hash import equal_templates, pod_template_hash, steps_hash
from reconciler.workloads.template_json import encode, encode_template


def a_template(image: str = "img:1", **pod: Any) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": "can"}}, "spec": {"containers": [{"name": "c", "image": image}], **pod}}


RESOURCES = {
    "metadata": {"labels": {"app": "canary-scaledowndelay"}},
    "spec": {
        "containers": [
            {
                "image": "nginx:1.19-alpine",
                "name": "canary-scaledowndelay",
                "resources": {"requests": {"memory": "16Mi", "cpu": 0.005}},
                "ports": [{"protocol": "TCP", "containerPort": 80, "name": "http"}],
            }
        ]
    },
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [(a_template(), "5bdc649f7c"), (a_template("img:2"), "77ff857684"), (RESOURCES, "674d8cf959")],
    ids=["minimal", "other-image", "ports-and-quantities-in-any-order"],
)
def test_hashes_equal_those_of_existing_installations(template: dict[str, Any], expected: str) -> None:
    assert pod_template_hash(template) == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "3s"}}], "868dd5b79c"),
        ([{"setWeight": 80}, {"pause": {}}, {"setWeight": 90}, {"pause": {}}], "668bcdbdf4"),
        ([{"setWeight": 40}, {"pause": {}}], "557c698759"),
    ],
    ids=["trace-a", "trace-h-tie", "trace-h-abort0"],
)
def test_step_hashes_equal_those_recorded_from_the_established_controller(steps: list[Any], expected: str) -> None:
    assert steps_hash(steps) == expected


def test_a_collision_count_gives_another_hash() -> None:
    assert len({pod_template_hash(a_template(), count) for count in (None, 0, 1, 2)}) == 4


def test_fields_that_the_api_does_not_know_do_not_count() -> None:
    assert pod_template_hash(a_template(tippo="x")) == pod_template_hash(a_template())


def test_an_empty_pointer_counts_and_a_null_does_not() -> None:
    assert '"securityContext":{}' in encode_template(a_template(securityContext={}))
    assert encode_template(a_template(securityContext=None)) == encode_template(a_template())


def test_markup_characters_are_escaped_as_go_does() -> None:
    assert encode("<a> & \u2028") == '"\\u003ca\\u003e \\u0026 \\u2028"'


def test_a_stored_template_with_api_defaults_equals_the_one_that_the_user_wrote() -> None:
    stored = a_template(
        restartPolicy="Always", dnsPolicy="ClusterFirst", terminationGracePeriodSeconds=30, securityContext={}
    )
    stored["spec"]["schedulerName"] = "default-scheduler"
    stored["spec"]["containers"][0] |= {
        "imagePullPolicy": "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "resources": {},
    }
    assert equal_templates(a_template(), stored)
    assert not equal_templates(a_template("img:2"), stored)


def test_the_mirrored_service_account_is_ignored() -> None:
    stored = a_template(serviceAccountName="shop", serviceAccount="shop")
    assert equal_templates(a_template(serviceAccountName="shop"), stored)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        (
            {"livenessProbe": {"httpGet": {}}},
            {"livenessProbe": {"httpGet": {"port": 0, "path": "/", "scheme": "HTTP"}}},
        ),
        ({"readinessProbe": {}}, {"readinessProbe": {"periodSeconds": 10, "timeoutSeconds": 1}}),
        ({"lifecycle": {"preStop": {"httpGet": {}}}}, {"lifecycle": {"preStop": {"httpGet": {"port": 0}}}}),
    ],
    ids=["request", "probe", "hook"],
)
def test_a_part_without_fields_is_a_part_and_has_its_defaults(written: dict[str, Any], stored: dict[str, Any]) -> None:
    """The server stores the required fields of a part as zeros, so that it is not empty there."""
    one, other = a_template(), a_template()
    one["spec"]["containers"][0] |= written
    other["spec"]["containers"][0] |= stored
    assert equal_templates(one, other)
