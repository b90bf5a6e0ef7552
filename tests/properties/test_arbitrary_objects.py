"""Whatever stands in a Rollout, the engine decides: one object that makes no sense is invalid, and stops nothing."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import orjson
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reconciler.analysis.catalog import Catalog
from reconciler.analysis.model import AnalysisTemplate, TemplateSpec
from reconciler.experiments.model import decode_experiment
from reconciler.kube.objects import Meta
from reconciler.rollouts.decide import decide
from reconciler.rollouts.model import decode_rollout
from reconciler.rollouts.observe import observe
from tests.properties.experiment_world import a_lab, an_analysis
from tests.properties.experiment_world import a_template as a_side
from tests.properties.rollout_world import START, Cluster, a_cluster, template

Json = dict[str, Any]
Path = tuple[str | int, ...]

WORDS = (
    "metadata spec labels annotations containers name image templates templateName args value valueFrom fieldRef "
    "setWeight pause duration analysis key operator values kind apiVersion requests limits resources cpu env volumes "
    "affinity weight app"
)
NAMES = st.sampled_from(WORDS.split())
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-5, 200), st.floats(allow_nan=False), st.text(max_size=6))
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=9,
)

CANARY: Path = ("spec", "strategy", "canary")
ROUTING: Path = (*CANARY, "trafficRouting")
PATHS: list[Path] = [
    ("spec",),
    ("spec", "replicas"),
    ("spec", "selector"),
    ("spec", "selector", "matchLabels"),
    ("spec", "selector", "matchExpressions"),
    ("spec", "template"),
    ("spec", "template", "metadata"),
    ("spec", "template", "metadata", "labels"),
    ("spec", "template", "spec"),
    ("spec", "template", "spec", "containers"),
    ("spec", "template", "spec", "containers", 0),
    ("spec", "template", "spec", "containers", 0, "resources"),
    ("spec", "template", "spec", "affinity"),
    ("spec", "template", "spec", "volumes"),
    ("spec", "workloadRef"),
    ("spec", "analysis"),
    ("spec", "restartAt"),
    ("spec", "rollbackWindow"),
    ("spec", "strategy"),
    ("spec", "strategy", "blueGreen"),
    ("spec", "strategy", "blueGreen", "antiAffinity"),
    ("spec", "strategy", "blueGreen", "prePromotionAnalysis"),
    ("spec", "strategy", "blueGreen", "postPromotionAnalysis"),
    CANARY,
    *((*CANARY, field) for field in ("analysis", "antiAffinity", "pingPong", "maxSurge", "canaryMetadata")),
    (*CANARY, "steps"),
    *((*CANARY, "steps", 0, field) for field in ("pause", "analysis", "experiment", "plugin", "setCanaryScale")),
    *((*CANARY, "steps", 0, field) for field in ("setHeaderRoute", "setMirrorRoute", "setWeight")),
    (*CANARY, "steps", 0, "analysis", "templates"),
    (*CANARY, "steps", 0, "analysis", "args"),
    *((*CANARY, "steps", 0, "experiment", field) for field in ("templates", "analyses", "duration", "dryRun")),
    (*CANARY, "steps", 0, "experiment", "templates", 0),
    (*CANARY, "steps", 0, "experiment", "analyses", 0, "args"),
    (*CANARY, "analysis", "templates"),
    (*CANARY, "analysis", "startingStep"),
    ROUTING,
    *((*ROUTING, router) for router in ("nginx", "traefik", "istio", "alb", "smi", "ambassador", "appMesh", "apisix")),
    *((*ROUTING, field) for field in ("plugins", "managedRoutes")),
    ("status",),
    ("status", "pauseConditions"),
    ("status", "canary"),
    ("status", "blueGreen"),
    ("metadata", "annotations"),
]
ERRORS = AnalysisTemplate(
    metadata=Meta(name="errors"),
    spec=TemplateSpec(metrics=({"name": "errors", "provider": {"prometheus": {"query": "up"}}},)),
)
ANALYSES = Catalog(lambda namespace: lambda name, cluster_scope: ERRORS)
FILLINGS = st.lists(st.tuples(st.sampled_from(PATHS), ANYTHING), min_size=1, max_size=3)


def filled(body: Json, path: Path, value: Any) -> Json:
    """A copy with `value` at `path`; what stands in its way gives way."""
    made = copy.deepcopy(body)
    made["spec"] = made["spec"] if isinstance(made.get("spec"), dict) else {}
    place: Any = made
    for key, following in itertools.pairwise(path):
        empty: Any = [{}] if following == 0 else {}
        if isinstance(key, str):
            held = place.get(key)
            place[key] = held if held and isinstance(held, type(empty)) else empty
        elif not isinstance(place[key], dict):
            place[key] = {}
        place = place[key]
    place[path[-1]] = value
    return made


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(FILLINGS)
@example([((*CANARY, "steps", 0, "analysis", "templates"), ["x"])])
@example([(("spec", "template", "spec", "containers"), [1])])
def test_any_content_of_a_rollout_leads_to_a_decision(fillings: list[tuple[Path, Any]]) -> None:
    cluster = a_cluster(steps=[{"setWeight": 50}, {"pause": {}}])
    cluster.converge()
    body = {**cluster.rollout, "status": copy.deepcopy(cluster.status)}
    body["spec"]["template"] = template("img:2")
    for path, value in fillings:
        body = filled(body, path, value)
    decision = decided(cluster, body)
    assert decision == decided(cluster, body)


def decided(cluster: Cluster, body: Json) -> object:
    try:
        raw = orjson.dumps(body)
        rollout = decode_rollout(raw)
    except ValueError:  # not even its metadata can be read: the store keeps the last readable state
        return None
    return decide(observe(rollout, cluster, ANALYSES), START)


SIDE: Path = ("spec", "templates", 0)
EXPERIMENT_PATHS: list[Path] = [
    *((field,) for field in ("spec", "status")),
    *(("spec", field) for field in ("templates", "analyses", "duration", "scaleDownDelaySeconds", "dryRun")),
    *((*SIDE, field) for field in ("replicas", "selector", "template", "service", "minReadySeconds")),
    (*SIDE, "template", "metadata", "labels"),
    (*SIDE, "template", "spec", "containers", 0),
    (*SIDE, "template", "spec", "containers", 0, "ports"),
    ("spec", "analyses", 0, "args"),
    *(("status", field) for field in ("templateStatuses", "analysisRuns", "availableAt", "conditions", "phase")),
]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(EXPERIMENT_PATHS), ANYTHING), min_size=1, max_size=3))
@example([(("status", "availableAt"), "soon")])
@example([(("status", "templateStatuses"), [{"name": "a", "status": "Progressing", "lastTransitionTime": "soon"}])])
@example([((*SIDE, "template", "metadata", "labels"), None)])
def test_any_content_of_an_experiment_leads_to_a_decision(fillings: list[tuple[Path, Any]]) -> None:
    lab = a_lab(an_analysis(), duration="5m", templates=[a_side("a", service={}), a_side("b")])
    lab.converge()
    body = lab.experiment
    for path, value in fillings:
        body = filled(body, path, value)
    lab.objects["Experiment", "ab"] = body
    try:
        decision = lab.decide()
    except ValueError:
        decode_metadata_fails(body)
        return
    assert decision == lab.decide()


def decode_metadata_fails(body: Json) -> None:
    """That not even the metadata can be read is the only reason for which nothing is decided."""
    try:
        decode_experiment(orjson.dumps(body))
    except ValueError:
        return
    raise AssertionError(f"readable, and yet nothing was decided: {body}")
