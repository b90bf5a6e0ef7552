"""Which keys this process works on: those with its instance id (spec rollouts §11.6) that are in its shards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, Protocol

from reconciler.kube import instances
from reconciler.kube.fence import Permission, under
from reconciler.kube.objects import Meta
from reconciler.kube.store import Store

Reconcile = Callable[[str], datetime | None]


class Share(Protocol):
    """`kube.shards.Shards`, or `Everything`."""

    def work(self, key: str) -> AbstractContextManager[Permission | None]:
        """The permission to write about a key while the block runs; None when another replica works on it."""
        ...


class Everything:
    """The share of a replica that works alone, for as long as `permission` says so."""

    def __init__(self, permission: Permission) -> None:
        self._permission = permission

    @contextmanager
    def work(self, key: str) -> Iterator[Permission | None]:
        yield self._permission


class Guard:
    """Stands before every reconcile."""

    def __init__(self, instance_id: str, share: Share) -> None:
        self._instance_id, self._share = instance_id, share

    def belongs(self, meta: Meta) -> bool:
        """Whether an object is for an engine with our id."""
        return instances.belongs(meta, self._instance_id)

    def drives(self, meta: Meta) -> bool:
        """Whether it is this very process that works on the object now."""
        with self._share.work(home(meta)) as permission:
            return permission is not None and permission() and self.belongs(meta)

    def only_ours(
        self, store: Store[Any], reconcile: Reconcile, forget: Callable[[str], None] = lambda key: None
    ) -> Reconcile:
        """`reconcile` for keys of ours; for the others `forget`, because what we knew of them goes stale.

        Objects with other ids are watched, so that none is taken for deleted, but never written.
        """

        def guarded(key: str) -> datetime | None:
            found = store.get(*key.split("/", 1))
            if found is not None and not self.belongs(found.metadata):
                return None
            with self._share.work(home(found.metadata) if found is not None else key) as permission:
                if permission is None:
                    forget(key)
                    return None
                with under(permission):
                    return reconcile(key)

        return guarded


def home(meta: Meta) -> str:
    """The key whose shard an object is in: its controller's, so that a Rollout's runs are where it is."""
    owner = meta.controller
    return f"{meta.namespace}/{owner.name if owner else meta.name}"
