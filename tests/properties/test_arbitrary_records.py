"""Whatever stands in the status and annotations that engines write, and anybody may edit, the engine decides."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.workloads import keys
from tests.properties.rollout_world import Cluster, a_blue_green, a_cluster, template
from tests.properties.test_arbitrary_objects import ANYTHING, decided, filled

Json = dict[str, Any]
Path = tuple[str | int, ...]

TIMES = st.sampled_from(
    [
        "",
        "soon",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00+01:00",
        "2026-01-01T00:00:00.5Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
    ]
)
NUMBERS = st.sampled_from([-(2**63), -5, -1, 0, 1, 2**31, 2**32, 2**63 - 1])
TEXTS = st.one_of(
    TIMES,
    NUMBERS.map(str),
    st.sampled_from(
        [
            "1m0s",
            "1e400s",
            "nans",
            "{}",
            "[]",
            '{"labels": 5}',
            '{"labels": {"a": 5}}',
            "templates: [{templateName: errors}]",
            "a: [",
            "5",
        ]
    ),
    st.text(max_size=6),
)
VALUES = st.one_of(TEXTS, NUMBERS, ANYTHING)

CANARY: Path = ("status", "canary")
PLUGIN: Path = (*CANARY, "stepPluginStatuses", 0)
STATUS: list[Path] = [
    *(("status", field) for field in ("observedGeneration", "currentPodHash", "currentStepHash", "currentStepIndex")),
    *(("status", field) for field in ("stableRS", "replicas", "updatedReplicas", "collisionCount", "conditions")),
    *(("status", field) for field in ("abort", "abortedAt", "pauseConditions", "controllerPause", "promoteFull")),
    *(("status", field) for field in ("restartedAt", "workloadObservedGeneration", "phase", "selector", "duration")),
    *(("status", "conditions", 0, field) for field in ("type", "status", "lastUpdateTime", "lastTransitionTime")),
    *(("status", "pauseConditions", 0, field) for field in ("reason", "startTime")),
    *(("status", "duration", field) for field in ("rolloutStartedAt", "manualPauseStartedAt", "finishedAt")),
    ("status", "duration", "totalManualPauseDurationSeconds"),
    *((*CANARY, field) for field in ("currentExperiment", "weights", "stablePingPong", "stepPluginStatuses")),
    *((*CANARY, run, "name") for run in ("currentStepAnalysisRunStatus", "currentBackgroundAnalysisRunStatus")),
    *((*CANARY, run, "status") for run in ("currentStepAnalysisRunStatus", "currentBackgroundAnalysisRunStatus")),
    *((*CANARY, "weights", side, field) for side in ("canary", "stable") for field in ("weight", "podTemplateHash")),
    *((*PLUGIN, field) for field in ("index", "name", "operation", "phase", "startedAt", "updatedAt", "finishedAt")),
    *((*PLUGIN, field) for field in ("backoff", "executions", "status", "message")),
    *(("status", "blueGreen", field) for field in ("activeSelector", "scaleUpPreviewCheckPoint")),
    ("status", "blueGreen", "prePromotionAnalysisRunStatus", "status"),
]
KEYS = [value for name, value in vars(keys).items() if isinstance(value, str) and not name.startswith("_")]
ANNOTATIONS = [*KEYS, "reconciler.dev/bake-analysis", "reconciler.dev/first-deploy-analysis"]
RUN: list[Path] = [
    *(("status", field) for field in ("phase", "message", "startedAt", "completedAt", "metricResults", "runSummary")),
    *(("status", "metricResults", 0, field) for field in ("name", "phase", "count", "metadata", "measurements")),
]


def routed() -> Cluster:
    steps = [
        {"setWeight": 20},
        {"plugin": {"name": "load"}},
        {"analysis": {"templates": [{"templateName": "errors"}]}},
        {"pause": {"duration": 30}},
    ]
    cluster = a_cluster(steps=steps, traefik=True, canary={"analysis": {"templates": [{"templateName": "errors"}]}})
    return under_way(cluster)


def paused() -> Cluster:
    return under_way(a_cluster(steps=[{"setWeight": 50}, {"pause": {"duration": 30}}], rollbackWindow={"revisions": 1}))


def superseded() -> Cluster:
    cluster = under_way(a_cluster(steps=[{"setWeight": 50}, {"pause": {}}], traefik=True))
    cluster.user("push", {"spec": {"template": template("img:3")}})
    cluster.converge()
    return cluster


def previewed() -> Cluster:
    analysis = {"templates": [{"templateName": "errors"}]}
    return under_way(a_blue_green(blue_green={"prePromotionAnalysis": analysis, "autoPromotionSeconds": 60}))


def under_way(cluster: Cluster) -> Cluster:
    cluster.converge()
    cluster.user("push", {"spec": {"template": template("img:2")}})
    cluster.converge()
    return cluster


WORLDS = {make.__name__: make() for make in (routed, paused, superseded, previewed)}
SETTINGS = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def of(name: str) -> Cluster:
    return copy.deepcopy(WORLDS[name])


@pytest.mark.parametrize("name", WORLDS)
@SETTINGS
@given(fillings=st.lists(st.tuples(st.sampled_from(STATUS), VALUES), min_size=1, max_size=3))
def test_any_status_of_a_rollout_leads_to_a_decision(name: str, fillings: list[tuple[Path, Any]]) -> None:
    cluster = of(name)
    body = copy.deepcopy(cluster.rollout)
    for path, value in fillings:
        body = filled(body, path, value)
    assert decided(cluster, body) == decided(cluster, body)
    cluster.objects["Rollout", "shop"] = body
    cluster.converge()


@pytest.mark.parametrize("name", WORLDS)
@SETTINGS
@given(data=st.data(), written=st.dictionaries(st.sampled_from(ANNOTATIONS), TEXTS, min_size=1, max_size=3))
def test_any_annotations_and_labels_lead_to_a_decision(name: str, data: st.DataObject, written: dict[str, str]) -> None:
    cluster = of(name)
    key = data.draw(st.sampled_from(sorted(cluster.objects)))
    place = data.draw(st.sampled_from(["annotations", "labels"]))
    body = cluster.objects[key]
    cluster.objects[key] = {
        **body,
        "metadata": {**body["metadata"], place: {**body["metadata"].get(place, {}), **written}},
    }
    assert cluster.decide() == cluster.decide()
    cluster.now += timedelta(hours=1)
    cluster.converge()
