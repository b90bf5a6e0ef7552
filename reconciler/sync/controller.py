"""The reconcile of one Application: take up the newest commit, bring the cluster to it, keep it there, tell how it is.

Comes in: a key, for any reason (a push, a watch event, a timer). Goes out: writes to the cluster, the record, and one
`Delivery` whenever it says something new. Every decision is derived from git, the record and live objects, so it does
not matter where the last run stopped. The parts: `observe` (which commit), `operation` (apply), `upkeep` (drift, prune,
verdict), `present` (the words).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from reconciler.apps.affected import affected
from reconciler.apps.delivery import Delivery
from reconciler.apps.record import ACCEPT_REVISION, Key, RecordStore
from reconciler.config.model import Application
from reconciler.errors import Conflict, NotFound, Refused, Transient
from reconciler.kube.api import Cluster, Resource
from reconciler.runtime.clock import Clock
from reconciler.sync.causes import look
from reconciler.sync.desired import DesiredState
from reconciler.sync.engine import Applier
from reconciler.sync.healing import Healer, waits
from reconciler.sync.live import LiveObjects
from reconciler.sync.neighbours import Neighbours
from reconciler.sync.observe import finished, observe, slow_retry_at
from reconciler.sync.operation import OperationRunner
from reconciler.sync.ports import EngineOwned, Progress, Publish, Render, Source
from reconciler.sync.present import delivery
from reconciler.sync.state import AppState, View, kinds_of, view
from reconciler.sync.tracking import label_value
from reconciler.sync.upkeep import Upkeep
from reconciler.telemetry.log import logger

log = logger(__name__)

FIRST_LIST_SECONDS = 10.0
RECHECK_APPROVAL = timedelta(seconds=60)
REFUSED_RETRY = timedelta(minutes=5)


class SyncController:
    """All Applications of one cluster. `enqueue` makes an Application's key ready; no key may run twice at once."""

    def __init__(
        self,
        applications: Sequence[Application],
        cluster: Cluster,
        namespace: str,
        source: Source,
        render: Render,
        clock: Clock,
        enqueue: Callable[[str], None],
        publish: Publish,
        *,
        progress: Progress = lambda namespace, name: None,
        engine_owned: EngineOwned = lambda key: False,
        watch_namespace: str | None = None,
    ) -> None:
        self._apps = {app.name: app for app in applications}
        self._labels = {label_value(app.name): app.name for app in applications}
        self._cluster, self._source, self._clock = cluster, source, clock
        self._enqueue, self._publish, self._progress = enqueue, publish, progress
        self._store = RecordStore(cluster, namespace)
        self._states: dict[str, AppState] = {}
        self._neighbours = Neighbours(self._apps, self._states)
        self.live = LiveObjects(cluster, clock, self._on_change, watch_namespace)
        self._desired = DesiredState(source, render, cluster)
        applier = Applier(cluster, self.live, engine_owned)
        self._operations = OperationRunner(
            cluster, self.live, self._desired, applier, self._store, clock, self._neighbours.still_claims, self._tell
        )
        self._healer = Healer(self.live, self._desired, applier, self._store)
        self._upkeep = Upkeep(cluster, self._store)

    def reconcile(self, name: str) -> datetime | None:
        """Returns when to look again at the latest. Raises `Conflict` when another process writes our record."""
        state = self._state(name)
        try:
            wake_at = self._advance(state)
            state.attempts, state.trouble = 0, ""
        except Conflict:
            self._states.pop(name, None)
            raise
        except (Transient, NotFound, Refused) as error:
            wake_at = self._later(state, error)
        self._tell(state)
        return wake_at

    def names(self) -> list[str]:
        return list(self._apps)

    def affected(self, repo_url: str, changed: frozenset[str] | None) -> list[str]:
        """Applications that a push concerns: those to enqueue first. The others only note the commit."""
        inputs = {name: state.inputs for name, state in list(self._states.items())}
        return affected(list(self._apps.values()), repo_url, changed, inputs)

    def touch(self, group: str, kind: str, namespace: str, name: str) -> None:
        """Something beside the object changed that its delivery shows (an AnalysisRun of a Rollout, say)."""
        key = Key(group, kind, namespace, name)
        for app, state in list(self._states.items()):
            if any(entry.key == key for entry in state.record.inventory):
                self._enqueue(app)

    def stop(self) -> None:
        self.live.stop()

    def _state(self, name: str) -> AppState:
        if name not in self._states:
            stored = self._store.load(name)
            self._states[name] = AppState(self._apps[name], stored, warnings=stored.record.warnings)
        return self._states[name]

    def _advance(self, state: AppState) -> datetime | None:
        state.held = ""
        self._watch(state)
        head = self._head(state.app)
        if head is not None and self._may_take_up(state, head):
            self._take_up(state, head)
        if state.record.operation is None:
            return None
        if not finished(state.record):
            wake_at = self._operations.run(state, self._superseded(state))
            if not finished(state.record):
                now = self._clock.now()
                looks = self._explain(state, view(state, self.live, now), now)
                return self._wake(state, now, [wake_at, looks])
        return self._look_after(state)

    def _take_up(self, state: AppState, head: str) -> None:
        record = observe(state.record, head, self._clock.now(), state.app, state.retry_at)
        if record.operation != state.record.operation:
            state.retry_at = None
            log.info("taken up", app=state.app.name, sha=head[:7])
        state.stored = self._store.save(state.stored, record)

    def _look_after(self, state: AppState) -> datetime | None:
        now = self._clock.now()
        self._watch(state)
        self._upkeep.judge(state, view(state, self.live, now), now)  # first: the rest may fail
        self._healer.heal(state, now)
        seen = view(state, self.live, now)
        looks = self._explain(state, seen, now)
        again = self._upkeep.prune(state, seen, lambda: self._neighbours.behind(state))
        if not state.drift:
            state.forget_desired()
        return self._wake(state, now, [seen.wake_at, looks, now + again if again else None, *waits(state, now)])

    def _explain(self, state: AppState, seen: View, now: datetime) -> datetime | None:
        """Finds out what pods say about workloads that are unwell; returns when to ask again."""
        state.causes = look(self._cluster, state.causes, seen.live, now)
        return min((cause.next_look for cause in state.causes.values()), default=None)

    def _wake(self, state: AppState, now: datetime, known: Iterable[datetime | None]) -> datetime | None:
        """The next moment at which time alone changes something."""
        moments = [moment for moment in known if moment is not None]
        if state.held:
            moments.append(now + RECHECK_APPROVAL)
        if (retry := state.retry_at or slow_retry_at(state.record)) is not None:
            moments.append(retry)
        return min(moments, default=None)

    def _head(self, app: Application) -> str | None:
        return self._source.head(app.source.repo_url, app.source.target_revision)

    def _may_take_up(self, state: AppState, head: str) -> bool:
        """The fast-forward guard (spec gitops §3.7): history that was rewritten is held until a person accepts it."""
        before = state.record.accepted
        if not before or before == head or self._desired.descends(state.app, before, head):
            return True
        if "AllowRewrite=true" in state.app.sync_policy.sync_options:
            return True
        if self._store.load(state.app.name).annotation(ACCEPT_REVISION) == head:
            return True
        state.held = (
            f"history was rewritten: {head[:7]} does not descend from {before[:7]}; "
            f"annotate its record with {ACCEPT_REVISION}={head}"
        )
        return False

    def _superseded(self, state: AppState) -> Callable[[], bool]:
        """Whether a newer commit is there to be taken up; one that is held now supersedes nothing."""
        operation, held = state.record.operation, state.held
        assert operation is not None
        return lambda: not held and self._head(state.app) not in (operation.sha, None)

    def _watch(self, state: AppState) -> None:
        """Watches just the kinds of the inventory, and waits until what is live is known."""
        gone, state.kinds = state.kinds - kinds_of(state), kinds_of(state)
        if gone:
            self.live.retain(frozenset().union(*map(kinds_of, list(self._states.values()))))
        resources = self._resources((entry.api_version, entry.kind) for entry in state.record.inventory)
        self.live.watch(resources)
        self.live.wait_synced(resources, FIRST_LIST_SECONDS)

    def _resources(self, kinds: Iterable[tuple[str, str]]) -> list[Resource]:
        found = []
        for api_version, kind in sorted(set(kinds)):
            try:
                found.append(self._cluster.find(api_version, kind))
            except NotFound:
                continue  # its CRD is gone, and so are its objects
        return found

    def _later(self, state: AppState, error: Transient | NotFound | Refused) -> datetime:
        """The back-off of `syncPolicy.retry`; when its limit is reached, the operation ends as failed."""
        now = self._clock.now()
        state.attempts += 1
        if state.trouble != str(error):
            log.warning("in trouble", app=state.app.name, error=str(error))
        state.trouble = str(error)
        policy = state.app.sync_policy.retry
        if 0 <= policy.limit < state.attempts and state.record.operation and not finished(state.record):
            self._operations.give_up(state, str(error))
        delay = min(policy.duration * policy.factor ** min(state.attempts - 1, 32), policy.max_duration)
        asked = (error.retry_after or 0.0) if isinstance(error, Transient) else 0.0
        slow = REFUSED_RETRY if isinstance(error, Refused) else timedelta()
        return now + max(timedelta(seconds=max(delay, asked)), slow)

    def _tell(self, state: AppState) -> None:
        told = self._delivery(state)
        if told != state.published:
            state.published = told
            self._publish(state.app.name, told)

    def _delivery(self, state: AppState) -> Delivery:
        app = state.app
        seen = view(state, self.live, self._clock.now())
        error = self._source.error(app.source.repo_url, app.source.target_revision)
        return delivery(state, seen, self._progress, head=self._head(app) or "", repository_error=error)

    def _on_change(self, label: str) -> None:
        if label in self._labels:
            self._enqueue(self._labels[label])
