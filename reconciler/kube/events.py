"""Events for people (`kubectl describe`): written in the background, repeats counted, nothing lost in silence.

They wait for company, so that what is told of one object shares requests (`gathering.py`). A burst is paced: it must
not slow down what it tells of. A repeat of one that was sent lately is a patch of its count. Only when memory would
suffer are further ones dropped, counted in `dropped` and logged.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from reconciler.errors import AlreadyExists, NotFound, ReconcilerError, Transient
from reconciler.kube.api import Cluster, Object
from reconciler.kube.gathering import Gathering, Sent
from reconciler.kube.happenings import LONGEST_MESSAGE, EventType, Happening, ObjectRef, Tally
from reconciler.kube.objects import EVENTS
from reconciler.runtime.clock import Clock
from reconciler.runtime.pace import Pace

log = logging.getLogger(__name__)

MAX_WAITING = 20_000
MAX_REMEMBERED = 1024
REPEATS_WITHIN_SECONDS = 600.0
ATTEMPTS = 60
"""About ten minutes: as long as an API server may be away without an event being lost."""
PER_SECOND, AT_ONCE = 50.0, 100
LONGEST_WAIT_SECONDS = 10.0


class EventRecorder:
    """`event` never blocks and never raises for what the cluster does."""

    def __init__(self, cluster: Cluster, component: str, clock: Clock, *, max_waiting: int = MAX_WAITING) -> None:
        self.dropped = 0
        """Events that never reached the cluster: too many waiting, or refused."""
        self._cluster, self._component, self._clock = cluster, component, clock
        self._max_waiting = max_waiting
        self._changed = threading.Condition()
        self._gathering, self._pace = Gathering(max_waiting), Pace(PER_SECOND, AT_ONCE)
        self._ready: deque[Sent] = deque()
        self._sent: OrderedDict[bytes, Tally] = OrderedDict()
        """By a digest of what was said, for that may be a long story."""
        self._numbers = itertools.count()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Sends what waits, for at most `timeout` seconds."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        if left := len(self._gathering) + len(self._ready):
            self._drop(left, "not sent before the end")

    def event(self, about: ObjectRef, type: EventType, reason: str, message: str) -> None:  # noqa: A002
        """Records that something happened to an object; `type` is the API's own word."""
        happening, now = Happening(about, type, reason, message[:LONGEST_MESSAGE]), self._clock.now().timestamp()
        with self._changed:
            earliest = self._gathering.next_due()
            if not self._gathering.add(happening, now, self._clock.monotonic()):
                self._drop(1, f"{self._max_waiting} are waiting")
            elif earliest is None or (self._gathering.next_due() or earliest) < earliest:
                self._changed.notify()

    def at_rest(self, about: ObjectRef) -> None:
        """An object will not change for a while: what was told of it need not wait for more."""
        with self._changed:
            if self._gathering.at_rest(about, self._clock.monotonic()):
                self._changed.notify()

    def send_next(self) -> bool:
        """Sends the next event. False when none is due."""
        with self._changed:
            while not self._ready and self._seconds_to_next() == 0:
                self._ready.extend(self._gathering.pop())
            if not self._ready:
                return False
            happening, tally = self._ready.popleft()
        try:
            self._send(happening, tally)
        except ReconcilerError as error:
            self._drop(tally.count, str(error))
        return True

    def _seconds_to_next(self) -> float | None:
        """None: nothing waits. Nothing waits for company when we are to stop."""
        due = 0.0 if self._ready else self._gathering.next_due()
        if due is None:
            return None
        return 0.0 if self._stopping or self._ready else max(0.0, due - self._clock.monotonic())

    def _run(self) -> None:
        while self._wait():
            try:
                self.send_next()
            except Exception:  # our bug: the next event may still go
                log.exception("sending an event failed unexpectedly")

    def _wait(self) -> bool:
        """Until something is due and the pace allows it; False when nothing is left to be sent before the end."""
        with self._changed:
            while (seconds := self._seconds_to_next()) != 0:
                if self._stopping:
                    return False
                self._changed.wait(seconds)
            rest = self._pace.take(self._clock.monotonic())
            self._changed.wait_for(lambda: self._stopping, timeout=rest)
        return True

    def _send(self, happening: Happening, tally: Tally) -> None:
        key = happening.digest()
        sent = self._sent.get(key)
        repeated = sent is not None and tally.last - sent.last <= REPEATS_WITHIN_SECONDS
        if sent is None or not repeated or not self._recount(happening, sent, tally):
            self._announce(happening, tally)
        self._sent[key] = tally
        self._sent.move_to_end(key)
        while len(self._sent) > MAX_REMEMBERED:
            self._sent.popitem(last=False)

    def _recount(self, happening: Happening, sent: Tally, tally: Tally) -> bool:
        """Adds to an event that was sent before; False when the cluster has forgotten it, as it does after a while."""
        tally.name, tally.first, count = sent.name, sent.first, sent.count + tally.count
        patch = {"count": count, "lastTimestamp": timestamp(tally.last)}
        try:
            self._persist(lambda: self._cluster.patch(EVENTS, namespace_of(happening.about), sent.name, patch))
        except NotFound:
            return False
        tally.count = count
        return True

    def _announce(self, happening: Happening, tally: Tally) -> None:
        tally.name = f"{happening.about.name[:200]}.{int(tally.last * 1e6):x}{next(self._numbers):x}"
        body = event_body(happening, tally.name, (tally.first, tally.last), tally.count, self._component)
        with suppress(AlreadyExists):  # the name is only ours: an earlier attempt had arrived, and its answer had not
            self._persist(lambda: self._cluster.create(EVENTS, namespace_of(happening.about), body))

    def _persist(self, act: Callable[[], object]) -> None:
        for attempt in range(1, ATTEMPTS):
            try:
                act()
                return
            except Transient as error:
                if self._stopping:
                    raise
                self._clock.sleep(min(error.retry_after or 2.0**attempt, LONGEST_WAIT_SECONDS))
        act()

    def _drop(self, count: int, why: str) -> None:
        self.dropped += count
        if self.dropped == count or self.dropped % 100 < count:  # the first, then about one line per hundred
            log.warning("%d events dropped so far; the last because: %s", self.dropped, why)


def namespace_of(about: ObjectRef) -> str:
    """Where an event lives: with its object, or in `default` for objects of the whole cluster."""
    return about.namespace or "default"


def timestamp(moment: float) -> str:
    """A time, in seconds since 1970, as the API stores it: UTC, whole seconds."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"


def event_body(happening: Happening, name: str, span: tuple[float, float], count: int, component: str) -> Object:
    """The core/v1 Event; `span` is the first and the last time that it happened."""
    about = happening.about
    namespace = namespace_of(about)
    involved = {
        "apiVersion": about.api_version,
        "kind": about.kind,
        "namespace": about.namespace,
        "name": about.name,
        "uid": about.uid,
    }
    return {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {key: value for key, value in involved.items() if value},
        "type": happening.type,
        "reason": happening.reason,
        "message": happening.message,
        "source": {"component": component},
        "reportingComponent": component,
        "firstTimestamp": timestamp(span[0]),
        "lastTimestamp": timestamp(span[1]),
        "count": count,
    }
