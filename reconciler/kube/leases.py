"""Leader election on a Lease: at most one process believes that it holds it, whatever the clocks of the machines say.

Others may take a Lease that they have seen unchanged for its whole duration, measured by their own monotonic clock. The
holder stops believing earlier: `renew_deadline` after it began its last successful renewal. Every write names the
version that it read, so of two that take at once one fails.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reconciler.errors import Conflict, NotFound, ReconcilerError
from reconciler.kube.api import Cluster, Object
from reconciler.kube.objects import LEASES
from reconciler.runtime.clock import Clock

log = logging.getLogger(__name__)

Move = Literal["create", "renew", "take", "wait"]


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds: how long a Lease lasts, how long its holder trusts it, how often it is renewed or looked at."""

    duration: float = 15.0
    renew_deadline: float = 10.0
    retry_period: float = 2.0

    def __post_init__(self) -> None:
        if not self.retry_period < self.renew_deadline < self.duration:
            raise ValueError("a lease needs retry_period < renew_deadline < duration")


@dataclass(frozen=True, slots=True)
class Observed:
    """A Lease as last read; `since` is our monotonic time when this very version was first seen."""

    version: str
    holder: str
    duration: float
    transitions: int
    since: float


def decide(seen: Observed | None, identity: str, now: float) -> Move:
    """What a candidate may do with a Lease at the monotonic time `now`; `seen` is None when it does not exist."""
    if seen is None:
        return "create"
    if seen.holder == identity:
        return "renew"
    if not seen.holder or now - seen.since >= seen.duration:
        return "take"
    return "wait"


class Lease:
    """`identity` must be unique to the process. `start` campaigns in its own thread; `stop` gives the Lease back."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        name: str,
        identity: str,
        clock: Clock,
        terms: Terms = Terms(),
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """`labels` are those of the object, if it is us who create it."""
        self.name = name
        self.term = 0
        """How often it was gained: what was begun in an earlier term is nobody's work any more."""
        self._cluster, self._clock, self._terms = cluster, clock, terms
        self.namespace, self._identity, self._labels = namespace, identity, dict(labels or {})
        self._seen: Observed | None = None
        self._trusted_until = float("-inf")
        self._held_before = False
        self._told_holder = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"lease-{name}", daemon=True)

    def held(self) -> bool:
        """Whether we may write now. Turns False by itself in time before anybody else can take the Lease."""
        return self._clock.monotonic() < self._trusted_until

    def permission(self) -> Callable[[], bool] | None:
        """Says whether this very term still lasts; None when we do not hold it."""
        term = self.term
        return (lambda: self.term == term and self.held()) if self.held() else None

    def observe(self, lease: Object) -> None:
        """Takes in what a list showed, unless it is ours: since when it is unchanged decides when it may be taken."""
        if not self.held():
            self._seen = self._observe(lease)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Ends the campaign and releases the Lease, so that the next holder need not wait for it to run out."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        self.release()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._stopping.wait(self.step())

    def step(self) -> float:
        """One attempt to get or keep the Lease. Returns the seconds to wait before the next."""
        wait = self._terms.retry_period * (1 + random.random() / 10)
        try:
            self._attempt()
        except (Conflict, NotFound):
            self._look_again()
            wait /= 10
        except ReconcilerError as error:
            log.warning("lease %s/%s: %s", self.namespace, self.name, error)
        except Exception:
            log.exception("lease %s/%s failed unexpectedly", self.namespace, self.name)
        if self.held() is not self._held_before:
            self._held_before = self.held()
            word = "acquired" if self._held_before else "lost"
            log.info("lease %s/%s %s", self.namespace, self.name, word)
        self._tell_holder()
        return wait

    def _tell_holder(self) -> None:
        """Once for each: a daemon that only waits for another one must not look as if it did nothing."""
        holder = "" if self.held() or self._seen is None else self._seen.holder
        if holder and holder != self._told_holder and self._seen:
            text = "lease %s/%s is held by %s: waiting until it is given back, or not renewed for %gs"
            log.info(text, self.namespace, self.name, holder, self._seen.duration)
        self._told_holder = holder

    def _look_again(self) -> None:
        """Somebody wrote or deleted it: perhaps we ourselves, in a renewal whose answer was lost; else trust ends."""
        self._seen = None
        try:
            self._attempt()
        except ReconcilerError:
            self._seen, self._trusted_until = None, float("-inf")

    def release(self) -> None:
        """Gives the Lease back if it is ours; a failure only means that others wait for it to run out."""
        was_held, self._trusted_until = self.held(), float("-inf")
        if not was_held or self._seen is None:
            return
        try:
            self._write(self._seen, {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": self._stamp()})
        except ReconcilerError as error:
            log.warning("lease %s/%s was not released: %s", self.namespace, self.name, error)

    def _attempt(self) -> None:
        began = self._clock.monotonic()
        if not self.held() or self._seen is None:
            self._seen = self._read()
        move = decide(self._seen, self._identity, began)
        if move == "wait":
            self._trusted_until = float("-inf")
            return
        spec = {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": int(self._terms.duration),
            "renewTime": self._stamp(),
        }
        if move != "renew":
            spec |= {
                "acquireTime": spec["renewTime"],
                "leaseTransitions": self._seen.transitions + 1 if self._seen else 0,
            }
        written = self._write(self._seen, spec)
        self._seen = self._observe(written)
        self.term += not self.held()
        self._trusted_until = began + self._terms.renew_deadline

    def _read(self) -> Observed | None:
        try:
            return self._observe(self._cluster.get(LEASES, self.namespace, self.name))
        except NotFound:
            return None

    def _observe(self, lease: Object) -> Observed:
        spec, version = lease.get("spec") or {}, str(lease["metadata"]["resourceVersion"])
        unchanged = self._seen is not None and self._seen.version == version
        since = self._seen.since if self._seen is not None and unchanged else self._clock.monotonic()
        return Observed(
            version,
            spec.get("holderIdentity") or "",
            float(spec.get("leaseDurationSeconds") or self._terms.duration),
            int(spec.get("leaseTransitions") or 0),
            since,
        )

    def _write(self, seen: Observed | None, spec: Object) -> Object:
        if seen is None:
            body = {
                "apiVersion": LEASES.api_version,
                "kind": LEASES.kind,
                "metadata": {"name": self.name, "namespace": self.namespace, "labels": self._labels},
                "spec": spec,
            }
            return self._cluster.create(LEASES, self.namespace, body)
        patch = {"metadata": {"resourceVersion": seen.version}, "spec": spec}
        return self._cluster.patch(LEASES, self.namespace, self.name, patch)

    def _stamp(self) -> str:
        return micro_time(self._clock.now())


def micro_time(moment: datetime) -> str:
    """A time as Leases store it: UTC with microseconds."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"
