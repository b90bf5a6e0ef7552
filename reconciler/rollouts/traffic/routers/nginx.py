"""ingress-nginx: a canary Ingress beside each stable Ingress (spec rollouts §8.1).

The stable Ingress is only read. Its canary is built from it each time and lives as long as the Rollout.
"""

from __future__ import annotations

import copy
from typing import Any

from reconciler.kube.api import Object
from reconciler.kube.objects import INGRESSES
from reconciler.rollouts.intents import CreateRouted, Intent, PatchRouted, normal
from reconciler.rollouts.owned import Routed
from reconciler.rollouts.revisions import owner_reference
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.status import Weights
from reconciler.rollouts.strategy_model import Canary, Nginx, TrafficRouting
from reconciler.rollouts.traffic.routers.contract import MAX_WEIGHT, RouterError
from reconciler.rollouts.traffic.wanted import Wanted

KIND = "Ingress"
ABILITIES = frozenset({MAX_WEIGHT})
_PREFIX = "nginx.ingress.kubernetes.io"
_CLASS = "kubernetes.io/ingress.class"
_LONGEST_NAME = 253


def objects(routing: TrafficRouting, rollout: str) -> list[tuple[str, str]]:
    """The stable Ingresses and their canaries."""
    stable = stable_names(routing.nginx) if routing.nginx else ()
    return [(KIND, name) for ingress in stable for name in (ingress, canary_name(rollout, ingress))]


def stable_names(nginx: Nginx) -> tuple[str, ...]:
    return nginx.stable_ingresses or ((nginx.stable_ingress,) if nginx.stable_ingress else ())


def canary_name(rollout: str, ingress: str) -> str:
    return f"{rollout}-{ingress}"[: _LONGEST_NAME - len("-canary")] + "-canary"


def shift(world: World, wanted: Wanted) -> list[Intent]:
    routing = world.canary.traffic_routing
    names = stable_names(routing.nginx) if routing and routing.nginx else ()
    return [intent for name in names for intent in _shift_one(world, name, wanted.split)]


def edit(stable: Routed, canary: Canary, split: Weights) -> dict[str, Any]:
    """`{annotations, spec}` of the canary of one Ingress. Raises RouterError when no rule serves the stable Service."""
    spec: dict[str, Any] = {"rules": _rules(stable, canary)}
    for copied in ("tls", "ingressClassName"):
        if copied in stable.spec:
            spec[copied] = stable.spec[copied]
    return {"annotations": _annotations(stable, canary, split), "spec": spec}


def _shift_one(world: World, name: str, split: Weights) -> list[Intent]:
    stable = world.routed.get((KIND, name))
    if stable is None:
        raise RouterError(f"Ingress {name!r} does not exist")
    wanted, own = edit(stable, world.canary, split), canary_name(world.rollout.metadata.name, name)
    found = world.routed.get((KIND, own))
    if found is None:
        text = f"Creating canary ingress `{own}` with weight {split.canary.weight}"
        return [CreateRouted(INGRESSES, _body(world, own, wanted)), normal("CreatingCanaryIngress", text)]
    owner = found.metadata.controller
    if owner is None or owner.uid != world.rollout.metadata.uid:
        raise RouterError(f"Ingress {own!r} exists and is not controlled by this Rollout: rename or delete it")
    return _patched(found, own, wanted, split)


def _patched(found: Routed, own: str, wanted: dict[str, Any], split: Weights) -> list[Intent]:
    annotations = {k: v for k, v in wanted["annotations"].items() if found.metadata.annotations.get(k) != v}
    spec = {k: v for k, v in wanted["spec"].items() if found.spec.get(k) != v}
    spec |= {key: None for key in ("tls", "ingressClassName") if key in found.spec and key not in wanted["spec"]}
    patch: dict[str, Any] = {"metadata": {"annotations": annotations}} if annotations else {}
    if spec:
        patch["spec"] = spec
    if not patch:
        return []
    text = f"Patching canary ingress `{own}` to weight {split.canary.weight}"
    return [PatchRouted(INGRESSES, own, patch, found.metadata.resource_version), normal("PatchingCanaryIngress", text)]


def _body(world: World, name: str, wanted: dict[str, Any]) -> Object:
    return {
        "apiVersion": INGRESSES.api_version,
        "kind": INGRESSES.kind,
        "metadata": {
            "name": name,
            "namespace": world.rollout.metadata.namespace,
            "annotations": wanted["annotations"],
            "ownerReferences": [owner_reference(world.rollout)],
        },
        "spec": wanted["spec"],
    }


def serves(ingress: Routed, service: str) -> bool:
    """Whether some path of the Ingress leads to `service`."""
    return any(
        backend.get("name") == service for rule in ingress.spec.get("rules") or [] for backend in _backends(rule)
    )


def _rules(stable: Routed, canary: Canary) -> list[Any]:
    rules = [rule for rule in copy.deepcopy(stable.spec.get("rules") or []) if _redirect(rule, canary)]
    if not rules:
        name = stable.metadata.name
        raise RouterError(f"Ingress {name!r} has no rule with backend Service {canary.stable_service!r}")
    return rules


def _redirect(rule: dict[str, Any], canary: Canary) -> bool:
    """Turns the stable Service's paths of one rule to the canary Service; False when it has none."""
    ours = [backend for backend in _backends(rule) if backend.get("name") == canary.stable_service]
    for service in ours:
        service["name"] = canary.canary_service
    return bool(ours)


def _backends(rule: dict[str, Any]) -> list[dict[str, Any]]:
    """The Services that the paths of a rule lead to; rules without http and resource backends have none."""
    paths = (rule.get("http") or {}).get("paths") or []
    return [service for path in paths if (service := (path.get("backend") or {}).get("service"))]


def _annotations(stable: Routed, canary: Canary, split: Weights) -> dict[str, str]:
    routing = canary.traffic_routing
    nginx = (routing.nginx if routing else None) or Nginx()
    prefix = nginx.annotation_prefix or _PREFIX
    annotations = {key: value for key, value in stable.metadata.annotations.items() if key == _CLASS}
    for key, value in nginx.additional_ingress_annotations.items():
        annotations[key if key.startswith(f"{prefix}/") else f"{prefix}/{key}"] = value
    annotations |= nginx.canary_ingress_annotations
    annotations |= {f"{prefix}/canary": "true", f"{prefix}/canary-weight": str(split.canary.weight)}
    if routing and routing.max_traffic_weight:
        annotations[f"{prefix}/canary-weight-total"] = str(routing.max_traffic_weight)
    return annotations
