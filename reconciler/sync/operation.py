"""One operation: bringing an Application to the commit that its record names (spec gitops §3.3, §3.7).

Level-triggered: each call looks at the record, git and the live objects, does the next thing, and returns. There is no
cursor to lose: which wave is next follows from what is applied and healthy. The record is written before the first
object is created and after each step, so a process killed anywhere goes on from what it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from reconciler.apps.delivery import Operation, OperationPhase
from reconciler.apps.record import MAX_WARNINGS, Record, RecordStore
from reconciler.errors import NotFound, Problem, Refused, UserError
from reconciler.kube.api import SYNC_MANAGER, Cluster
from reconciler.kube.objects import NAMESPACES
from reconciler.runtime.clock import Clock
from reconciler.sync.declared import Desired
from reconciler.sync.desired import DesiredState
from reconciler.sync.engine import Applier, Claimant, MendedOutside
from reconciler.sync.live import LiveObjects
from reconciler.sync.plan import Change, Plan, plan
from reconciler.sync.state import AppState, view
from reconciler.sync.transitions import begun, completed, failed, progressed, unchanged
from reconciler.sync.waves import Apply, Fail, Wait, next_step
from reconciler.telemetry.log import logger

log = logger(__name__)

RETRY_OUTSIDE = timedelta(seconds=60)
"""What is missing in the cluster may come any moment; a commit that is wrong in itself is left alone far longer."""
SAFETY_WAKE = timedelta(seconds=60)
"""Waiting is driven by watches; looking again costs no request."""

Claims = Callable[[AppState, Change, str], bool]
"""Whether the Application of that name still declares the object of this change."""


class OperationRunner:
    """Runs the unfinished operation of one Application as far as it can go now."""

    def __init__(
        self,
        cluster: Cluster,
        live: LiveObjects,
        desired: DesiredState,
        applier: Applier,
        store: RecordStore,
        clock: Clock,
        claims: Claims,
        report: Callable[[AppState], None],
    ) -> None:
        self._cluster, self._live, self._desired, self._applier = cluster, live, desired, applier
        self._store, self._clock, self._claims = store, clock, claims
        self._report = report

    def run(self, state: AppState, superseded: Callable[[], bool]) -> datetime | None:
        """Returns when to look again. Raises `Transient` for what another try may cure."""
        operation = state.record.operation
        assert operation is not None
        if operation.phase is OperationPhase.PENDING and self._desired.unaffected(state, operation.sha):
            return self._no_change(state, operation)
        try:
            desired = self._desired.at(state, operation.sha)
            return self._advance(state, operation, desired, superseded)
        except (UserError, Refused) as error:
            problems = error.problems if isinstance(error, UserError) else [Problem(str(error))]
            wake_at = self._fail(state, problems)
            if not isinstance(error, UserError) or isinstance(error, MendedOutside):
                state.retry_at = self._clock.now() + RETRY_OUTSIDE
            return wake_at

    def _advance(
        self, state: AppState, operation: Operation, desired: Desired, superseded: Callable[[], bool]
    ) -> datetime | None:
        if operation.phase is OperationPhase.PENDING and not self._begin(state, operation, desired):
            return None
        while not superseded():
            now = self._clock.now()
            planned = self._plan(state, desired)
            seen = view(state, self._live, now)
            match next_step(planned.rollout, desired.objects, seen.health):
                case None:
                    return self._complete(state, desired)
                case Wait(message):
                    state.note = message
                    return min(now + SAFETY_WAKE, seen.wake_at or now + SAFETY_WAKE)
                case Fail(message):
                    return self._fail(state, [Problem(message, "later waves are not applied")])
                case Apply(changes):
                    self._carry_out(state, changes, desired, superseded)
        return self._clock.now()

    def _plan(self, state: AppState, desired: Desired) -> Plan:
        entries = state.record.entries()
        live = {key: found for key, entry in entries.items() if (found := self._live.get(entry)) is not None}
        return plan(desired.objects, entries, live)

    def _begin(self, state: AppState, operation: Operation, desired: Desired) -> bool:
        """Announces the operation in the record, with an intent for all that it will create. False: nothing to do."""
        planned = self._plan(state, desired)
        applied = state.record.applied
        if not planned.rollout and applied is not None and applied.digest == state.render_digest:
            self._no_change(state, operation)
            return False
        if state.app.sync_policy.automated is None:
            state.held = f"syncPolicy.automated is off; {len(planned.changes)} objects differ from git"
            return False
        state.note = ""
        self._ensure_namespace(state)
        if refused := self._applier.rehearse(self._claimant(state, desired), planned.rollout):
            raise UserError(refused)
        record = begun(state.record, operation, planned, self._clock.now(), desired)
        state.stored = self._store.save(state.stored, record)
        log.info("applying", app=state.app.name, sha=operation.sha[:7], changes=len(planned.changes))
        self._report(state)
        return True

    def _carry_out(
        self, state: AppState, changes: Sequence[Change], desired: Desired, superseded: Callable[[], bool]
    ) -> None:
        outcome = self._applier.apply_all(self._claimant(state, desired), changes, superseded)
        state.stored = self._store.save(state.stored, progressed(state.record, outcome))
        if outcome.problems and not outcome.stopped:
            raise (MendedOutside if outcome.outside else UserError)(outcome.problems)
        if outcome.trouble is not None and not outcome.stopped:
            raise outcome.trouble

    def _claimant(self, state: AppState, desired: Desired) -> Claimant:
        return Claimant(
            state.app.name, lambda change, owner: self._claims(state, change, owner), defined_kinds(desired)
        )

    def _complete(self, state: AppState, desired: Desired) -> datetime:
        now = self._clock.now()
        record = completed(state.record, desired, state.render_digest, state.renderer, now)
        operation = self._end(state, record)
        log.info(
            "applied",
            app=state.app.name,
            sha=operation.sha[:7],
            created=operation.created,
            updated=operation.updated,
            objects=operation.total,
            seconds=round((now - operation.started_at).total_seconds(), 2),
        )
        state.inputs_sha = operation.sha
        return now

    def _no_change(self, state: AppState, operation: Operation) -> datetime:
        now = self._clock.now()
        self._end(state, unchanged(state.record, operation, now))
        log.info("no change", app=state.app.name, sha=operation.sha[:7])
        state.inputs_sha = operation.sha
        return now

    def _fail(self, state: AppState, problems: Sequence[Problem]) -> datetime:
        now = self._clock.now()
        operation = self._end(state, failed(state.record, problems, now))
        log.warning("failed", app=state.app.name, sha=operation.sha[:7], problems=len(problems), first=str(problems[0]))
        state.inputs_sha = ""
        return now

    def _end(self, state: AppState, record: Record) -> Operation:
        warned = msgspec.structs.replace(record, warnings=state.warnings[:MAX_WARNINGS])
        state.stored = self._store.save(state.stored, warned)
        state.note = ""
        assert record.operation is not None
        return record.operation

    def give_up(self, state: AppState, trouble: str) -> None:
        """Ends an operation whose retries are used up."""
        self._fail(state, [Problem(trouble, "the limit of syncPolicy.retry is reached")])

    def _ensure_namespace(self, state: AppState) -> None:
        """`CreateNamespace=true`: made when absent, never owned, so never pruned (§3.3)."""
        name = state.app.destination.namespace
        if "CreateNamespace=true" not in state.app.sync_policy.sync_options:
            return
        try:
            self._cluster.get(NAMESPACES, None, name)
        except NotFound:
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            self._cluster.apply(NAMESPACES, None, name, body, field_manager=SYNC_MANAGER)


def defined_kinds(desired: Desired) -> frozenset[tuple[str, str]]:
    """(group, kind) of the CRDs among the declared objects: not being served yet is no fault of theirs."""
    return frozenset(
        (str(item.body["spec"]["group"]), str(item.body["spec"]["names"]["kind"]))
        for item in desired.objects
        if item.key.kind == "CustomResourceDefinition"
    )
