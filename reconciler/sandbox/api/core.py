"""What every verb works on, and how a request says what it wants."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reconciler.sandbox.kinds import Kind, built_in
from reconciler.sandbox.problems import not_found
from reconciler.sandbox.registry import Registry
from reconciler.sandbox.store import Store

Object = dict[str, Any]
LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Options:
    """The query of a writing request. `warnings` collects what the answer says in Warning headers."""

    manager: str = "unknown"
    dry_run: bool = False
    force: bool = False
    validation: str = "Warn"
    warnings: list[str] = field(default_factory=list)


@dataclass
class Api:
    """The state of one sandbox: what is stored, what is served, what time it is."""

    store: Store = field(default_factory=Store)
    registry: Registry = field(default_factory=lambda: Registry(built_in()))
    now: Callable[[], datetime] = utc_now
    next_address: int = 10

    def timestamp(self) -> str:
        """Times of objects have a resolution of one second."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def require(self, kind: Kind, namespace: str, name: str) -> Object:
        """The stored object. Raises 404."""
        found = self.store.get(kind.storage, namespace, name)
        if found is None:
            raise not_found(kind.group, kind.plural, name)
        return found

    def cluster_ip(self) -> str:
        """Addresses of Services, each once."""
        self.next_address += 1
        return f"10.96.{self.next_address // 256 % 256}.{self.next_address % 256}"


def random_suffix() -> str:
    return "".join(random.choices(LETTERS, k=5))


def in_version(kind: Kind, obj: Object) -> Object:
    """A stored object as this version of its resource."""
    if obj.get("apiVersion") == kind.api_version:
        return obj
    return obj | {"apiVersion": kind.api_version, "kind": kind.kind}
