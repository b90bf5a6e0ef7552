"""The invariants of the property tests, held against what the real API server saw while a daemon delivered.

Every version of the objects is replayed in the order of their resourceVersions, which is the order of etcd's writes;
each write that moves pods or traffic is shown to the checker just before it, as an intent of the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any, cast

from reconciler.kube.objects import TRAEFIK_SERVICES
from reconciler.rollouts import intents as i
from reconciler.workloads import keys
from tests.e2e.observer import Observer
from tests.properties.invariants import Watch
from tests.properties.rollout_world import Cluster
from tests.testbed.access import Access

Json = dict[str, Any]

_PATHS = {
    "Rollout": "/apis/argoproj.io/v1alpha1/namespaces/{}/rollouts",
    "AnalysisRun": "/apis/argoproj.io/v1alpha1/namespaces/{}/analysisruns",
    "ReplicaSet": "/apis/apps/v1/namespaces/{}/replicasets",
    "Service": "/api/v1/namespaces/{}/services",
    "TraefikService": "/apis/traefik.io/v1alpha1/namespaces/{}/traefikservices",
}
_ENDED_BADLY = ("Failed", "Error", "Inconclusive")


@dataclass
class Seen:
    """The cluster as it was at one moment, for the checker."""

    rollout_name: str
    objects: dict[tuple[str, str], Json] = field(default_factory=dict)

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
        return check(self._rollout, (found for observer in self._observers for found in observer.since(0)))


def check(rollout: str, versions: Iterable[Json]) -> int:
    """See `Guard.check`; `versions` in any order."""
    seen = Seen(rollout)
    watch, checked = Watch(cast(Cluster, seen)), 0
    for found in sorted(versions, key=lambda each: int(each["metadata"]["resourceVersion"])):
        key = (found["kind"], found["metadata"]["name"])
        before = seen.objects.get(key)
        if before is not None and ("Rollout", rollout) in seen.objects:
            if _somebody_acted(before, found):
                watch.user_acted()
            for intent in _intents(before, found):
                watch.before(intent)
                checked += 1
        seen.objects[key] = found
    return checked


def _somebody_acted(before: Json, after: Json) -> bool:
    """A new version was asked for, or an analysis told the engine to turn round."""
    if after["kind"] == "Rollout":
        return bool(before["metadata"]["generation"] != after["metadata"]["generation"])
    ended = [(each.get("status") or {}).get("phase") in _ENDED_BADLY for each in (before, after)]
    return after["kind"] == "AnalysisRun" and ended == [False, True]


def _intents(before: Json, after: Json) -> Iterator[i.Intent]:
    """What the engine must have asked for, if it was the engine that wrote."""
    name, old, new = after["metadata"]["name"], before.get("spec") or {}, after.get("spec") or {}
    if after["kind"] == "ReplicaSet" and old.get("replicas") != new.get("replicas"):
        yield i.ScaleReplicaSet(name, new["replicas"], 0, "")
    if after["kind"] == "Service":
        hashes = [(spec.get("selector") or {}).get(keys.HASH, "") for spec in (old, new)]
        if hashes[0] != hashes[1]:
            yield i.SwitchService(name, hashes[1], "")
    if after["kind"] == "TraefikService" and old != new:
        yield i.PatchRouted(TRAEFIK_SERVICES, name, {"spec": new}, "")
