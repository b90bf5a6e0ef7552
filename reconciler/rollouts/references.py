"""What is wrong with the objects that a Rollout names: Services, Ingresses, analysis templates (spec rollouts §1.9)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.rollouts import workload
from reconciler.rollouts.owned import Service
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.traffic.routers import nginx
from reconciler.workloads import keys
from reconciler.workloads.field_errors import invalid

_CANARY = "spec.strategy.canary"


def problems(world: World) -> list[str]:
    """Every problem; each may go away by itself when the object appears, so it is looked at again."""
    if found := workload.missing(world.rollout, world.workload):
        return found
    return [*_services(world), *_ingresses(world), *_analyses(world)]


def _services(world: World) -> Iterator[str]:
    named = {"canaryService": world.canary.canary_service, "stableService": world.canary.stable_service}
    for field, name in named.items():
        if not name:
            continue
        service = world.services.get(name)
        if service is None:
            yield invalid(f"{_CANARY}.{field}", name, f'service "{name}" not found')
        else:
            yield from _service(world, service, f"{_CANARY}.{field}")


def _service(world: World, service: Service, path: str) -> Iterator[str]:
    name = service.metadata.name
    manager = service.metadata.annotations.get(keys.MANAGED_BY)
    if manager and manager != world.rollout.metadata.name:
        yield invalid(path, name, f'service "{name}" is managed by another Rollout, "{manager}"')
    labels = ((world.rollout.spec.template or {}).get("metadata") or {}).get("labels") or {}
    for key, value in service.spec.selector.items():
        if key != keys.HASH and labels.get(key) != value:
            detail = f'service "{name}" selects {key}={value}, which the template\'s labels do not have'
            yield invalid(path, name, detail)


def _ingresses(world: World) -> Iterator[str]:
    routing = world.canary.traffic_routing
    names = nginx.stable_names(routing.nginx) if routing and routing.nginx else ()
    for name in names:
        path = f"{_CANARY}.trafficRouting.nginx.stableIngress"
        ingress = world.routed.get((nginx.KIND, name))
        if ingress is None:
            yield invalid(path, name, f'ingress "{name}" not found')
        elif not nginx.serves(ingress, world.canary.stable_service):
            detail = f'ingress "{name}" has no rule using service {world.canary.stable_service} as backend'
            yield invalid(path, name, detail)


def _analyses(world: World) -> Iterator[str]:
    namespace = world.rollout.metadata.namespace
    if background := world.canary.analysis:
        for problem in world.analyses.problems(namespace, background, "Background"):
            yield invalid(f"{_CANARY}.analysis", "analysis", problem)
    for index, step in enumerate(world.steps):
        if step.analysis:
            for problem in world.analyses.problems(namespace, step.analysis, "Step"):
                yield invalid(f"spec.strategy.steps[{index}].analysis", "analysis", problem)
