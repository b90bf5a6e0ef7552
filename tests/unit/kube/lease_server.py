"""An API server as far as Leases need it, whose answers can be lost, and replicas that share shards over it."""

from __future__ import annotations

import copy
from typing import Any

from reconciler.errors import AlreadyExists, Conflict, NotFound, Transient
from reconciler.kube.fence import Permission
from reconciler.kube.leases import Terms
from reconciler.kube.sharding import shard_of
from reconciler.kube.shards import Shards
from reconciler.runtime.clock import VirtualClock

SHARDS = 4


class LeaseServer:
    """Objects with resourceVersions."""

    def __init__(self) -> None:
        self.leases: dict[str, dict[str, Any]] = {}
        self._version = 0

    def get(self, name: str) -> dict[str, Any]:
        if name not in self.leases:
            raise NotFound(name)
        return copy.deepcopy(self.leases[name])

    def list(self) -> list[dict[str, Any]]:
        return copy.deepcopy(list(self.leases.values()))

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body["metadata"]["name"]
        if name in self.leases:
            raise AlreadyExists(name)
        return self._put(name, body)

    def patch(self, name: str, patch: dict[str, Any]) -> dict[str, Any]:
        known = self.get(name)
        if patch["metadata"]["resourceVersion"] != known["metadata"]["resourceVersion"]:
            raise Conflict(name)
        return self._put(name, known | {"spec": known["spec"] | patch["spec"]})

    def delete(self, name: str) -> None:
        self.get(name)
        del self.leases[name]

    def _put(self, name: str, lease: dict[str, Any]) -> dict[str, Any]:
        self._version += 1
        self.leases[name] = lease | {"metadata": lease["metadata"] | {"resourceVersion": str(self._version)}}
        return copy.deepcopy(self.leases[name])


class Line:
    """The `Cluster` of a replica. `trouble`: "down" loses questions, "deaf" answers, "unsure" only its own Lease."""

    def __init__(self, server: LeaseServer) -> None:
        self._server, self.trouble = server, ""

    def get(self, _resource: object, _namespace: str, name: str) -> Any:
        return self._through(lambda: self._server.get(name))

    def list(self, _resource: object, _namespace: str, *, label_selector: str) -> Any:
        return self._through(self._server.list)

    def create(self, _resource: object, _namespace: str, body: dict[str, Any]) -> Any:
        return self._through(lambda: self._server.create(body))

    def patch(self, _resource: object, _namespace: str, name: str, patch: dict[str, Any]) -> Any:
        if self.trouble == "unsure" and "-member-" in name:
            raise Transient("no connection")
        return self._through(lambda: self._server.patch(name, patch))

    def delete(self, _resource: object, _namespace: str, name: str) -> None:
        self._through(lambda: self._server.delete(name))

    def _through(self, act: Any) -> Any:
        if self.trouble == "down":
            raise Transient("no connection")
        answer = act()
        if self.trouble == "deaf":
            raise Transient("the answer was lost")
        return answer


class Replica:
    """`begin` keeps a permission, as a reconcile does that takes its time; `end` lets it go."""

    def __init__(self, server: LeaseServer, name: str, clock: VirtualClock, shards: int = SHARDS) -> None:
        self.name, self.line, self.told = name, Line(server), list[int]()
        self.shards = Shards(self.line, "ns", "work", name, shards, clock, self.told.append, Terms())  # type: ignore[arg-type]
        self.kept: list[tuple[str, Any, Permission]] = []

    def step(self) -> float:
        return self.shards.step()

    def begin(self, key: str) -> None:
        work = self.shards.work(key)
        permission = work.__enter__()
        if permission is None:
            work.__exit__(None, None, None)
        else:
            self.kept.append((key, work, permission))

    def end(self) -> None:
        for _, work, _ in self.kept:
            work.__exit__(None, None, None)
        self.kept = []

    def may_write(self, key: str) -> bool:
        """Whether a write about the key could be made at this instant: by new work, or by work begun earlier."""
        with self.shards.work(key) as permission:
            new = permission is not None and permission()
        return new or any(permission() for about, _, permission in self.kept if about == key)


def key_in(shard: int, shards: int = SHARDS) -> str:
    """A key of this shard."""
    return next(key for number in range(1000) if shard_of(key := f"ns/app-{number}", shards) == shard)
