"""The Services of an Experiment's templates: there while it lasts, gone with the pods (spec rollouts §9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.experiments.intents import CreateService, DeleteService, Intent
from reconciler.experiments.model import Template
from reconciler.experiments.snapshot import World, owner_reference, service_name
from reconciler.kube.objects import SERVICES
from reconciler.workloads.parts import Json
from reconciler.workloads.replica_set import ReplicaSet


def reconcile(world: World) -> list[Intent]:
    """Services to make, and those that nothing is behind any more, or that are not asked for."""
    return [*([] if world.ending else _missing(world)), *_surplus(world)]


def ports(template: Template) -> list[Json]:
    """Each port of the containers once; where there are several the API wants a name for each."""
    found = {(port.get("containerPort"), port.get("protocol") or "TCP"): port for port in _declared(template)}
    return [
        {
            "port": number,
            "targetPort": number,
            "protocol": protocol,
            **({"name": port.get("name") or f"port-{number}"} if port.get("name") or len(found) > 1 else {}),
        }
        for (number, protocol), port in found.items()
    ]


def _missing(world: World) -> Iterator[Intent]:
    for template in world.spec.templates:
        rs = world.replica_sets.get(template.name)
        name = service_name(template, rs.name) if rs else ""
        if rs and name and ports(template) and name not in world.services and ("Service", name) not in world.strangers:
            yield CreateService(template.name, _body(world, rs, name, ports(template)))


def _surplus(world: World) -> Iterator[Intent]:
    named = {service_name(t, rs.name): rs for t in world.spec.templates if (rs := world.replica_sets.get(t.name))}
    for name, meta in world.services.items():
        rs = named.get(name)
        empty = rs is None or (rs.size == 0 and rs.available == 0)
        if empty and meta.deletion_timestamp is None and (world.ending or rs is None):
            yield DeleteService(name, meta.uid)


def _body(world: World, rs: ReplicaSet, name: str, exposed: list[Json]) -> Json:
    return {
        "apiVersion": SERVICES.api_version,
        "kind": SERVICES.kind,
        "metadata": {
            "name": name,
            "namespace": world.experiment.metadata.namespace,
            "labels": dict(rs.metadata.labels),
            "annotations": dict(rs.metadata.annotations),
            "ownerReferences": [owner_reference(world.experiment)],
        },
        "spec": {"selector": dict(rs.metadata.labels), "ports": exposed},
    }


def _declared(template: Template) -> Iterable[Json]:
    containers = ((template.template or {}).get("spec") or {}).get("containers") or ()
    return (port for container in containers for port in container.get("ports") or ())
