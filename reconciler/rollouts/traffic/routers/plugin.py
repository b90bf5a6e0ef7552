"""Routers of third parties, found by their entry points and held to the contract (spec rollouts §8.5 plugin).

Their code is kept at arm's length: whatever it raises or returns is an error of the one Rollout that uses it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import entry_points
from typing import Any, cast

from reconciler.kube.api import Object, Resource
from reconciler.kube.merge_patch import difference
from reconciler.kube.objects import (
    ANALYSIS_RUNS,
    ANALYSIS_TEMPLATES,
    CLUSTER_ANALYSIS_TEMPLATES,
    DEPLOYMENTS,
    EXPERIMENTS,
    POD_TEMPLATES,
    PODS,
    REPLICA_SETS,
    ROLLOUTS,
    SERVICES,
)
from reconciler.rollouts.intents import CreateRouted, Intent, PatchRouted
from reconciler.rollouts.revisions import owner_reference
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.strategy_model import TrafficRouting
from reconciler.rollouts.traffic.routers import rehearsal
from reconciler.rollouts.traffic.routers.contract import MAX_WEIGHT, PING_PONG, Key, RouterError, RouterPlugin
from reconciler.rollouts.traffic.wanted import Wanted

ENTRY_POINTS = "reconciler.traffic_routers"

_KEPT_OTHERWISE = frozenset(
    each.kind
    for each in (
        ROLLOUTS,
        REPLICA_SETS,
        SERVICES,
        PODS,
        DEPLOYMENTS,
        POD_TEMPLATES,
        ANALYSIS_RUNS,
        ANALYSIS_TEMPLATES,
        CLUSTER_ANALYSIS_TEMPLATES,
        EXPERIMENTS,
    )
)
"""Kinds that the engine reads in parts of its own, so that a router cannot have them whole."""

_LONGEST = 500
"""Characters of a plugin's own words that are shown."""


def find(name: str) -> PluginRouter:
    """The router that `trafficRouting.plugins.<name>` means. Raises RouterError when there is none that works."""
    found = load(name)
    if isinstance(found, str):
        raise RouterError(found)
    return found


@cache
def load(name: str) -> PluginRouter | str:
    """The router, or why there is none: looked for once in the life of a process, as every Rollout event asks."""
    if name == rehearsal.NAME:
        return PluginRouter(name, cast(RouterPlugin, rehearsal))
    entries = list(entry_points(group=ENTRY_POINTS, name=name))
    if not entries:
        return f"no installed package provides this router; its entry point would be in {ENTRY_POINTS}"
    try:
        return _held_to_the_contract(PluginRouter(name, entries[0].load()))
    except Exception as error:
        return f"its package cannot be loaded: {_said(error)}"


def resources() -> tuple[Resource, ...]:
    """The kinds of all routers that are installed and work."""
    found: dict[str, Resource] = {}
    for name in sorted({entry.name for entry in entry_points(group=ENTRY_POINTS)}):
        try:
            found |= {resource.kind: resource for resource in find(name).resources}
        except RouterError:
            continue  # the Rollouts that name it say so
    return tuple(found.values())


def _held_to_the_contract(router: PluginRouter) -> PluginRouter:
    if taken := sorted(resource.kind for resource in router.resources if resource.kind in _KEPT_OTHERWISE):
        raise RouterError(f"its RESOURCES name {', '.join(taken)}, which the engine keeps for itself")
    return router


class PluginRouter:
    """A third party's router as the engine uses it."""

    def __init__(self, name: str, plugin: RouterPlugin) -> None:
        self._name, self._plugin = name, plugin
        self.resources = tuple(plugin.RESOURCES)
        self.ABILITIES = frozenset(plugin.ABILITIES) | {PING_PONG, MAX_WEIGHT}

    def problems(self, routing: TrafficRouting) -> list[str]:
        """What the plugin finds wrong with its configuration."""
        check = getattr(self._plugin, "problems", None)
        try:
            return [str(text)[:_LONGEST] for text in check(self._config(routing))] if check else []
        except Exception as error:
            return [_said(error)]

    def objects(self, routing: TrafficRouting, rollout: str) -> list[Key]:
        try:
            return self._named(routing, rollout)
        except Exception:
            return []  # `shift` meets the same error, and tells it

    def shift(self, world: World, wanted: Wanted) -> list[Intent]:
        try:
            edited = list(self._edit(world, wanted))
        except Exception as error:
            raise RouterError(_said(error)) from error
        return [intent for body in edited for intent in self._write(world, body)]

    def verify(self, world: World, wanted: Wanted) -> bool | None:
        check = getattr(self._plugin, "verify", None)
        if check is None:
            return None
        try:
            answer = check(self._config(world.canary.traffic_routing), wanted, self._found(world))
        except Exception as error:
            raise RouterError(_said(error)) from error
        return None if answer is None else bool(answer)

    def _edit(self, world: World, wanted: Wanted) -> Iterable[Object]:
        return self._plugin.edit(self._config(world.canary.traffic_routing), wanted, self._found(world))

    def _named(self, routing: TrafficRouting | None, rollout: str) -> list[Key]:
        return [(str(kind), str(name)) for kind, name in self._plugin.objects(self._config(routing), rollout)]

    def _found(self, world: World) -> dict[Key, Object]:
        """Copies, as the plugin may change them."""
        names = self._named(world.canary.traffic_routing, world.rollout.metadata.name)
        return {key: copy.deepcopy(world.routed[key].body) for key in names if key in world.routed}

    def _write(self, world: World, body: Object) -> Iterator[Intent]:
        resource, name = self._resource(body), str((body.get("metadata") or {}).get("name", ""))
        found = world.routed.get((resource.kind, name))
        if found is None:
            yield CreateRouted(resource, _owned(world, resource, body))
        elif changed := difference(found.body, body):
            yield PatchRouted(resource, name, changed, found.metadata.resource_version)

    def _resource(self, body: Object) -> Resource:
        for resource in self.resources:
            if (resource.kind, resource.api_version) == (body.get("kind"), body.get("apiVersion")):
                return resource
        raise RouterError(f"it wrote a {body.get('kind')} of {body.get('apiVersion')}, which is not in its RESOURCES")

    def _config(self, routing: TrafficRouting | None) -> Any:
        return copy.deepcopy(((routing.plugins if routing else None) or {}).get(self._name))


def _owned(world: World, resource: Resource, body: Object) -> Object:
    metadata = {**(body.get("metadata") or {}), "namespace": world.rollout.metadata.namespace}
    metadata["ownerReferences"] = [owner_reference(world.rollout)]
    return {**body, "apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}


def _said(error: Exception) -> str:
    """In the plugin's own words where it chose them."""
    kind = "" if isinstance(error, RouterError) else f"{type(error).__name__}: "
    return f"{kind}{error}"[:_LONGEST]
