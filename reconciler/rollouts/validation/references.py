"""What is wrong with the objects that a Rollout names: Services, Ingresses, analysis templates (spec rollouts §1.9)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.analysis.model import RolloutRunKind
from reconciler.rollouts import workload
from reconciler.rollouts.experiment_step import fields as experiment_step
from reconciler.rollouts.owned import Service
from reconciler.rollouts.proving import wanted
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.traffic.routers import nginx
from reconciler.workloads import keys
from reconciler.workloads.field_errors import invalid
from reconciler.workloads.parts import Json


def problems(world: World) -> list[str]:
    """Every problem; each may go away by itself when the object appears, so it is looked at again."""
    if found := workload.missing(world.rollout, world.workload):
        return found
    return [*_services(world), *_ingresses(world), *_analyses(world)]


def _services(world: World) -> Iterator[str]:
    for field, name in world.strategy.services.items():
        if not name:
            continue
        path, service = f"{world.strategy.path}.{field}", world.services.get(name)
        if service is None:
            yield invalid(path, name, f'service "{name}" not found (create it, or mend {field})')
        else:
            yield from _service(world, service, path)


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
    if routing is None or routing.nginx is None:
        return
    path = f"{world.canary.path}.trafficRouting.nginx"
    for index, name in enumerate(nginx.stable_names(routing.nginx)):
        field = f"stableIngresses[{index}]" if routing.nginx.stable_ingresses else "stableIngress"
        yield from _ingress(world, name, f"{path}.{field}")


def _ingress(world: World, name: str, path: str) -> Iterator[str]:
    ingress = world.routed.get((nginx.KIND, name))
    if ingress is None:
        yield invalid(path, name, f'ingress "{name}" not found (create it, or mend {path.rpartition(".")[2]})')
    elif not nginx.serves(ingress, world.canary.stable_service):
        detail = f'ingress "{name}" has no rule using service {world.canary.stable_service} as backend'
        yield invalid(path, name, detail)


def _analyses(world: World) -> Iterator[str]:
    canary, blue_green, own = world.canary, world.blue_green, wanted.of(world.rollout)
    endless: RolloutRunKind = "Background" if own.lasts else "Bake"
    named: list[tuple[str, RolloutRunKind, Json | None]] = [
        (f"{canary.path}.analysis", "Background", canary.analysis),
        *((f"spec.strategy.steps[{index}].analysis", "Step", step.analysis) for index, step in enumerate(world.steps)),
        (f"{blue_green.path}.prePromotionAnalysis", "PrePromotion", blue_green.pre_promotion_analysis),
        (f"{blue_green.path}.postPromotionAnalysis", "PostPromotion", blue_green.post_promotion_analysis),
        (wanted.path(wanted.BAKE), endless, own.bake),
        (wanted.path(wanted.FIRST_DEPLOY), "FirstDeploy", own.first_deploy),
    ]
    named += _of_experiments(world)
    for path, kind, analysis in named:
        if analysis:
            for problem in world.analyses.problems(world.rollout.metadata.namespace, analysis, kind):
                yield invalid(path, "analysis", problem)


def _of_experiments(world: World) -> Iterator[tuple[str, RolloutRunKind, Json]]:
    """One that the step does not wait for may be without end, as a background analysis may."""
    for index, step in enumerate(world.steps):
        found = experiment_step.read(step)
        for place, analysis in enumerate(found.analyses if found else ()):
            path = f"spec.strategy.steps[{index}].experiment.analyses[{place}]"
            yield path, "Step" if analysis.required_for_completion else "Background", analysis.as_analysis
