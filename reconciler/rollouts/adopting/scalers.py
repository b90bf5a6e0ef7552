"""Autoscalers that scale what changes its kind."""

from __future__ import annotations

from reconciler.kube.api import Object, Resource
from reconciler.kube.objects import SCALERS
from reconciler.rollouts.adopting.acts import Change
from reconciler.rollouts.adopting.found import target


def retarget(scaler: Object, resource: Resource, name: str) -> Change:
    """The HPA scales the object of the other kind from now on; its limits and metrics stay."""
    meta = scaler["metadata"]
    reference = {**target(scaler), "apiVersion": resource.api_version, "kind": resource.kind}
    version = {key: meta[key] for key in ("uid", "resourceVersion")}
    patch = {"metadata": version, "spec": {"scaleTargetRef": reference}}
    text = f"HorizontalPodAutoscaler {meta['name']} scales {resource.kind} {name} from now on"
    return Change(text, SCALERS, meta["name"], patch)
