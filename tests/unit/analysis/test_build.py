from typing import Any

import msgspec
import pytest

from reconciler.analysis.build import build_run, settle_name
from reconciler.analysis.model import AnalysisRun, AnalysisTemplate
from reconciler.analysis.templates import TemplateLookup
from reconciler.errors import UserError

ROLLOUT: dict[str, Any] = {
    "metadata": {"name": "shop", "namespace": "prod", "uid": "u1", "labels": {"team": "web"}},
    "spec": {
        "selector": {"matchLabels": {"app": "shop"}},
        "template": {"spec": {"containers": [{"image": "shop:2"}]}},
    },
    "status": {"canary": {"weights": {"canary": {"weight": 20}}}},
}


def a_template(name: str, *metrics: str, cluster: bool = False, **spec: Any) -> AnalysisTemplate:
    annotations = spec.pop("annotations", {})
    return msgspec.convert(
        {
            "metadata": {"name": name, "namespace": "" if cluster else "prod", "annotations": annotations},
            "spec": {"metrics": [{"name": metric, "unknown": {"kept": 1}} for metric in metrics], **spec},
        },
        AnalysisTemplate,
    )


def lookup(*templates: AnalysisTemplate) -> TemplateLookup:
    table = {(t.metadata.name, not t.metadata.namespace): t for t in templates}
    return lambda name, cluster: table.get((name, cluster))


def build(*templates: AnalysisTemplate, refs: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    default = [{"templateName": t.metadata.name, "clusterScope": not t.metadata.namespace} for t in templates]
    kind, step = more.pop("kind", "Step"), more.pop("step_index", 3)
    return build_run(
        rollout=ROLLOUT,
        templates=lookup(*templates),
        analysis={"templates": default if refs is None else refs, **more},
        kind=kind,
        step_index=step,
        stable_hash="aaa",
        latest_hash="bbb",
        revision=7,
        instance_id="blue",
    )


def problems(*templates: AnalysisTemplate, **more: Any) -> str:
    with pytest.raises(UserError) as caught:
        build(*templates, **more)
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "step", "name"),
    [
        ("Step", 3, "shop-bbb-7-3"),
        ("Background", None, "shop-bbb-7"),
        ("PrePromotion", None, "shop-bbb-7-pre"),
        ("PostPromotion", None, "shop-bbb-7-post"),
    ],
)
def test_a_run_is_named_after_rollout_hash_revision_and_kind(kind: str, step: int | None, name: str) -> None:
    run = build(a_template("a", "m"), kind=kind, step_index=step)
    assert run["metadata"]["name"] == name
    assert run["metadata"]["labels"].get("step-index") == (None if step is None else "3")


def test_metadata_tells_where_a_run_belongs() -> None:
    extra = {"labels": {"app": "loses", "x": "1"}, "annotations": {"y": "2"}}
    metadata = build(a_template("a", "m"), analysisRunMetadata=extra)["metadata"]
    assert metadata["labels"] == {
        "rollouts-pod-template-hash": "bbb",
        "rollout-type": "Step",
        "step-index": "3",
        "argo-rollouts.argoproj.io/controller-instance-id": "blue",
        "x": "1",
        "app": "shop",
    }
    assert metadata["annotations"] == {"rollout.argoproj.io/revision": "7", "y": "2"}
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"], owner["controller"]) == ("Rollout", "shop", "u1", True)


def test_nested_templates_are_flattened_namespaced_first_each_once_with_unknown_fields_kept() -> None:
    nested = a_template("a", "m1", templates=[{"templateName": "b"}, {"templateName": "c", "clusterScope": True}])
    run = build(
        a_template("c", "m3", cluster=True),
        nested,
        a_template("b", "m2", templates=[{"templateName": "c", "clusterScope": True}]),
    )
    assert [metric["name"] for metric in run["spec"]["metrics"]] == ["m1", "m2", "m3"]
    assert run["spec"]["metrics"][0]["unknown"] == {"kept": 1}


def test_a_circle_of_templates_is_shown_not_followed() -> None:
    first = a_template("a", "m1", templates=[{"templateName": "b"}])
    second = a_template("b", "m2", templates=[{"templateName": "a"}])
    assert "a → b → a" in problems(first, second)


def test_every_contradiction_is_reported_at_once() -> None:
    one = a_template("a", "m", args=[{"name": "x", "value": "1"}, {"name": "z"}], dryRun=[{"metricName": "m"}])
    two = a_template("b", "m", args=[{"name": "x", "value": "2"}], dryRun=[{"metricName": "m"}])
    found = problems(one, two, refs=[{"templateName": n} for n in ("a", "b", "gone")])
    for part in (
        'AnalysisTemplate "gone" not found',
        'two metrics are named "m"',
        '"x" different values: "1" and "2"',
        'two dryRun rules are for metric "m"',
        "args.z was not resolved",
    ):
        assert part in found


def test_arguments_come_from_the_rollout_and_unknown_ones_are_dropped() -> None:
    names = ["plain", "stable", "latest", "label", "absent", "image", "weight", "labels", "secret", "default"]
    declared: list[dict[str, Any]] = [{"name": name} for name in names]
    declared[-2] = {"name": "secret", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    declared[-1] = {"name": "default", "value": "kept"}
    given = [
        {"name": "plain", "value": "p"},
        {"name": "stable", "valueFrom": {"podTemplateHashValue": "Stable"}},
        {"name": "latest", "valueFrom": {"podTemplateHashValue": "Latest"}},
        {"name": "label", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['team']"}}},
        {"name": "absent", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['none']"}}},
        {"name": "image", "valueFrom": {"fieldRef": {"fieldPath": "spec.template.spec.containers[0].image"}}},
        {"name": "weight", "valueFrom": {"fieldRef": {"fieldPath": "status.canary.weights.canary.weight"}}},
        {"name": "labels", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels"}}},
        {"name": "nobody asks", "value": "dropped"},
    ]
    args = build(a_template("a", "m", args=declared), args=given)["spec"]["args"]
    values = {arg["name"]: arg.get("value", arg.get("valueFrom")) for arg in args}
    assert list(values.values())[:8] == ["p", "aaa", "bbb", "web", "", "shop:2", "20", 'team="web"']
    assert values["secret"] == {"secretKeyRef": {"name": "s", "key": "k"}}
    assert values["default"] == "kept"
    assert len(values) == 10


def test_a_template_may_ask_the_rollout_for_a_field_by_itself() -> None:
    image = {"name": "image", "valueFrom": {"fieldRef": {"fieldPath": "spec.template.spec.containers[0].image"}}}
    run = build(a_template("a", "m", args=[image]))
    assert list(run["spec"]["args"]) == [{"name": "image", "value": "shop:2"}]
    assert "args.image" in problems(
        a_template("a", "m", args=[{**image, "valueFrom": {"fieldRef": {"fieldPath": "spec.x"}}}])
    )


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("spec.replicas", 'no field "spec.replicas"'),
        ("spec.template.spec.containers[4].image", "no field"),
        ("spec.selector", "not a single value"),
        ("spec..x", "cannot be read"),
    ],
)
def test_an_unreadable_field_is_named_once(path: str, message: str) -> None:
    given = [{"name": "x", "valueFrom": {"fieldRef": {"fieldPath": path}}}]
    found = problems(a_template("a", "m", args=[{"name": "x"}]), args=given)
    assert message in found
    assert found.count("args.x") == 1


def test_rules_of_the_caller_come_before_those_of_the_template() -> None:
    template = a_template(
        "a", "m", dryRun=[{"metricName": "b"}], measurementRetention=[{"metricName": "d", "limit": 3}]
    )
    spec = build(template, dryRun=[{"metricName": "a"}], measurementRetention=[{"metricName": "c", "limit": 2}])["spec"]
    assert [rule["metricName"] for rule in spec["dryRun"]] == ["a", "b"]
    assert [rule["metricName"] for rule in spec["measurementRetention"]] == ["c", "d"]


def test_what_a_template_says_about_missing_data_goes_with_the_run() -> None:
    template = a_template("a", "m", annotations={"reconciler.dev/on-no-data.m": "wait", "other": "x"})
    annotations = build(template)["metadata"]["annotations"]
    assert annotations["reconciler.dev/on-no-data.m"] == "wait"
    assert "other" not in annotations


def existing(run: dict[str, Any], **changes: Any) -> AnalysisRun:
    status = {"phase": changes.pop("phase", "Running")}
    metadata = {**run["metadata"], **changes}
    return msgspec.convert({**run, "metadata": metadata, "status": status}, AnalysisRun)


def test_an_equal_unfinished_run_of_the_same_owner_is_used_again() -> None:
    run = build(a_template("a", "m"))
    settled, reuse = settle_name(run, {"shop-bbb-7-3": existing(run)}.get)
    assert (settled["metadata"]["name"], reuse) == ("shop-bbb-7-3", True)


def test_a_name_that_is_taken_gets_the_next_number() -> None:
    run = build(a_template("a", "m"))
    stranger = existing(run, ownerReferences=[{**run["metadata"]["ownerReferences"][0], "uid": "u2"}])
    taken = {"shop-bbb-7-3": existing(run, phase="Failed"), "shop-bbb-7-3.1": stranger}
    settled, reuse = settle_name(run, taken.get)
    assert (settled["metadata"]["name"], reuse) == ("shop-bbb-7-3.2", False)
    assert run["metadata"]["name"] == "shop-bbb-7-3"
