"""What the engine watches, and which Rollout a change of each kind concerns.

The daemon makes one informer per entry of `watched()`, builds `Stores` from their stores, calls `subscribe`, and only
then starts the informers, so that nothing is missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import msgspec

from reconciler.analysis.model import AnalysisRun, AnalysisTemplate, decode_run
from reconciler.experiments.model import Experiment, decode_experiment
from reconciler.kube.api import Decode, Resource
from reconciler.kube.objects import (
    ANALYSIS_RUNS,
    DEPLOYMENTS,
    EXPERIMENTS,
    INGRESSES,
    POD_TEMPLATES,
    REPLICA_SETS,
    ROLLOUTS,
    SERVICES,
    TRAEFIK_SERVICES,
    Meta,
)
from reconciler.kube.store import HasMeta, Store
from reconciler.rollouts import identity, named_templates, workload
from reconciler.rollouts.model import Rollout, decode_rollout
from reconciler.rollouts.owned import (
    Routed,
    Service,
    Workload,
    decode_routed,
    decode_service,
    decode_whole,
    decode_workload,
)
from reconciler.rollouts.stores import Index, Stores
from reconciler.rollouts.traffic import record
from reconciler.rollouts.traffic.routers import plugin
from reconciler.workloads import keys
from reconciler.workloads.replica_set import ReplicaSet, decode_replica_set

Enqueue = Callable[[str], None]


class Watched(NamedTuple):
    """One kind to watch. `optional`: the cluster may not serve it; then only Rollouts that need it suffer."""

    resource: Resource
    decode: Decode[Any]
    optional: bool = False


def watched() -> tuple[Watched, ...]:
    return (
        Watched(ROLLOUTS, decode_rollout),
        Watched(REPLICA_SETS, decode_replica_set),
        Watched(SERVICES, decode_service),
        Watched(ANALYSIS_RUNS, decode_run),
        Watched(EXPERIMENTS, decode_experiment),
        *_routed(),
        *(Watched(resource, decode_workload, optional=True) for resource in (DEPLOYMENTS, POD_TEMPLATES)),
    )


def _routed() -> list[Watched]:
    """Kinds of traffic routers: our own, and those of routers that others bring, which are kept whole."""
    brought = {resource.kind: resource for resource in plugin.resources()}
    return [
        Watched(INGRESSES, decode_whole if brought.pop(INGRESSES.kind, None) else decode_routed),
        Watched(TRAEFIK_SERVICES, decode_whole if brought.pop(TRAEFIK_SERVICES.kind, None) else decode_routed, True),
        *(Watched(resource, decode_whole, optional=True) for resource in brought.values()),
    ]


def on_demand(rollout: Rollout) -> set[str]:
    """The kinds of `watched()` that this Rollout reads, and that need not be watched for others."""
    reference = workload.named(rollout)
    return {kind for kind, _ in record.objects(rollout)} | ({reference.kind} if reference else set())


def stores_of(by_kind: Callable[[str], Store[Any]]) -> Stores:
    """`Stores` from the stores of the informers of `watched()`, asked for by kind."""
    rollouts: Store[Rollout] = by_kind(ROLLOUTS.kind)
    replica_sets: Store[ReplicaSet] = by_kind(REPLICA_SETS.kind)
    services: Store[Service] = by_kind(SERVICES.kind)
    runs: Store[AnalysisRun] = by_kind(ANALYSIS_RUNS.kind)
    experiments: Store[Experiment] = by_kind(EXPERIMENTS.kind)
    routed: dict[str, Store[Routed]] = {item.resource.kind: by_kind(item.resource.kind) for item in _routed()}
    workloads: dict[str, Store[Workload]] = {
        resource.kind: by_kind(resource.kind) for resource in (DEPLOYMENTS, POD_TEMPLATES)
    }
    return Stores(rollouts, replica_sets, services, runs, experiments, routed, workloads)


def subscribe(stores: Stores, enqueue: Enqueue) -> None:
    """Has `enqueue("namespace/name")` called for every change that may concern a Rollout."""
    named = Index(stores.rollouts, _names)

    def about(kind: str, found: HasMeta) -> list[str]:
        return _keys(named.keys((kind, found.metadata.namespace, found.metadata.name)))

    _follow(stores.rollouts, lambda rollout: [_key(rollout.metadata)], enqueue)
    _follow(stores.runs, lambda run: _owner(run.metadata), enqueue)
    _follow(stores.experiments, lambda experiment: _owner(experiment.metadata), enqueue)
    _follow(stores.replica_sets, lambda rs: _owner(rs.metadata) or _adopters(stores, rs), enqueue)
    _follow(stores.replica_sets, partial(about, REPLICA_SETS.kind), enqueue)
    _follow(stores.services, lambda service: [*about(SERVICES.kind, service), *_manager(service)], enqueue)
    others: dict[str, Store[Any]] = {**stores.routed, **stores.workloads}
    for kind, store in others.items():
        _follow(store, partial(about, kind), enqueue)


def subscribe_templates(
    stores: Stores, templates: Store[AnalysisTemplate], cluster_templates: Store[AnalysisTemplate], enqueue: Enqueue
) -> None:
    """As `subscribe`, for the analysis templates that Rollouts name."""
    users = named_templates.Users(stores.rollouts, templates, cluster_templates)
    for store in (templates, cluster_templates):
        _follow(store, lambda template: _keys(users.of(template)), enqueue)


def left_behind(stores: Stores) -> list[str]:
    """Keys of Rollouts that are gone while a Service still says that they manage it."""
    named = dict.fromkeys(key for service in stores.services.list() for key in _manager(service))
    return [key for key in named if stores.rollouts.get(*key.split("/", 1)) is None]


def _follow(store: Store[Any], concerned: Callable[[Any], Iterable[str]], enqueue: Enqueue) -> None:
    def changed(old: Any, new: Any) -> None:
        if old is not None and new is not None and _reads_the_same(old, new):
            return
        found = [key for item in (old, new) if item is not None for key in concerned(item)]
        for key in dict.fromkeys(found):
            enqueue(key)

    store.subscribe(changed)


def _reads_the_same(old: Any, new: Any) -> bool:
    """Whether nothing changed of what decisions read, as when another controller notes something for itself."""
    version = new.metadata.resource_version
    metadata = msgspec.structs.replace(old.metadata, resource_version=version)
    return bool(msgspec.structs.replace(old, metadata=metadata) == new)


def _names(rollout: Rollout) -> list[tuple[str, str, str]]:
    """Every object that a Rollout names: (kind, namespace, name)."""
    meta, reference = rollout.metadata, workload.named(rollout)
    named = [(reference.kind, meta.namespace, reference.name)] if reference else []
    services = [(SERVICES.kind, name) for name in record.services(rollout)]
    return named + [(kind, meta.namespace, name) for kind, name in (*services, *record.objects(rollout))]


def _owner(meta: Meta) -> list[str]:
    owner = meta.controller
    ours = owner is not None and owner.kind == ROLLOUTS.kind and owner.api_version.startswith(f"{ROLLOUTS.group}/")
    return [f"{meta.namespace}/{owner.name}"] if owner and ours else []


def _adopters(stores: Stores, rs: ReplicaSet) -> list[str]:
    """Rollouts whose selector matches a ReplicaSet without a controller."""
    if rs.metadata.controller is not None:
        return []
    rollouts = stores.rollouts.list(rs.metadata.namespace)
    return [_key(each.metadata) for each in rollouts if identity.to_adopt(_filled_in(stores, each), [rs])]


def _filled_in(stores: Stores, rollout: Rollout) -> Rollout:
    reference = workload.named(rollout)
    if reference is None:
        return rollout
    return workload.filled_in(rollout, stores.workload(rollout.metadata.namespace, reference))


def _manager(service: Service) -> list[str]:
    manager = service.metadata.annotations.get(keys.MANAGED_BY)
    return [f"{service.metadata.namespace}/{manager}"] if manager else []


def _key(meta: Meta) -> str:
    return f"{meta.namespace}/{meta.name}"


def _keys(found: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{namespace}/{name}" for namespace, name in found]
