"""The Rollout that stands for a Deployment, and the other way round."""

from __future__ import annotations

import copy

from reconciler.kube.api import Object
from reconciler.kube.instances import LABEL
from reconciler.kube.objects import DEPLOYMENTS, ROLLOUTS
from reconciler.rollouts import anti_affinity
from reconciler.workloads import keys
from reconciler.workloads.parts import Json
from reconciler.workloads.replica_set import ReplicaSet
from reconciler.workloads.template_hash import equal_templates

_DEFAULTS = {"revisionHistoryLimit": 10, "progressDeadlineSeconds": 600, "minReadySeconds": 0}
_NOT_CARRIED = (
    "kubectl.kubernetes.io/",
    "deployment.kubernetes.io/",
    "rollout.argoproj.io/",
    "argocd.argoproj.io/",
    "notified.notifications.argoproj.io",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "meta.helm.sh/",
    "reconciler.dev/",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
)
"""Labels and annotations by which others know what is theirs: the new object is not."""


def rollout_of(
    deployment: Object, strategy: Json | None = None, *, workload_ref: bool = False, instance_id: str = ""
) -> Object:
    """As it belongs in git. Without a strategy it updates as the Deployment did."""
    spec = deployment["spec"]
    name = deployment["metadata"]["name"]
    source: Json = {"template": lean(_plain(spec["template"]))}
    if workload_ref:
        reference = {"apiVersion": DEPLOYMENTS.api_version, "kind": DEPLOYMENTS.kind, "name": name}
        source = {"workloadRef": {**reference, "scaleDown": "never"}}
    metadata = identity_of(deployment)
    if instance_id:
        metadata["labels"] = {**metadata.get("labels", {}), LABEL: instance_id}
    return {
        "apiVersion": ROLLOUTS.api_version,
        "kind": ROLLOUTS.kind,
        "metadata": metadata,
        "spec": {
            "replicas": spec.get("replicas", 1),
            **_chosen(spec),
            "selector": spec["selector"],
            "strategy": strategy or _as_before(spec),
            **source,
        },
    }


def deployment_of(rollout: Object, current: ReplicaSet) -> Object:
    """Its template is exactly that of the ReplicaSet, so that the Deployment's controller takes that for its own."""
    spec = rollout["spec"]
    canary = (spec.get("strategy") or {}).get("canary") or {}
    bounds = {key: canary[key] for key in ("maxSurge", "maxUnavailable") if canary.get(key) is not None}
    return {
        "apiVersion": DEPLOYMENTS.api_version,
        "kind": DEPLOYMENTS.kind,
        "metadata": identity_of(rollout),
        "spec": {
            "replicas": current.size,
            **_chosen(spec),
            "selector": spec.get("selector"),
            "strategy": {"type": "RollingUpdate", **({"rollingUpdate": bounds} if bounds else {})},
            "template": given_back(current),
        },
    }


def for_git(manifest: Object, *, scaled: bool) -> Object:
    """As a person would write it: without defaults and our hash label; without replicas if something scales it."""
    spec = {key: value for key, value in manifest["spec"].items() if key != "replicas" or not scaled}
    if "template" in spec:
        spec["template"] = lean(_plain(spec["template"]))
    return {**manifest, "spec": spec}


def keeps_label(replica_set: ReplicaSet) -> bool:
    """Whether its selector, which can never change, needs our hash label on its pods."""
    return keys.HASH in replica_set.spec.selector.match_labels


def given_back(replica_set: ReplicaSet) -> Json:
    """The template with which a Deployment recognises it, whose controller looks past its own hash label only."""
    return _without(
        replica_set.spec.template, (keys.DEPLOYMENT_HASH, *(() if keeps_label(replica_set) else (keys.HASH,)))
    )


def same(one: Json, other: Json) -> bool:
    """Whether two templates as the server stored them are the same to a Deployment's controller."""
    return _without(one, ()) == _without(other, ())


def lean(template: Json) -> Json:
    """The shortest template that means the same once the API server has filled in its defaults."""
    found = copy.deepcopy(template)
    _thin_out(found, found)
    return found


def _thin_out(whole: Json, part: Json) -> None:
    for key, value in list(part.items()):
        for inner in value if isinstance(value, list) else (value,):
            if isinstance(inner, dict):
                _thin_out(whole, inner)
        _drop_if_the_same(whole, part, key)


def _drop_if_the_same(whole: Json, part: Json, key: str) -> None:
    """Takes the entry out, unless that changes what the template means. Names are for people: they stay."""
    if key in ("name", "labels", "metadata", "spec", "containers"):
        return
    before = copy.deepcopy(whole)
    value = part.pop(key)
    if not equal_templates(before, whole):
        part[key] = value


def _plain(template: Json) -> Json:
    """Without what any engine put into it."""
    found = _without(template, (keys.DEPLOYMENT_HASH, keys.HASH))
    anti_affinity.remove(found)
    return found


def _without(template: Json, labels: tuple[str, ...]) -> Json:
    found = copy.deepcopy(template)
    metadata = found.get("metadata") or {}
    metadata.pop("creationTimestamp", None)
    for label in labels:
        (metadata.get("labels") or {}).pop(label, None)
    return found


def identity_of(source: Object) -> Object:
    """The metadata that a person wrote."""
    meta = source["metadata"]
    carried = {"labels": _carried(meta.get("labels")), "annotations": _carried(meta.get("annotations"))}
    return {
        "name": meta["name"],
        "namespace": meta["namespace"],
        **{kind: each for kind, each in carried.items() if each},
    }


def _carried(entries: dict[str, str] | None) -> dict[str, str]:
    return {key: value for key, value in (entries or {}).items() if not key.startswith(_NOT_CARRIED)}


def _chosen(spec: Json) -> Json:
    """What both kinds have, where it is not the default."""
    return {key: spec[key] for key, default in _DEFAULTS.items() if spec.get(key) not in (None, default)}


def _as_before(spec: Json) -> Json:
    bounds = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    return {"canary": {key: bounds[key] for key in ("maxSurge", "maxUnavailable") if key in bounds}}
