"""What is written of a Deployment that becomes a Rollout, and the other way round."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest

from reconciler.rollouts.adopting import manifests
from reconciler.workloads import keys
from reconciler.workloads.replica_set import decode_replica_set
from reconciler.workloads.template_defaults import with_defaults
from reconciler.workloads.template_hash import equal_templates

Json = dict[str, Any]
WRITTEN: Json = {
    "metadata": {"labels": {"app": "shop"}},
    "spec": {
        "containers": [
            {
                "name": "web",
                "image": "shop:1",
                "ports": [{"containerPort": 80, "name": "http"}],
                "env": [{"name": "LEVEL", "value": "info"}],
                "readinessProbe": {"httpGet": {"path": "/ready", "port": 80}, "periodSeconds": 5},
                "resources": {"limits": {"memory": "64Mi"}},
            }
        ],
        "terminationGracePeriodSeconds": 60,
        "volumes": [{"name": "config", "configMap": {"name": "shop"}}],
    },
}


def a_deployment(**changes: Any) -> Json:
    spec = {
        "replicas": 4,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 300,
        "selector": {"matchLabels": {"app": "shop"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": with_defaults(WRITTEN),
    }
    metadata = {"name": "shop", "namespace": "ns", "uid": "u", "resourceVersion": "1"}
    return {"metadata": {**metadata, **changes}, "spec": spec}


def test_defaults_of_the_server_are_left_out_and_nothing_else() -> None:
    assert manifests.lean(with_defaults(WRITTEN)) == WRITTEN


def test_a_lean_template_means_the_same() -> None:
    stored = with_defaults(WRITTEN)
    before = copy.deepcopy(stored)
    assert equal_templates(manifests.lean(stored), stored)
    assert stored == before


def test_without_a_strategy_it_updates_as_the_deployment_did() -> None:
    spec = manifests.rollout_of(a_deployment())["spec"]
    assert spec["strategy"] == {"canary": {"maxSurge": 1, "maxUnavailable": 0}}
    assert {key: spec.get(key) for key in ("progressDeadlineSeconds", "revisionHistoryLimit")} == {
        "progressDeadlineSeconds": 300,
        "revisionHistoryLimit": None,
    }


def test_marks_by_which_others_know_their_own_are_not_carried_over() -> None:
    labels = {"team": "store", "app.kubernetes.io/instance": "store", "kustomize.toolkit.fluxcd.io/name": "apps"}
    annotations = {
        "owner": "store",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "argocd.argoproj.io/tracking-id": "store:apps/Deployment:ns/shop",
        "deployment.kubernetes.io/revision": "7",
    }
    found = manifests.rollout_of(a_deployment(labels=labels, annotations=annotations))["metadata"]
    assert (found["labels"], found["annotations"]) == ({"team": "store"}, {"owner": "store"})


@pytest.mark.parametrize("made_by_us", [True, False], ids=["made by a Rollout", "made by a Deployment"])
def test_a_deployment_recognises_the_replica_set_by_its_template(made_by_us: bool) -> None:
    """Its controller looks past its own hash label only, and a selector can never change."""
    ours, theirs = {keys.HASH: "abc"}, {keys.DEPLOYMENT_HASH: "def"}
    labels = {"app": "shop", **ours, **({} if made_by_us else theirs)}
    template = {**WRITTEN, "metadata": {"labels": labels, "creationTimestamp": None}}
    selector = {"matchLabels": {"app": "shop", **(ours if made_by_us else theirs)}}
    body = {"metadata": {"name": "shop-abc"}, "spec": {"replicas": 4, "selector": selector, "template": template}}
    given = manifests.given_back(decode_replica_set(orjson.dumps(body)))
    assert given["metadata"] == {"labels": {"app": "shop", **(ours if made_by_us else {})}}
    assert given["spec"] == WRITTEN["spec"]
