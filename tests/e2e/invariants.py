"""The invariants of the property tests, held against what the real API server saw while an engine drove a Rollout.

Every version of the objects is replayed in the order of their resourceVersions, which is the order of etcd's writes;
each write that moves pods or traffic is shown to the checker just before it, as an intent of the engine. The checker is
the one of the property tests, for canaries and blue-green alike; endpoints, which exist only here, come on top.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast

from reconciler.kube.objects import INGRESSES, TRAEFIK_SERVICES
from reconciler.rollouts import intents as i
from reconciler.workloads import keys
from tests.e2e.endpoints import Endpoints
from tests.e2e.observer import Observer
from tests.properties import carried
from tests.properties.blue_green_invariants import watch_of
from tests.properties.invariants import Broken, Watch
from tests.properties.rollout_world import Cluster
from tests.testbed.access import Access

Json = dict[str, Any]

_PATHS = {
    "Rollout": "/apis/argoproj.io/v1alpha1/namespaces/{}/rollouts",
    "AnalysisRun": "/apis/argoproj.io/v1alpha1/namespaces/{}/analysisruns",
    "ReplicaSet": "/apis/apps/v1/namespaces/{}/replicasets",
    "Service": "/api/v1/namespaces/{}/services",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
    "TraefikService": "/apis/traefik.io/v1alpha1/namespaces/{}/traefikservices",
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/{}/ingresses",
}
_ROUTED = {resource.kind: resource for resource in (TRAEFIK_SERVICES, INGRESSES)}
_ENDED_BADLY = ("Failed", "Error", "Inconclusive")


class Version(NamedTuple):
    """An object as it was from a moment on; one that is gone, as it was last."""

    at: datetime
    obj: Json
    gone: bool = False


@dataclass
class Seen:
    """The cluster as it was at one moment, for the checker."""

    rollout_name: str
    now: datetime
    objects: dict[tuple[str, str], Json] = field(default_factory=dict)

    @property
    def begun(self) -> bool:
        return ("Rollout", self.rollout_name) in self.objects

    @property
    def rollout(self) -> Json:
        return self.objects["Rollout", self.rollout_name]

    @property
    def status(self) -> Json:
        return self.rollout.get("status") or {}


class Guard(AbstractContextManager["Guard"]):
    """Watches everything that concerns one Rollout from when it is entered."""

    def __init__(self, cluster: Access, namespace: str, rollout: str) -> None:
        self._observers = [Observer(cluster, path.format(namespace)) for path in _PATHS.values()]
        self._rollout, self._stack = rollout, ExitStack()

    def __enter__(self) -> Guard:
        for observer in self._observers:
            self._stack.enter_context(observer)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def check(self) -> int:
        """How many writes were held against the invariants. Raises `Broken` for the first that broke one."""
        started = datetime.now(UTC) - timedelta(seconds=time.monotonic())
        seen = (each for observer in self._observers for each in observer.history())
        return check(self._rollout, (Version(started + timedelta(seconds=at), obj, gone) for at, obj, gone in seen))


def check(rollout: str, versions: Iterable[Version]) -> int:
    """See `Guard.check`; `versions` in any order."""
    story = sorted(versions, key=lambda each: int(each.obj["metadata"]["resourceVersion"]))
    seen, endpoints, checked = Seen(rollout, story[0].at), Endpoints(), 0
    watch: Watch | None = None
    for seen.now, found, gone in story:
        key = (found["kind"], found["metadata"]["name"])
        if key == ("Rollout", rollout) and (gone or "deletionTimestamp" in found["metadata"]):
            watch, seen.objects, endpoints = None, {}, Endpoints()  # what is deleted with it is meant to go
            continue
        if watch is not None:
            checked += _hold(watch, endpoints, seen, found, gone=gone)
        _remember(seen, key, found, gone=gone)
        if watch is None and seen.begun:
            watch = watch_of(cast(Cluster, seen))
    return checked


def _hold(watch: Watch, endpoints: Endpoints, seen: Seen, found: Json, *, gone: bool) -> int:
    """One write against the invariants; how many intents it was."""
    kind, name = found["kind"], found["metadata"]["name"]
    before = seen.objects.get((kind, name))
    if before is not None and _somebody_acted(before, found):
        watch.user_acted()
    if kind == "EndpointSlice" and not gone:
        endpoints.before(found, seen.rollout, seen.objects)
    if kind == "Service" and gone and carried.weights(seen.rollout, seen.objects).get(name):
        raise Broken(f"Service {name} is deleted while it gets traffic")
    intents = [] if gone else list(_intents(before, found))
    for intent in intents:
        watch.before(intent)
    return len(intents)


def _remember(seen: Seen, key: tuple[str, str], found: Json, *, gone: bool) -> None:
    if gone:
        seen.objects.pop(key, None)
    else:
        seen.objects[key] = found


def _somebody_acted(before: Json, after: Json) -> bool:
    """A new version was asked for, or the engine was told to turn round, by a person or an analysis."""
    if after["kind"] == "Rollout":
        return _asked(before) != _asked(after)
    ended = [(each.get("status") or {}).get("phase") in _ENDED_BADLY for each in (before, after)]
    return after["kind"] == "AnalysisRun" and ended == [False, True]


def _asked(rollout: Json) -> tuple[Any, ...]:
    status = rollout.get("status") or {}
    return rollout["metadata"]["generation"], bool(status.get("abort")), bool(status.get("promoteFull"))


def _intents(before: Json | None, after: Json) -> Iterator[i.Intent]:
    """What the engine must have asked for, if it was the engine that wrote."""
    if before is None:
        yield from _created(after)
        return
    kind, name = after["kind"], after["metadata"]["name"]
    old, new = before.get("spec") or {}, after.get("spec") or {}
    if kind == "ReplicaSet" and old.get("replicas") != new.get("replicas"):
        yield i.ScaleReplicaSet(name, new["replicas"], 0, "")
    if kind == "Service":
        hashes = [(spec.get("selector") or {}).get(keys.HASH, "") for spec in (old, new)]
        if hashes[0] != hashes[1]:
            yield i.SwitchService(name, hashes[1], "")
    if kind in _ROUTED:
        yield i.PatchRouted(_ROUTED[kind], name, after, "")
    stable = [(each.get("status") or {}).get("stableRS") for each in (before, after)]
    if kind == "Rollout" and stable[0] != stable[1] is not None:
        yield i.PatchStatus({"stableRS": stable[1]})


def _created(after: Json) -> Iterator[i.Intent]:
    """What was there before anybody watched is nobody's doing: a controller has seen it already."""
    ours = keys.EXPERIMENT not in after["metadata"].get("annotations", {})
    if after["kind"] == "ReplicaSet" and ours and "observedGeneration" not in (after.get("status") or {}):
        yield i.CreateReplicaSet(after)
    if after["kind"] in _ROUTED and after["metadata"].get("ownerReferences"):
        yield i.CreateRouted(_ROUTED[after["kind"]], after)
