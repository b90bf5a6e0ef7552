"""The port to a Kubernetes API server: what engines may ask of it, as plain data.

`kube/client.py` implements `Cluster` over HTTPS; the sandbox and a real kube-apiserver are both reached through it,
so there is no second implementation to keep honest. Errors: `NotFound` 404, `Conflict`/`AlreadyExists` 409,
`Gone` 410, `UserError` 400/422 (and the 500 "field not declared in schema"), `Refused` 401/403,
`Transient` 429/5xx/network with `retry_after`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

Object = dict[str, Any]
"""A whole API object as decoded JSON."""

T = TypeVar("T")
Decode = Callable[[bytes], T]
"""Turns one object's JSON into what a store keeps: a partial struct, a digest. If it raises, the object is skipped."""

PatchKind = Literal["merge", "json", "strategic"]

SYNC_MANAGER = "reconciler"
"""Field manager of everything that is applied from git."""

ROLLOUTS_MANAGER = "reconciler-rollouts"
"""Field manager of everything that the rollouts and analysis engines write."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One served resource type, e.g. `Resource("apps", "v1", "Deployment", "deployments")`."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """URL path of the collection or of one object (Kubernetes API conventions)."""
        parts = ["/apis", self.group, self.version] if self.group else ["/api", self.version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/".join(parts)


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """`raw` is the object's JSON; empty for BOOKMARK, whose only news is the resourceVersion."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    raw: bytes
    resource_version: str


@dataclass(frozen=True, slots=True)
class RawList:
    """All pages of one list: each item's JSON, and the resourceVersion to watch from."""

    items: list[bytes]
    resource_version: str


class WatchStream(Protocol):
    """The events of one watch. `stop` may be called from any thread; the iteration then ends normally."""

    def __iter__(self) -> Iterator[WatchEvent]: ...

    def stop(self) -> None: ...


class Cluster(Protocol):
    """The door itself. Every call has its own deadline; all are safe to use from many threads."""

    def get(self, resource: Resource, namespace: str | None, name: str, subresource: str | None = None) -> Object: ...

    def list_raw(
        self, resource: Resource, namespace: str | None = None, *, label_selector: str = "", field_selector: str = ""
    ) -> RawList: ...

    def list(
        self, resource: Resource, namespace: str | None = None, *, label_selector: str = "", field_selector: str = ""
    ) -> list[Object]: ...

    def create(
        self, resource: Resource, namespace: str | None, body: Object, *, field_manager: str = ROLLOUTS_MANAGER
    ) -> Object: ...

    def apply(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        body: Object,
        *,
        field_manager: str = SYNC_MANAGER,
        force: bool = True,
        dry_run: bool = False,
    ) -> Object:
        """Server-side apply. Creates what is absent; `Conflict` names the rival manager when not forced."""
        ...

    def patch(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        patch: Any,
        *,
        kind: PatchKind = "merge",
        subresource: str | None = None,
        field_manager: str = ROLLOUTS_MANAGER,
    ) -> Object: ...

    def delete(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
    ) -> None: ...

    def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        field_selector: str = "",
    ) -> WatchStream:
        """Events until the server closes the stream (a normal end). Raises `Gone` on 410, `Transient` on silence."""
        ...

    def find(self, api_version: str, kind: str) -> Resource:
        """Resolves a kind by discovery (cached; asked again once on a miss). Raises `NotFound`."""
        ...

    def pod_log(self, namespace: str, name: str, *, tail_lines: int) -> str:
        """The last lines that the pod's only, or default, container wrote. Raises `NotFound`."""
        ...

    def server_version(self) -> str: ...
