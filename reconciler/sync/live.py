"""What is known of live objects: watches on just the kinds we manage, selected by our label, without bodies (§7.2).

Each object becomes a digest of our fields, its health and a few numbers as it arrives; a whole cluster idle costs no
request but the watches. A change that means something to an Application is told by its label value.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from typing import Any

import msgspec
import orjson

from reconciler.apps.delivery import Health
from reconciler.apps.record import Entry
from reconciler.errors import Transient
from reconciler.kube.api import Cluster, Decode, Object, Resource
from reconciler.kube.informer import Informer
from reconciler.kube.objects import Meta
from reconciler.runtime.clock import Clock
from reconciler.sync.digests import own_fields_digest
from reconciler.sync.health import health
from reconciler.sync.health.apps import count, desired_replicas
from reconciler.sync.health.model import UNOBSERVED, Assessment
from reconciler.sync.images import images_of
from reconciler.sync.tracking import APP_LABEL, OWNER


class LiveObject(msgspec.Struct, frozen=True):
    """One live object in brief. `observed`: its controller has seen the newest spec; counts are of pods.

    `selector` finds the pods of a workload; empty for kinds that have none of their own.
    """

    metadata: Meta
    own: str
    health: Health
    message: str = ""
    terminal: bool = False
    observed: bool = True
    images: tuple[str, ...] = ()
    desired: int = 0
    ready: int = 0
    updated: int = 0
    selector: str = ""

    @property
    def uid(self) -> str:
        return self.metadata.uid

    @property
    def generation(self) -> int:
        return self.metadata.generation

    @property
    def assessment(self) -> Assessment:
        return Assessment(self.health, self.message, self.terminal)


def brief(obj: Object) -> LiveObject:
    """Everything that sync wants to remember of an object."""
    found = health(obj)
    counts = _pod_counts(obj)
    return LiveObject(
        _meta(obj["metadata"]),
        own_fields_digest(obj),
        found.health,
        found.message,
        found.terminal,
        found != UNOBSERVED,
        images_of(obj),
        *counts,
        _selector(obj),
    )


def _meta(metadata: dict[str, Any]) -> Meta:
    """Metadata without what is bulky: of labels and annotations only our own."""
    slim = {**metadata, "labels": _only(metadata.get("labels"), APP_LABEL)}
    slim["annotations"] = _only(metadata.get("annotations"), OWNER)
    return msgspec.convert(slim, Meta)


def _only(values: dict[str, str] | None, key: str) -> dict[str, str]:
    return {key: values[key]} if values and key in values else {}


def _pod_counts(obj: Object) -> tuple[int, int, int]:
    """Desired, ready, updated pods of a workload; zeros for other kinds."""
    if obj.get("kind") == "DaemonSet":
        return count(obj, "desiredNumberScheduled"), count(obj, "numberReady"), count(obj, "updatedNumberScheduled")
    if obj.get("kind") in ("Deployment", "StatefulSet", "ReplicaSet", "Rollout"):
        return desired_replicas(obj), count(obj, "readyReplicas"), count(obj, "updatedReplicas")
    return 0, 0, 0


def _selector(obj: Object) -> str:
    """The label selector of a plain workload, as the API wants it in a query."""
    if obj.get("kind") not in ("DaemonSet", "Deployment", "StatefulSet"):
        return ""
    labels = ((obj.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def decoder(resource: Resource) -> Decode[LiveObject]:
    """Items of a list lack `apiVersion` and `kind`; health rules need them."""
    identity = {"apiVersion": resource.api_version, "kind": resource.kind}
    return lambda raw: brief(orjson.loads(raw) | identity)


Watched = tuple[str, str, str]
"""Group, version and kind. The version counts: who owns which field is told in the paths of the version applied."""


class LiveObjects:
    """The watches. `on_change` gets the label value of an Application one of whose objects changed in what matters."""

    def __init__(
        self, cluster: Cluster, clock: Clock, on_change: Callable[[str], None], namespace: str | None = None
    ) -> None:
        self._cluster, self._clock, self._on_change, self._namespace = cluster, clock, on_change, namespace
        self._informers: dict[Watched, Informer[LiveObject]] = {}
        self._lock = threading.Lock()

    def watch(self, resources: Iterable[Resource]) -> None:
        """Starts the watches that are not running yet."""
        for resource in resources:
            self._informer(resource)

    def wait_synced(self, resources: Iterable[Resource], timeout: float) -> None:
        """Raises `Transient` when a kind's first list is not in after `timeout` seconds: unknown is not absent."""
        deadline = self._clock.monotonic() + timeout
        for resource in resources:
            informer = self._informer(resource)
            if not informer.wait_synced(max(0.0, deadline - self._clock.monotonic())):
                why = informer.failing or "the list is not complete yet"
                raise Transient(f"live objects of kind {resource.kind} are not known: {why}")

    def get(self, entry: Entry) -> LiveObject | None:
        informer = self._informers.get(watched(entry))
        return informer.store.get(entry.namespace, entry.name) if informer else None

    def put(self, resource: Resource, obj: Object) -> LiveObject:
        """Takes in the answer of a write, so that the next decision sees it."""
        self._informer(resource).store.put_answer(obj)
        return brief(obj)

    def failing(self) -> dict[str, str]:
        """Kinds whose watch is in trouble, and why."""
        return {kind: found.failing for (*_, kind), found in list(self._informers.items()) if found.failing}

    def retain(self, wanted: Collection[Watched]) -> None:
        """Stops the watches of kinds that nobody manages any more."""
        with self._lock:
            dropped = [self._informers.pop(at) for at in list(self._informers) if at not in wanted]
        for informer in dropped:
            informer.stop()

    def stop(self) -> None:
        self.retain(())

    def _informer(self, resource: Resource) -> Informer[LiveObject]:
        with self._lock:
            informer = self._informers.get(watched(resource))
            if informer is None:
                informer = self._informers[watched(resource)] = self._start(resource)
            return informer

    def _start(self, resource: Resource) -> Informer[LiveObject]:
        informer = Informer(
            self._cluster,
            resource,
            decoder(resource),
            namespace=self._namespace if resource.namespaced else None,
            label_selector=APP_LABEL,
            clock=self._clock,
        )
        informer.store.subscribe(self._tell)
        informer.start()
        return informer

    def _tell(self, old: LiveObject | None, new: LiveObject | None) -> None:
        if old is not None and new is not None and _essence(old) == _essence(new):
            return
        for found in (old, new):
            if found is not None and (label := found.metadata.labels.get(APP_LABEL)):
                self._on_change(label)


def watched(of: Resource | Entry) -> Watched:
    return of.group, of.version, of.kind


def _essence(found: LiveObject) -> tuple[object, ...]:
    return (
        found.own,
        found.assessment,
        found.generation,
        found.uid,
        found.images,
        found.desired,
        found.ready,
        found.updated,
    )
