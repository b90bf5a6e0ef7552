"""What is known of one kind: decoded once, indexed by owner and by label, never older than our own writes.

Resource versions order the copies of one object: they are compared as integers, which the revisions of etcd are; where
one is not a number, the later arrival wins. An object that was deleted leaves a tombstone, so that the late answer of a
write does not bring it back.
"""

from __future__ import annotations

import builtins
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import orjson

from reconciler.kube import nesting
from reconciler.kube.api import Decode, Object
from reconciler.kube.objects import Meta

log = logging.getLogger(__name__)

TOMBSTONES = 1000


class HasMeta(Protocol):
    """Anything decoded with its metadata."""

    @property
    def metadata(self) -> Meta: ...


T = TypeVar("T", bound=HasMeta)
Listener = Callable[[T | None, T | None], None]
"""`(old, new)`: (None, x) appeared, (x, y) changed, (x, None) is gone. In the writer's thread; must only enqueue."""

Key = tuple[str, str]
"""(namespace, name)"""


def is_newer(version: str, than: str, *, unless_known: bool = True) -> bool:
    """Whether one resourceVersion comes after another; `unless_known` is the answer when they are not numbers."""
    if version.isdecimal() and than.isdecimal():
        return int(version) > int(than)
    return unless_known and version != than


class _Identity(msgspec.Struct):
    metadata: Meta

    @property
    def key(self) -> Key:
        return self.metadata.namespace, self.metadata.name


_identify = msgspec.json.Decoder(_Identity).decode


class Store(Generic[T]):
    """A thread-safe cache; `index_labels` are the label keys that `labelled` can be asked about."""

    def __init__(self, decode: Decode[T], index_labels: Iterable[str] = ()) -> None:
        self.undecodable: dict[Key, str] = {}
        """Why an object could not be read; the store keeps its last readable state, if it ever had one."""
        self._decode = decode
        self._lock = threading.RLock()
        self._objects: dict[Key, T] = {}
        self._owned: dict[str, set[Key]] = {}
        self._labelled: dict[tuple[str, str], set[Key]] = {}
        self._index_labels = tuple(index_labels)
        self._tombstones: OrderedDict[str, str] = OrderedDict()
        self._listeners: list[Listener[T]] = []

    def __len__(self) -> int:
        return len(self._objects)

    def get(self, namespace: str, name: str) -> T | None:
        return self._objects.get((namespace, name))

    def list(self, namespace: str | None = None) -> list[T]:
        with self._lock:
            return [item for key, item in self._objects.items() if namespace is None or key[0] == namespace]

    def owned_by(self, uid: str) -> builtins.list[T]:
        """Objects whose controller has this uid."""
        with self._lock:
            return [self._objects[key] for key in sorted(self._owned.get(uid, ()))]

    def labelled(self, key: str, value: str) -> builtins.list[T]:
        """Objects with this label. Raises `KeyError` for a label that is not indexed."""
        if key not in self._index_labels:
            raise KeyError(f"label {key!r} is not indexed")
        with self._lock:
            return [self._objects[at] for at in sorted(self._labelled.get((key, value), ()))]

    def subscribe(self, listener: Listener[T]) -> None:
        """Calls `listener` for every change from now on, after the store shows it."""
        self._listeners.append(listener)

    def put(self, raw: bytes) -> None:
        """Takes an object in, unless a newer copy or its deletion is known already."""
        try:
            new = nesting.decoded(self._decode, raw)
        except Exception as error:  # one object that we cannot read must not cost us the others
            self._note_undecodable(raw, error)
            return
        with self._lock:
            self._admit(new)

    def put_answer(self, raw: bytes | Object) -> None:
        """Takes in what a write was answered with, so that the next decision sees it (read your writes)."""
        self.put(raw if isinstance(raw, bytes) else orjson.dumps(raw))

    def drop(self, raw: bytes) -> None:
        """Takes in a deletion; `raw` is the object's last state, its resourceVersion that of the deletion."""
        gone = nesting.decoded(_identify, raw)
        with self._lock:
            self.undecodable.pop(gone.key, None)
            self._bury(gone.metadata.uid, gone.metadata.resource_version)
            old = self._objects.get(gone.key)
            if old is not None and old.metadata.uid == gone.metadata.uid:
                self._remove_unless_newer(gone.key, old, gone.metadata.resource_version)

    def replace(self, items: Iterable[bytes], version: str) -> None:
        """Takes in a whole list of the given resourceVersion: what it lacks has been deleted, unless written since."""
        listed = set()
        for raw in items:
            listed.add(nesting.decoded(_identify, raw).key)
            self.put(raw)
        with self._lock:
            for key, item in list(self._objects.items()):
                if key not in listed and self._remove_unless_newer(key, item, version):
                    self._bury(item.metadata.uid, version)
            for key in self.undecodable.keys() - listed:
                del self.undecodable[key]

    def _admit(self, new: T) -> None:
        meta = new.metadata
        key = (meta.namespace, meta.name)
        self.undecodable.pop(key, None)
        buried, old = self._tombstones.get(meta.uid), self._objects.get(key)
        if buried is not None and not is_newer(meta.resource_version, buried):
            return
        if old is not None and not is_newer(meta.resource_version, old.metadata.resource_version):
            return
        if old is not None:
            self._unindex(key, old)
            new = _sharing(old, new)
        self._objects[key] = new
        for index, value in self._indexed(new):
            index.setdefault(value, set()).add(key)
        self._tell(old, new)

    def _remove_unless_newer(self, key: Key, item: T, version: str) -> bool:
        if is_newer(item.metadata.resource_version, version, unless_known=False):
            return False
        self._unindex(key, item)
        del self._objects[key]
        self._tell(item, None)
        return True

    def _indexed(self, item: T) -> Iterator[tuple[dict[Any, set[Key]], Any]]:
        owner = item.metadata.controller
        if owner is not None:
            yield self._owned, owner.uid
        for label in self._index_labels:
            if label in item.metadata.labels:
                yield self._labelled, (label, item.metadata.labels[label])

    def _unindex(self, key: Key, item: T) -> None:
        for index, value in self._indexed(item):
            index[value].discard(key)
            if not index[value]:
                del index[value]

    def _bury(self, uid: str, version: str) -> None:
        self._tombstones[uid] = version
        self._tombstones.move_to_end(uid)
        while len(self._tombstones) > TOMBSTONES:
            self._tombstones.popitem(last=False)

    def _note_undecodable(self, raw: bytes, error: Exception) -> None:
        key = nesting.decoded(_identify, raw).key
        if key not in self.undecodable:
            log.warning("cannot read %s: %s", "/".join(filter(None, key)), error)
        self.undecodable[key] = str(error)

    def _tell(self, old: T | None, new: T | None) -> None:
        for listener in self._listeners:
            try:
                listener(old, new)
            except Exception:  # a bug in one listener must not stop the watch, nor the other listeners
                log.exception("a store's listener failed")


def _sharing(old: T, new: T) -> T:
    """`new` with the very spec of `old` where it says the same, so that what was worked out about it stays known."""
    before, after = getattr(old, "spec", None), getattr(new, "spec", None)
    if before is None or before != after:
        return new
    shared: T = msgspec.structs.replace(new, spec=before)  # type: ignore[type-var]
    return shared
