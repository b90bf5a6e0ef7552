"""What a Rollout names, looked up among the files that were given: Services, routes, analysis templates.

An object that is missing may be elsewhere: in another repository, or in the cluster already. So it is a warning, unless
others of its kind are beside the Rollout, as then the name is what is wrong. What is here must fit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from reconciler.analysis.arguments import merge
from reconciler.analysis.metric import read_metric
from reconciler.analysis.model import AnalysisTemplate, RolloutAnalysis, TemplateSpec
from reconciler.analysis.templates import flatten
from reconciler.cli.checks import analysis, rollouts
from reconciler.cli.checks.item import Item
from reconciler.cli.checks.kinds import OURS
from reconciler.cli.checks.paths import shown
from reconciler.config.fields import nearest
from reconciler.render.validate import Fault
from reconciler.rollouts import keys
from reconciler.rollouts.model import Canary, Rollout
from reconciler.rollouts.owned import Routed
from reconciler.rollouts.traffic.routers import nginx, traefik
from reconciler.yaml.positions import Path

_CANARY: Path = ("spec", "strategy", "canary")


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding about `item`; a warning unless `certain`."""

    item: Item
    fault: Fault
    certain: bool = True


class Catalogue:
    """All objects that were given, by kind. Those without a namespace may be meant for any."""

    def __init__(self, items: Iterable[Item], sound: Iterable[Item]) -> None:
        self._sound = {id(item) for item in sound}
        self._named: dict[tuple[str, str], list[Item]] = {}
        self._beside: dict[tuple[str, str], list[Item]] = {}
        for item in items:
            self._named.setdefault((item.kind, item.name), []).append(item)
            self._beside.setdefault((item.kind, item.origin), []).append(item)

    def find(self, kind: str, name: str, near: Item) -> Item | None:
        """The object of that name; one of the same origin first."""
        known = _reachable(self._named.get((kind, name), ()), near)
        return min(known, key=lambda each: each.origin != near.origin, default=None)

    def is_sound(self, item: Item) -> bool:
        return id(item) in self._sound

    def missing(self, kind: str, name: str, near: Item, path: Path) -> Remark:
        """That there is no such object, with the name beside it that was probably meant."""
        names = [each.name for each in self._others(kind, near)]
        meant = nearest(name, names)
        fix = f"did you mean {meant!r}?" if meant else f"there are {', '.join(names[:5])}" * bool(names)
        what = f"{shown(path)}: there is no {kind} {name!r} among these files"
        return Remark(near, Fault(path, what, fix), certain=bool(names) and kind != "ClusterAnalysisTemplate")

    def doubts(self, kind: str, name: str, near: Item) -> bool:
        """Whether the name itself is probably wrong: it is missing although others are beside it."""
        return self.find(kind, name, near) is None and bool(self._others(kind, near))

    def _others(self, kind: str, near: Item) -> list[Item]:
        return _reachable(self._beside.get((kind, near.origin), ()), near)


def _reachable(items: Iterable[Item], near: Item) -> list[Item]:
    mine = near.found.namespace
    return [each for each in items if not mine or each.found.namespace in ("", mine)]


def remarks(items: Iterable[Item], sound: Iterable[Item]) -> Iterator[Remark]:
    """About every canary; of the objects that it names, only the sound ones are looked into."""
    items = tuple(items)
    catalogue = Catalogue(items, sound)
    for item in items:
        if item.kind == "Rollout" and item.found.group == OURS:
            yield from _of_rollout(item, catalogue)


def _of_rollout(item: Item, catalogue: Catalogue) -> list[Remark]:
    """What can be said; a Rollout with fields of the wrong type may be beyond reading."""
    rollout = rollouts.decoded(item)
    canary = rollout.spec.strategy.canary if rollout else None
    if rollout is None or canary is None:
        return []
    try:
        return [
            *_services(item, rollout, canary, catalogue),
            *_routes(item, canary, catalogue),
            *_analyses(item, canary, catalogue),
        ]
    except (AttributeError, KeyError, TypeError, ValueError):
        if catalogue.is_sound(item):
            raise
        return []


def _services(item: Item, rollout: Rollout, canary: Canary, catalogue: Catalogue) -> Iterator[Remark]:
    labels = ((rollout.spec.template or {}).get("metadata") or {}).get("labels") or {}
    for field, name in (("canaryService", canary.canary_service), ("stableService", canary.stable_service)):
        service = catalogue.find("Service", name, item)
        if service is None:
            if name:
                yield catalogue.missing("Service", name, item, (*_CANARY, field))
            continue
        spec = service.manifest.get("spec") if catalogue.is_sound(service) else None
        for key, value in ((spec or {}).get("selector") or {}).items():
            if key != keys.HASH and labels.get(key) != value:
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


def _analyses(item: Item, canary: Canary, catalogue: Catalogue) -> Iterator[Remark]:
    if canary.analysis:
        yield from _analysis(item, canary.analysis, (*_CANARY, "analysis"), catalogue, endless=True)
    for index, step in enumerate(canary.steps or ()):
        if isinstance(step.get("analysis"), dict):
            path = (*_CANARY, "steps", index, "analysis")
            yield from _analysis(item, step["analysis"], path, catalogue, endless=False)


def _analysis(item: Item, written: object, path: Path, catalogue: Catalogue, *, endless: bool) -> Iterator[Remark]:
    """`endless`: whether a metric may go on for as long as the update does."""
    try:
        wanted = msgspec.convert(written, RolloutAnalysis)
    except msgspec.ValidationError as error:
        yield Remark(item, Fault(path, f"{shown(path)}: {error}"))
        return
    complete = True
    for index, ref in enumerate(wanted.templates):
        kind = "ClusterAnalysisTemplate" if ref.cluster_scope else "AnalysisTemplate"
        found = catalogue.find(kind, ref.template_name, item)
        complete = complete and found is not None and catalogue.is_sound(found)
        if found is None:
            where = (*path, "templates", index, "templateName")
            yield catalogue.missing(kind, ref.template_name, item, where)
    if complete and wanted.templates:
        yield from _together(item, wanted, path, catalogue, endless)


def _together(item: Item, wanted: RolloutAnalysis, path: Path, catalogue: Catalogue, endless: bool) -> Iterator[Remark]:
    def lookup(name: str, cluster_scope: bool) -> AnalysisTemplate | None:
        kind = "ClusterAnalysisTemplate" if cluster_scope else "AnalysisTemplate"
        found = catalogue.find(kind, name, item)
        return analysis.decoded(found) if found and catalogue.is_sound(found) else None

    flat, problems = flatten(wanted.templates, lookup)
    _, unresolved = merge(wanted.args, flat.spec.args)
    for problem in problems + unresolved:
        yield Remark(item, Fault(path, f"{shown(path)}: {problem.what}", problem.fix))
    declared = Counter(arg.name for arg in flat.spec.args)
    for index, arg in enumerate(wanted.args):
        if arg.name not in declared:
            where = (*path, "args", index)
            near = nearest(arg.name, declared)
            what = f"{shown(where)}: no template knows the argument {arg.name!r}, so it is dropped"
            yield Remark(item, Fault(where, what, f"did you mean {near!r}?" if near else ""), certain=False)
    for name in () if endless else _endless(flat.spec):
        what = f"{shown(path)}: metric {name!r} is measured without end, so this step would never be done"
        yield Remark(item, Fault(path, what, "give the metric a count, or use it as background analysis"))


def _endless(spec: TemplateSpec) -> Iterator[str]:
    for metric in spec.metrics:
        read, problems = read_metric(metric, "")
        if read.count == 0 and not problems:
            yield read.name
