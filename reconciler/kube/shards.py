"""Sharing keys among replicas by Leases: one per shard, whose holder alone may work on it, and one per replica.

The Lease of a replica says that it lives; from those each computes which shards it should have (`sharding.py`). It
campaigns for these, and gives the others back once nothing of them is in work. When a replica dies, its Leases are seen
unchanged for their duration: it counts as dead then, its shards go to others, and their Leases may be taken at the same
moment. A replica that cannot renew stops writing before that: see `leases.py`, which has the argument why no two ever
believe that they hold one.

One list per round shows all Leases, so that each replica knows since when every one of them has not changed.

Replicas that count shards differently would find the same key in different shards. A replica shows its count before it
looks at those of the others, and has no shard while it sees another count, or while its own Lease is not sure: of two
that differ, at least one sees it.
"""

from __future__ import annotations

import hashlib
import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from reconciler.errors import NotFound, ReconcilerError
from reconciler.kube.api import Cluster, Object
from reconciler.kube.fence import Permission
from reconciler.kube.leases import Lease, Terms
from reconciler.kube.objects import LEASES
from reconciler.kube.sharding import assignment, shard_of
from reconciler.runtime.clock import Clock

log = logging.getLogger(__name__)

GROUP_LABEL = "reconciler.dev/shards-of"
FORGOTTEN_AFTER = 20
"""Durations after which the Lease of a replica that died is removed."""

OnChange = Callable[[int], None]
"""Called with a shard that was gained or lost: its keys have to be looked at."""


@dataclass(slots=True)
class _Shard:
    lease: Lease
    told: int = 0
    """The term that `OnChange` was last told of; 0 when it was told of a loss."""
    leaving: bool = False
    busy: int = 0


@dataclass(slots=True)
class _Member:
    version: str
    since: float
    seconds: float
    alive: bool
    count: str


class Shards:
    """`work` says whether a key is ours and keeps its shard until the work ends. `start` keeps it all up to date."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        group: str,
        identity: str,
        count: int,
        clock: Clock,
        on_change: OnChange,
        terms: Terms | None = None,
    ) -> None:
        """`group` names this set of replicas. `identity` is unique to the process."""
        self.disagreement = ""
        """Why we have no shards although we live; empty when that is not so."""
        self._cluster, self._namespace, self._group = cluster, namespace, group
        self._identity, self._count, self._clock, self._terms = identity, count, clock, terms or Terms()
        self._on_change = on_change
        self._name = f"{group}-member-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
        self._member, self._shown = self._lease(self._name), 0
        self._shards = {number: _Shard(self._lease(f"{group}-shard-{number}")) for number in range(count)}
        self._others: dict[str, _Member] = {}
        self._wanted: frozenset[int] = frozenset()
        self._lock, self._stopping = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="shards", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Gives everything back. Call it when nothing is in work any more."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        for shard in self._shards.values():
            shard.lease.release()
        self._member.release()
        self._forget(self._name)

    def held(self) -> frozenset[int]:
        """The shards that we may work on now."""
        sure = self._member.held()
        return frozenset(number for number, shard in self._shards.items() if sure and shard.lease.held())

    def shard_of(self, key: str) -> int:
        return shard_of(key, self._count)

    @contextmanager
    def work(self, key: str) -> Iterator[Permission | None]:
        """The permission to write about a key, to be asked before each write; None when it is not ours.

        It ends for good when its shard's Lease is lost, also if that is gained again.
        """
        shard = self._shards[self.shard_of(key)]
        with self._lock:
            permission = None if shard.leaving else self._permission(shard)
            shard.busy += permission is not None
        try:
            yield permission
        finally:
            if permission is not None:
                with self._lock:
                    shard.busy -= 1

    def _permission(self, shard: _Shard) -> Permission | None:
        lives, holds = self._member.permission(), shard.lease.permission()
        return (lambda: lives() and holds()) if lives and holds else None

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                wait = self.step()
            except Exception:  # our bug: the Leases that we hold must be renewed all the same
                log.exception("sharing the work failed unexpectedly")
                wait = self._terms.retry_period
            self._stopping.wait(wait)

    def step(self) -> float:
        """One round: show that we live, see who else does, keep what is ours. Returns the seconds until the next."""
        self._member.step()
        if self._member.term != self._shown or not self._member.held():
            self._shown, self._wanted = self._member.term, frozenset()
        with suppress(ReconcilerError):
            self._look()
        for number, shard in self._shards.items():
            self._settle(shard, number in self._wanted)
            self._tell(number, shard)
        return self._terms.retry_period * (1 + random.random() / 10)

    def _settle(self, shard: _Shard, wanted: bool) -> None:
        with self._lock:
            shard.leaving = not wanted
            done = shard.busy == 0
        if wanted or (shard.lease.held() and not done):
            shard.lease.step()
        elif shard.lease.held():
            shard.lease.release()

    def _tell(self, number: int, shard: _Shard) -> None:
        term = shard.lease.term if number in self.held() else 0
        if term != shard.told:
            shard.told = term
            log.info("shard %d of %d %s", number, self._count, "gained" if term else "given up")
            self._on_change(number)

    def _look(self) -> None:
        selector = f"{GROUP_LABEL}={self._group}"
        found = {each["metadata"]["name"]: each for each in self._list(selector)}
        for shard in self._shards.values():
            if shard.lease.name in found:
                shard.lease.observe(found[shard.lease.name])
        self._others = {name: self._seen(name, each) for name, each in found.items() if self._is_other(name)}
        alive = {name: member for name, member in self._others.items() if member.alive}
        self._compare({member.count for member in alive.values()} - {str(self._count)})
        given = assignment(self._count, [self._name, *alive])
        mine = frozenset(number for number, who in given.items() if who == self._name)
        self._wanted = mine if self._member.held() and not self.disagreement else frozenset()

    def _compare(self, others: set[str]) -> None:
        counts = ", ".join(sorted(others))
        said = f"another replica counts {counts} shards, this one {self._count}: give all the same number"
        if counts and not self.disagreement:
            log.error("%s", said)
        self.disagreement = said if counts else ""

    def _list(self, selector: str) -> list[Object]:
        return self._cluster.list(LEASES, self._namespace, label_selector=selector)

    def _is_other(self, name: str) -> bool:
        return name != self._name and name.startswith(f"{self._group}-member-")

    def _seen(self, name: str, lease: Object) -> _Member:
        """A replica lives while its Lease changes; one that gave it back does not."""
        spec, version, now = lease.get("spec") or {}, lease["metadata"]["resourceVersion"], self._clock.monotonic()
        known = self._others.get(name)
        since = known.since if known and known.version == version else now
        seconds = float(spec.get("leaseDurationSeconds") or self._terms.duration)
        if now - since > FORGOTTEN_AFTER * self._terms.duration:
            self._forget(name)
        holder = str(spec.get("holderIdentity") or "")
        return _Member(version, since, seconds, bool(holder) and now - since < seconds, holder.rpartition("/")[2])

    def _forget(self, name: str) -> None:
        try:
            self._cluster.delete(LEASES, self._namespace, name)
        except NotFound:
            return
        except ReconcilerError as error:
            log.debug("lease %s/%s was not removed: %s", self._namespace, name, error)

    def _lease(self, name: str) -> Lease:
        identity, labels = f"{self._identity}/{self._count}", {GROUP_LABEL: self._group}
        return Lease(self._cluster, self._namespace, name, identity, self._clock, self._terms, labels)
