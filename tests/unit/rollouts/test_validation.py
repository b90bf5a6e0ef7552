"""What is wrong with a Rollout is said all at once, with the path of every field."""

from __future__ import annotations

import itertools
from typing import Any

import orjson
import pytest

from reconciler.apps.delivery import Health
from reconciler.rollouts.model import decode_rollout
from reconciler.rollouts.progress import workload_progress
from reconciler.rollouts.traffic.routers import NOT_YET
from reconciler.rollouts.validation import problems
from tests.properties.rollout_world import Cluster, a_cluster, merge

TRAEFIK = {"traefik": {"weightedTraefikServiceName": "shop"}}
ROUTING = "spec.strategy.canary.trafficRouting"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
NGINX = {"nginx": {"stableIngress": "shop"}}


def problems_of(patch: dict[str, Any]) -> list[str]:
    body = merge(a_cluster(steps=[{"setWeight": 20}]).rollout, {"spec": patch})
    return problems(decode_rollout(orjson.dumps(body)), "hash")


def asks(field_path: str) -> dict[str, Any]:
    """An analysis with an argument that is a field of the Rollout."""
    return {
        "templates": [{"templateName": "t"}],
        "args": [{"name": "a", "valueFrom": {"fieldRef": {"fieldPath": field_path}}}],
    }


def blue_green(**fields: Any) -> dict[str, Any]:
    return {"strategy": {"canary": None, "blueGreen": {"activeService": "active", **fields}}}


BEFORE_PROMOTION = "prePromotionAnalysis.args[0].valueFrom.fieldRef.fieldPath"
ARGUMENT = "analysis.args[0].valueFrom.fieldRef.fieldPath"


def canary(**fields: Any) -> dict[str, Any]:
    return {"strategy": {"canary": fields}}


def routed(**fields: Any) -> dict[str, Any]:
    return canary(**{"trafficRouting": TRAEFIK, "stableService": "a", "canaryService": "b", **fields})


@pytest.mark.parametrize(
    ("patch", "path"),
    [
        ({"replicas": -1}, "spec.replicas"),
        ({"minReadySeconds": -1}, "spec.minReadySeconds"),
        ({"revisionHistoryLimit": -1}, "spec.revisionHistoryLimit"),
        ({"progressDeadlineSeconds": -1}, "spec.progressDeadlineSeconds"),
        ({"minReadySeconds": 600}, "spec.progressDeadlineSeconds"),
        ({"restartAt": "soon"}, "spec.restartAt"),
        ({"restartAt": "2026-01-31T12:00:00"}, "spec.restartAt"),
        ({"selector": {"matchLabels": None}}, "spec.selector"),
        ({"progressDeadlineSeconds": 5, "minReadySeconds": 5}, "spec.progressDeadlineSeconds"),
        ({"selector": None}, "spec.selector"),
        ({"selector": {"matchLabels": {"app": "other"}}}, "spec.template.metadata.labels"),
        ({"template": None}, "spec.template"),
        ({"template": {"metadata": None}}, "spec.template.metadata.labels"),
        ({"strategy": {"canary": None}}, "spec.strategy"),
        ({"strategy": {"blueGreen": {"activeService": "a"}}}, "spec.strategy"),
        (canary(maxSurge=0, maxUnavailable="0%"), "spec.strategy.canary.maxUnavailable"),
        (canary(maxSurge="many"), "spec.strategy.canary.maxSurge"),
        (canary(canaryService="a", stableService="a"), "spec.strategy.canary.stableService"),
        (canary(trafficRouting=TRAEFIK, stableService="a"), "spec.strategy.canary.canaryService"),
        (canary(trafficRouting=TRAEFIK, canaryService="a"), "spec.strategy.canary.stableService"),
        (canary(trafficRouting=NGINX, stableService="a"), "spec.strategy.canary.canaryService"),
        (canary(maxUnavailable=-1), "spec.strategy.canary.maxUnavailable"),
        (canary(scaleDownDelaySeconds=5), "spec.strategy.canary.scaleDownDelaySeconds"),
        ({"progressDeadlineSeconds": 2**31}, "spec.progressDeadlineSeconds"),
        (canary(abortScaleDownDelaySeconds=2**40), "spec.strategy.canary.abortScaleDownDelaySeconds"),
        (canary(steps=[{"pause": {"duration": 2**40}}]), "spec.strategy.steps[0].pause.duration"),
        (canary(steps=[{"pause": {"duration": "700000h"}}]), "spec.strategy.steps[0].pause.duration"),
        (routed(scaleDownDelaySeconds=5, dynamicStableScale=True), "spec.strategy.canary.dynamicStableScale"),
        (canary(dynamicStableScale=True), "spec.strategy.canary.dynamicStableScale"),
        (canary(antiAffinity={}), "spec.strategy.canary.antiAffinity"),
        (canary(antiAffinity={PREFERRED: {"weight": 9}, REQUIRED: {}}), "spec.strategy.canary.antiAffinity"),
        (canary(antiAffinity={PREFERRED: {"weight": 0}}), f"spec.strategy.canary.antiAffinity.{PREFERRED}.weight"),
        (canary(antiAffinity={PREFERRED: {"weight": 101}}), f"spec.strategy.canary.antiAffinity.{PREFERRED}.weight"),
        (canary(trafficRouting={}), "spec.strategy.canary.trafficRouting"),
        (routed(trafficRouting={"traefik": {}}), f"{ROUTING}.traefik.weightedTraefikServiceName"),
        (routed(trafficRouting={"nginx": {}}), f"{ROUTING}.nginx"),
        (routed(trafficRouting={"nginx": {"stableIngress": "a", "stableIngresses": ["b"]}}), f"{ROUTING}.nginx"),
        (routed(trafficRouting=TRAEFIK | {"managedRoutes": [{"name": ""}]}), f"{ROUTING}.managedRoutes"),
        (routed(trafficRouting=NGINX | {"maxTrafficWeight": 0}), f"{ROUTING}.maxTrafficWeight"),
        *((canary(trafficRouting={router: {}}), f"{ROUTING}.{router}") for router in NOT_YET.values()),
        (canary(steps=[{"setWeight": 101}]), "spec.strategy.steps[0].setWeight"),
        (canary(steps=[{"setWeight": -1}]), "spec.strategy.steps[0].setWeight"),
        (
            routed(trafficRouting=NGINX | {"maxTrafficWeight": 50}, steps=[{"setWeight": 51}]),
            "spec.strategy.steps[0].setWeight",
        ),
        (canary(steps=[{"pause": {"duration": "soon"}}]), "spec.strategy.steps[0].pause.duration"),
        (canary(steps=[{"pause": {"duration": -1}}]), "spec.strategy.steps[0].pause.duration"),
        (canary(steps=[{"setCanaryScale": {"replicas": 1}}]), "spec.strategy.steps[0].setCanaryScale"),
        *(
            (routed(steps=[{"setCanaryScale": scale}]), "spec.strategy.steps[0].setCanaryScale")
            for scale in (
                {},
                {"weight": 1, "replicas": 1},
                {"weight": 1, "matchTrafficWeight": True},
                {"weight": -1},
                {"replicas": -1},
            )
        ),
        (canary(steps=[{"setWeight": 1, "pause": {}}]), "spec.strategy.steps[0]"),
        (canary(steps=[{"setWait": 1}]), "spec.strategy.steps[0]"),
        (canary(steps=[{"plugin": {"config": {}}}]), "spec.strategy.steps[0].plugin.name"),
        (canary(steps=[{"analysis": {}}]), "spec.strategy.steps[0].analysis.templates"),
        (canary(analysis={"startingStep": "late"}), "spec.strategy.canary.analysis.startingStep"),
        (canary(analysis={"startingStep": -1}), "spec.strategy.canary.analysis.startingStep"),
        (canary(analysis={"args": [{"value": "1"}]}), "spec.strategy.canary.analysis.args[0].name"),
        (canary(analysis=asks("metadata.generation")), f"spec.strategy.canary.{ARGUMENT}"),
        (blue_green(prePromotionAnalysis=asks("metadata.owner")), f"spec.strategy.blueGreen.{BEFORE_PROMOTION}"),
        (canary(steps=[{"analysis": asks("metadata.labels['a b']")}]), f"spec.strategy.steps[0].{ARGUMENT}"),
        ({"selector": {"matchLabels": {"app": "shop", "a b": "x"}}}, "spec.selector.matchLabels"),
        (
            {"selector": {"matchExpressions": [{"key": "app", "operator": "Is"}]}},
            "spec.selector.matchExpressions[0].operator",
        ),
        (
            {"selector": {"matchExpressions": [{"key": "app", "operator": "In"}]}},
            "spec.selector.matchExpressions[0].values",
        ),
        ({"selector": {"matchLabels": {"app": None}}}, "spec.selector"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_field_is_named_with_its_path(patch: dict[str, Any], path: str) -> None:
    assert [text.partition(": ")[0] for text in problems_of(patch)][:1] == [path]


def test_of_two_strategies_both_are_looked_at() -> None:
    both = {"canary": {"steps": [{"setWeight": 101}]}, "blueGreen": {"autoPromotionSeconds": -1}}
    paths = [text.partition(": ")[0] for text in problems_of({"strategy": both})]
    wrong = ["steps[0].setWeight", "blueGreen.activeService", "blueGreen.autoPromotionSeconds"]
    assert paths == ["spec.strategy", *(f"spec.strategy.{path}" for path in wrong)]


@pytest.mark.parametrize(
    "patch",
    [
        canary(trafficRouting=TRAEFIK, stableService="a", canaryService="b", scaleDownDelaySeconds=0),
        canary(trafficRouting={**NGINX, "maxTrafficWeight": 1000}, stableService="a", canaryService="b"),
        canary(steps=[{"pause": {"duration": "1h30m"}}, {"pause": {"duration": 0}}, {"pause": {"duration": "20"}}]),
        canary(maxSurge="5", maxUnavailable=0),
        canary(maxSurge=0, maxUnavailable=1),
        canary(maxSurge=0),
        canary(maxUnavailable=0),
        canary(analysis={"startingStep": 0, "templates": [{"templateName": "t"}]}),
        {"selector": {"matchLabels": None, "matchExpressions": [{"key": "app", "operator": "Exists"}]}},
        {"replicas": 0, "minReadySeconds": 0, "revisionHistoryLimit": 0, "progressDeadlineSeconds": 1},
        {"restartAt": "2026-01-31T12:00:00Z"},
        routed(steps=[{"setCanaryScale": {"replicas": 0}}, {"setCanaryScale": {"weight": 0}}]),
        routed(steps=[{"setCanaryScale": {"matchTrafficWeight": True}}, {"setWeight": 0}, {"setWeight": 100}]),
        routed(dynamicStableScale=True),
        routed(trafficRouting={"nginx": {"stableIngresses": ["a", "b"]}}),
        canary(antiAffinity={PREFERRED: {"weight": 1}}),
        canary(antiAffinity={PREFERRED: {"weight": 100}}),
        canary(antiAffinity={REQUIRED: {}}),
        blue_green(previewService="preview", antiAffinity={REQUIRED: {}}),
        blue_green(previewReplicaCount=0, scaleDownDelaySeconds=0, abortScaleDownDelaySeconds=0),
        blue_green(autoPromotionSeconds=0, scaleDownDelayRevisionLimit=10, maxUnavailable=0),
        blue_green(scaleDownDelayRevisionLimit=0) | {"revisionHistoryLimit": 0},
        canary(analysis=asks("metadata.annotations['example.com/team']")),
        canary(analysis=asks("metadata.labels")),
        canary(analysis=asks("status.canary.weights.canary.weight")),
    ],
    ids=str,
)
def test_a_valid_rollout_has_no_problem(patch: dict[str, Any]) -> None:
    assert problems_of(patch) == []


KINDS: dict[str, Any] = {
    "setWeight": 1,
    "pause": {},
    "setCanaryScale": {"replicas": 1},
    "analysis": {"templates": []},
    "experiment": {"templates": []},
    "setHeaderRoute": {"name": "a"},
    "setMirrorRoute": {"name": "a"},
    "plugin": {"name": "a"},
}


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(KINDS, 2)), ids=" and ".join)
def test_a_step_of_two_kinds_is_refused_whichever_they_are(one: str, other: str) -> None:
    said = problems_of(canary(steps=[{one: KINDS[one], other: KINDS[other]}]))
    assert [text.partition(": a step must have exactly one of")[0] for text in said] == [
        f'spec.strategy.steps[0]: Invalid value: "{one}, {other}"'
    ]


def test_a_step_of_no_known_kind_says_which_there_are() -> None:
    [said] = problems_of(canary(steps=[{"setWait": 1}]))
    assert said.startswith('spec.strategy.steps[0]: Invalid value: "nothing known": a step must have exactly one of ')
    assert [kind for kind in KINDS if kind not in said] == []


def invalid(**spec: Any) -> Cluster:
    cluster = a_cluster(steps=[{"setWeight": 120}, {"setWeight": -1}], **spec)
    cluster.converge()
    return cluster


def test_the_status_of_an_invalid_rollout_names_the_first_problem_first_and_all_others() -> None:
    message = invalid().status["message"]
    assert message.startswith('InvalidSpec: The Rollout "shop" is invalid: spec.strategy.steps[0].setWeight: ')
    assert "spec.strategy.steps[1].setWeight" in message


def test_an_invalid_rollout_is_degraded_observed_and_left_alone() -> None:
    cluster = invalid()
    assert (cluster.status["phase"], cluster.status["observedGeneration"]) == ("Degraded", "1")
    assert not [kind for kind, _ in cluster.objects if kind == "ReplicaSet"]


def test_both_parts_of_the_status_are_there_however_early_it_is_invalid() -> None:
    status = invalid().status
    assert (status["canary"], status["blueGreen"]) == ({}, {})


def test_an_update_that_becomes_invalid_keeps_what_is_known_of_its_course() -> None:
    cluster = a_cluster(steps=[{"setWeight": 20}, {"pause": {}}], traefik=True)
    cluster.converge()
    cluster.user("update", {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "img:2"}]}}}})
    cluster.converge()
    before = cluster.status
    cluster.user("nonsense", {"spec": {"replicas": -1}})
    cluster.converge()
    told = {"phase", "message", "conditions", "observedGeneration"}
    assert {key: value for key, value in cluster.status.items() if key not in told} == {
        key: value for key, value in before.items() if key not in told
    }


def test_another_problem_is_told_in_the_condition_too() -> None:
    cluster = invalid()
    cluster.user("another mistake", {"spec": {"strategy": {"canary": {"steps": [{"setWeight": 150}]}}}})
    cluster.converge()
    [condition] = [each for each in cluster.status["conditions"] if each["type"] == "InvalidSpec"]
    assert "150" in condition["message"]
    assert cluster.status["message"] == f"InvalidSpec: {condition['message']}"
    assert (condition["status"], condition["reason"]) == ("True", "InvalidSpec")


def test_a_mended_rollout_recovers_by_itself() -> None:
    cluster = invalid()
    cluster.user("fix", {"spec": {"strategy": {"canary": {"steps": [{"setWeight": 20}]}}}})
    cluster.converge()
    assert cluster.status["phase"] == "Healthy"
    assert "InvalidSpec" not in [condition["type"] for condition in cluster.status["conditions"]]


def test_an_object_of_the_wrong_shape_is_shown_as_invalid() -> None:
    cluster = a_cluster()
    cluster.user("nonsense", {"spec": {"strategy": {"canary": {"steps": "all"}}}})
    cluster.converge()
    assert "cannot be read" in cluster.status["message"]
    assert "steps" in cluster.status["message"]


@pytest.mark.parametrize(
    "template",
    [
        {"metadata": "x"},
        {"spec": {"containers": "all"}},
        {"spec": {"containers": [{"resources": {"limits": {"cpu": "many"}}}]}},
    ],
    ids=["metadata", "containers", "quantity"],
)
def test_a_template_that_makes_no_sense_is_a_problem_and_no_crash(template: dict[str, Any]) -> None:
    cluster = a_cluster(template=template)
    cluster.converge()
    assert "is invalid: spec.template." in cluster.status["message"]
    rollout = decode_rollout(orjson.dumps(cluster.rollout))
    assert workload_progress(rollout, ()).health is Health.DEGRADED


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("Service", 'service "ca" not found'),
        ("selector", 'service "ca" selects app=other'),
        ("owner", "another Rollout"),
    ],
)
def test_a_service_that_does_not_fit_is_a_problem_that_is_looked_at_again(missing: str, said: str) -> None:
    cluster = a_cluster(steps=[{"setWeight": 20}], traefik=True)
    if missing == "Service":
        del cluster.objects["Service", "ca"]
    elif missing == "selector":
        cluster.patch("Service", "ca", {"spec": {"selector": {"app": "other"}}})
    else:
        managed = {"argo-rollouts.argoproj.io/managed-by-rollouts": "other"}
        cluster.patch("Service", "ca", {"metadata": {"annotations": managed}})
    assert cluster.reconcile().wake_at is not None
    assert said in cluster.status["message"]
