"""What Rollouts, Experiments and templates name, looked up among the files: Services, routes, analysis templates.

An object that is missing may be elsewhere: in another repository, or in the cluster already. So it is a warning, unless
others of its kind are beside the Rollout, as then the name is what is wrong. What is here must fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from reconciler.cli.checks import experiments, judged, nested, rollouts
from reconciler.cli.checks.catalogue import Catalogue, Remark
from reconciler.cli.checks.item import Item
from reconciler.cli.checks.kinds import OURS
from reconciler.render.validate import Fault
from reconciler.rollouts import workload
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.owned import Routed
from reconciler.rollouts.strategy_model import BlueGreen, Canary
from reconciler.rollouts.traffic.routers import nginx, traefik
from reconciler.workloads import keys
from reconciler.workloads.parts import Json
from reconciler.yaml.positions import Path

_CANARY: Path = ("spec", "strategy", "canary")


def remarks(items: Iterable[Item], sound: Iterable[Item]) -> Iterator[Remark]:
    """About all that names others; of the objects that it names, only the sound ones are looked into."""
    items = tuple(items)
    catalogue = Catalogue(items, sound)
    for item in items:
        if item.kind == "Rollout" and item.found.group == OURS:
            yield from _of_rollout(item, catalogue)
        if item.kind == "Experiment" and item.found.group == OURS:
            yield from experiments.remarks(item, catalogue)
        if item.kind in nested.KINDS and item.found.group == OURS:
            yield from nested.remarks(item, catalogue)


def _of_rollout(item: Item, catalogue: Catalogue) -> list[Remark]:
    """What can be said; a Rollout with fields of the wrong type may be beyond reading."""
    rollout = rollouts.decoded(item)
    if rollout is None:
        return []
    try:
        remarks, template = _template(item, rollout, catalogue)
        named = (_of_strategy(item, template, each, catalogue) for each in rollout.spec.strategy.written)
        return [*remarks, *chain.from_iterable(named), *judged.proving(item, rollout, catalogue)]
    except (AttributeError, KeyError, TypeError, ValueError):
        if catalogue.is_sound(item):
            raise
        return []


def _of_strategy(
    item: Item, template: Json | None, strategy: Canary | BlueGreen, catalogue: Catalogue
) -> Iterator[Remark]:
    yield from _services(item, template, strategy, catalogue)
    if isinstance(strategy, Canary):
        yield from _routes(item, strategy, catalogue)
        yield from experiments.of_steps(item, strategy, catalogue)
    yield from judged.remarks(item, strategy, catalogue)


def _template(item: Item, rollout: Rollout, catalogue: Catalogue) -> tuple[list[Remark], Json | None]:
    """The pod template, wherever it stands; None when that is not among the checked files."""
    reference = workload.named(rollout)
    if reference is None:
        return [], rollout.spec.template or {}
    holder = catalogue.find(reference.kind, reference.name, item)
    if holder is None:
        return [catalogue.missing(reference.kind, reference.name, item, ("spec", "workloadRef", "name"))], None
    return [], workload.inlined(item.manifest, holder.manifest)["spec"].get("template")


def _services(
    item: Item, template: Json | None, strategy: Canary | BlueGreen, catalogue: Catalogue
) -> Iterator[Remark]:
    labels = ((template or {}).get("metadata") or {}).get("labels") or {}
    for field, name in strategy.services.items():
        service = catalogue.find("Service", name, item)
        if service is None and name:
            yield catalogue.missing("Service", name, item, (*strategy.path.split("."), *field.split(".")))
        if service is None:
            continue
        spec = service.manifest.get("spec") if catalogue.is_sound(service) else None
        for key, value in ((spec or {}).get("selector") or {}).items():
            if template is not None and key != keys.HASH and labels.get(key) != value:
                what = f"spec.selector asks for {key}={value}, which the template of {item.title} does not have"
                yield Remark(service, Fault(("spec", "selector", key), what, "use the template's labels"))


def _routes(item: Item, canary: Canary, catalogue: Catalogue) -> Iterator[Remark]:
    routing = canary.traffic_routing
    if routing and routing.nginx:
        field = "stableIngresses" if routing.nginx.stable_ingresses else "stableIngress"
        for name in nginx.stable_names(routing.nginx):
            path = (*_CANARY, "trafficRouting", "nginx", field)
            found = catalogue.find(nginx.KIND, name, item)
            if found is None:
                yield catalogue.missing(nginx.KIND, name, item, path)
            else:
                yield from _ingress(found, canary, catalogue)
    if routing and routing.traefik and (name := routing.traefik.weighted_traefik_service_name):
        path = (*_CANARY, "trafficRouting", "traefik", "weightedTraefikServiceName")
        found = catalogue.find(traefik.KIND, name, item)
        if found is None:
            yield catalogue.missing(traefik.KIND, name, item, path)
        else:
            yield from _weighted(found, canary, catalogue)


def _ingress(found: Item, canary: Canary, catalogue: Catalogue) -> Iterator[Remark]:
    if catalogue.is_sound(found) and canary.stable_service and not nginx.serves(_routed(found), canary.stable_service):
        what = f"no rule leads to Service {canary.stable_service!r}, whose traffic is to be split"
        yield Remark(found, Fault(("spec", "rules"), what, "add a path with this Service as backend"))


def _weighted(found: Item, canary: Canary, catalogue: Catalogue) -> Iterator[Remark]:
    weighted = _routed(found).spec.get("weighted")
    services = weighted.get("services") if isinstance(weighted, dict) else None
    entries = services if isinstance(services, list) else []
    listed = [entry.get("name") for entry in entries if isinstance(entry, dict)]
    for name in filter(None, (canary.stable_service, canary.canary_service)):
        if name not in listed and not catalogue.doubts("Service", name, found):
            what = f"Service {name!r} is not in spec.weighted.services, so no traffic can be given to it"
            yield Remark(found, Fault(("spec", "weighted", "services"), what, "add it with weight 0"))


def _routed(item: Item) -> Routed:
    spec = item.manifest.get("spec")
    return Routed(spec=spec if isinstance(spec, dict) else {})
