"""The Services of a Rollout's Experiments, for routers that send them their share (spec rollouts §3.7)."""

from __future__ import annotations

from reconciler.rollouts.snapshot import World
from reconciler.workloads.parts import Json


def ports(world: World) -> dict[str, int]:
    """The first port of every Service that its Experiments have or had, by the Service's name."""
    found: dict[str, int] = {}
    for each in world.own_experiments:
        declared = {template.name: template.template or {} for template in each.spec.templates}
        for status in each.status.template_statuses:
            if status.service_name:
                found[status.service_name] = _first_port(declared.get(status.name) or {})
    return found


def _first_port(template: Json) -> int:
    containers = (template.get("spec") or {}).get("containers") or ()
    declared = (port.get("containerPort") for container in containers for port in container.get("ports") or ())
    return next((int(port) for port in declared if port), 0)
