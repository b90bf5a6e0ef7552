from __future__ import annotations

import pytest
from sync_builders import application, config_map, deployment, target

from reconciler.apps.record import Key
from reconciler.config.model import IgnoreDifference
from reconciler.errors import UserError
from reconciler.sync.declared import declare, matches
from reconciler.sync.tracking import label_value, owner_of

WEB = Key("apps", "Deployment", "shop", "web")


def names(desired) -> list[str]:
    return [f"{item.key.kind}/{item.key.name}" for item in desired.objects]


def test_objects_are_ordered_by_wave_then_kind_then_name() -> None:
    targets = [
        deployment("web"),
        config_map("early", wave=-1),
        target("Widget", "w", "x.io/v1"),
        target("CustomResourceDefinition", "widgets.x.io", "apiextensions.k8s.io/v1", namespace=""),
        target("ValidatingWebhookConfiguration", "hook", "admissionregistration.k8s.io/v1", namespace=""),
        target("Namespace", "shop", namespace=""),
        config_map("b"),
        config_map("a"),
    ]
    assert names(declare(application(), targets)) == [
        "ConfigMap/early",
        "CustomResourceDefinition/widgets.x.io",
        "Namespace/shop",
        "ConfigMap/a",
        "ConfigMap/b",
        "Deployment/web",
        "Widget/w",
        "ValidatingWebhookConfiguration/hook",
    ]


def test_a_hook_is_not_applied_and_says_so() -> None:
    job = target("Job", "migrate", "batch/v1", annotations={"argocd.argoproj.io/hook": "PreSync"})
    desired = declare(application(), [job, config_map("a")])
    assert names(desired) == ["ConfigMap/a"]
    assert "PreSync hook" in desired.warnings[0].what


def test_an_impossible_wave_is_told_with_its_place() -> None:
    bad = target("ConfigMap", "a", annotations={"argocd.argoproj.io/sync-wave": "soon"})
    with pytest.raises(UserError, match="whole number") as caught:
        declare(application(), [bad])
    assert caught.value.problems[0].at == bad.at


def test_every_object_says_whose_it_is_and_a_copy_of_it_does_not() -> None:
    item = declare(application(), [deployment("web")]).objects[0]
    assert owner_of(item.body, WEB) == "shop"
    assert owner_of(item.body, WEB._replace(name="copy")) == ""
    assert "labels" not in item.body["spec"]["template"]["metadata"] or (
        "reconciler.dev/app" not in item.body["spec"]["template"]["metadata"]["labels"]
    )


def test_label_values_of_different_applications_never_collide() -> None:
    assert label_value("shop") == "shop"
    assert label_value("a" * 64) != label_value("a" * 65)
    assert len(label_value("a" * 300)) <= 63


def test_replicas_of_an_autoscaled_workload_are_left_alone() -> None:
    scaler = target(
        "HorizontalPodAutoscaler",
        "web",
        "autoscaling/v2",
        spec={"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
    )
    two, five = (
        {item.key: item for item in declare(application(), [scaler, deployment("web", replicas=n)]).objects}[WEB]
        for n in (2, 5)
    )
    assert two.ignored == ("/spec/replicas",)
    assert two.digest == five.digest
    assert two.body["spec"]["replicas"] == 2


def test_an_ignored_field_does_not_count_as_a_change() -> None:
    rule = IgnoreDifference("apps", "Deployment", json_pointers=("/spec/template/spec/containers/0/image",))
    app = application(ignore_differences=(rule,))
    one, two = (declare(app, [deployment("web", image)]).objects[0] for image in ("web:1", "web:2"))
    assert one.digest == two.digest


def test_a_pointer_without_a_slash_is_told() -> None:
    app = application(ignore_differences=(IgnoreDifference("*", "*", json_pointers=("spec.replicas",)),))
    with pytest.raises(UserError, match="starts with a slash"):
        declare(app, [deployment("web")])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (IgnoreDifference("apps", "Deployment"), True),
        (IgnoreDifference("*", "*"), True),
        (IgnoreDifference("", "Deployment"), False),
        (IgnoreDifference("apps", "*", name="web-*"), False),
        (IgnoreDifference("apps", "Deploy*", name="web", namespace="shop"), True),
        (IgnoreDifference("apps", "Deployment", namespace="other"), False),
    ],
)
def test_a_rule_matches_by_glob(rule: IgnoreDifference, expected: bool) -> None:
    assert matches(rule, WEB) is expected


def test_plain_text_of_a_secret_is_the_same_as_its_base64() -> None:
    plain, encoded = (
        declare(application(), [target("Secret", "s", **body)]).objects[0]
        for body in ({"stringData": {"k": "v"}, "data": {"k": "b2xk"}}, {"data": {"k": "dg=="}})
    )
    assert plain.digest == encoded.digest
    assert "stringData" not in plain.body
