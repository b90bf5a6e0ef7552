"""Carrying out a plan (spec gitops §3.5).

One server-side apply per changed object; every object is tried, every failure is told.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from reconciler.apps.record import Entry
from reconciler.errors import Conflict, NotFound, Problem, ReconcilerError, Refused, Transient, UserError
from reconciler.kube.api import SYNC_MANAGER, Cluster, Object, Resource
from reconciler.sync import tracking
from reconciler.sync.declared import Declared
from reconciler.sync.diff import FieldChange, difference
from reconciler.sync.digests import own_fields_digest
from reconciler.sync.live import LiveObjects
from reconciler.sync.payload import RELEASED_MANAGER, adoption, needs_live, payload, released
from reconciler.sync.plan import Change, Why
from reconciler.sync.ports import EngineOwned

CONFLICT_ATTEMPTS = 5
REHEARSALS_AT_ONCE = 4
NO_DRY_RUN = "does not support dry run"
"""Said by the server of an admission webhook with side effects: such an object cannot be predicted."""

TRANSIENTS_IN_A_ROW = 2
"""So many failures in a row mean that the server is in trouble, and asking it for every other object helps nobody."""


class MendedOutside(UserError):
    """The cluster lacks something that a commit here cannot bring: another try soon may find it there."""


@dataclass(frozen=True, slots=True)
class Claimant:
    """On whose behalf objects are applied.

    `declared_by(change, other)` tells whether the Application that an object's annotation names still declares it.
    `coming` are kinds (group, kind) whose definition is part of the same commit: for them "not served" will pass.
    """

    app: str
    declared_by: Callable[[Change, str], bool]
    coming: frozenset[tuple[str, str]] = frozenset()


@dataclass(slots=True)
class Outcome:
    """What became of a list of changes.

    `problems` need the user; `outside`: some of them are mended in the cluster (a CRD, a permission), not by a commit.
    `trouble` is worth another try.
    """

    entries: list[Entry] = field(default_factory=list)
    created: int = 0
    updated: int = 0
    problems: list[Problem] = field(default_factory=list)
    outside: bool = False
    trouble: Transient | None = None
    stopped: bool = False


class Applier:
    """Applies and verifies objects; keeps no state of its own."""

    def __init__(self, cluster: Cluster, live: LiveObjects, engine_owned: EngineOwned) -> None:
        self._cluster, self._live, self._engine_owned = cluster, live, engine_owned

    def apply_all(
        self, claimant: Claimant, changes: Sequence[Change], should_stop: Callable[[], bool] = lambda: False
    ) -> Outcome:
        """Applies in order. Between objects it may be told to stop, because a newer commit is there."""
        outcome, in_a_row = Outcome(), 0
        for change in changes:
            if should_stop():
                outcome.stopped = True
                break
            in_a_row = in_a_row + 1 if self._try(claimant, change, outcome) else 0
            if in_a_row >= TRANSIENTS_IN_A_ROW:
                break
        return outcome

    def rehearse(self, claimant: Claimant, changes: Sequence[Change]) -> list[Problem]:
        """What the server would refuse, asked by dry run before anything is written (spec gitops §3.3 step 4).

        Silent about what cannot be known yet: kinds and namespaces that this commit brings, and servers in trouble.
        """
        known = [c for c in changes if (c.declared.key.group, c.declared.key.kind) not in claimant.coming]
        with ThreadPoolExecutor(REHEARSALS_AT_ONCE, "rehearse") as pool:
            return [problem for found in pool.map(self._refusal, known) for problem in found]

    def _refusal(self, change: Change) -> list[Problem]:
        item, key = change.declared, change.declared.key
        try:
            resource = self._cluster.find(item.api_version, key.kind)
            live = self._read(resource, item) if needs_live(item) else None
            body = payload(item, live, engine_owned=live is not None and self._engine_owned(key))
            self._cluster.apply(resource, key.namespace, key.name, body, field_manager=SYNC_MANAGER, dry_run=True)
        except UserError as error:
            if NO_DRY_RUN in str(error):
                return []
            return [scrubbed(item, Problem(f"{item.key}: {p.what}", p.fix, item.at)) for p in error.problems]
        except ReconcilerError:
            return []
        return []

    def _try(self, claimant: Claimant, change: Change, outcome: Outcome) -> bool:
        """Whether it failed in a way that another try may cure."""
        item = change.declared
        try:
            entry, created = self._apply(claimant, change)
        except UserError as error:
            found = [Problem(f"{item.key}: {p.what}", p.fix, item.at) for p in error.problems]
            outcome.problems += [scrubbed(item, problem) for problem in found]
            outcome.outside |= isinstance(error, MendedOutside)
        except Refused as error:
            outcome.problems.append(scrubbed(item, Problem(f"{item.key}: {error}", at=item.at)))
            outcome.outside = True
        except NotFound as error:
            fix = "create it, or set the sync option CreateNamespace=true" if "namespace" in str(error) else ""
            outcome.problems.append(Problem(f"{item.key}: {error}", fix, item.at))
            outcome.outside = True
        except ReconcilerError as error:
            retry_after = error.retry_after if isinstance(error, Transient) else None
            outcome.trouble = Transient(scrubbed(item, Problem(f"{item.key}: {error}")).what, retry_after)
            return True
        else:
            outcome.entries.append(entry)
            outcome.created += created
            outcome.updated += not created
        return False

    def _apply(self, claimant: Claimant, change: Change) -> tuple[Entry, bool]:
        """The confirmed entry, and whether the object is a new one."""
        item = change.declared
        resource = self._served(claimant, item)
        for _ in range(CONFLICT_ATTEMPTS):
            looks = change.why is not Why.CHANGED or needs_live(item)
            live = self._read(resource, item) if looks else None
            if live is not None and change.why is Why.NEW:
                self._check_owner(claimant, change, live)
            try:
                answer = self._write(resource, item, live)
            except Conflict:
                continue
            self._live.put(resource, answer)
            return confirmed(item, answer), looks and live is None
        raise Transient(f"changed {CONFLICT_ATTEMPTS} times while it was being applied")

    def _write(self, resource: Resource, item: Declared, live: Object | None) -> Object:
        key = item.key
        if live is not None:
            live = self._adopt(resource, item, live)
            if (holder := released(item, live)) is not None:
                self._cluster.apply(resource, key.namespace, key.name, holder, field_manager=RELEASED_MANAGER)
        body = payload(item, live, engine_owned=self._engine_owned(key))
        return self._cluster.apply(resource, key.namespace, key.name, body, field_manager=SYNC_MANAGER)

    def _adopt(self, resource: Resource, item: Declared, live: Object) -> Object:
        patch = adoption(live)
        if patch is None:
            return live
        return self._cluster.patch(
            resource, item.key.namespace, item.key.name, patch, kind="json", field_manager=SYNC_MANAGER
        )

    def _check_owner(self, claimant: Claimant, change: Change, live: Object) -> None:
        owner = tracking.owner_of(live, change.declared.key)
        if owner and owner != claimant.app and claimant.declared_by(change, owner):
            raise UserError(Problem(f"already belongs to Application {owner}", "declare it in one Application only"))

    def verify(self, item: Declared) -> tuple[Entry | None, tuple[FieldChange, ...]]:
        """Asks the server what an apply would change. No change: the entry to remember; else the differing fields."""
        resource = self._cluster.find(item.api_version, item.key.kind)
        live = self._read(resource, item)
        if live is None:
            return None, (FieldChange("", None, str(item.key)),)
        body = payload(item, live, engine_owned=self._engine_owned(item.key))
        predicted = self._cluster.apply(
            resource, item.key.namespace, item.key.name, body, field_manager=SYNC_MANAGER, dry_run=True
        )
        if changes := difference(live, predicted, tracking=True):
            return None, changes
        if own_fields_digest(predicted) != own_fields_digest(live):  # what is not ours any more could change unseen
            return None, (FieldChange("metadata.managedFields", None, SYNC_MANAGER),)
        self._live.put(resource, live)
        return confirmed(item, live), ()

    def _served(self, claimant: Claimant, item: Declared) -> Resource:
        try:
            return self._cluster.find(item.api_version, item.key.kind)
        except NotFound as error:
            if (item.key.group, item.key.kind) in claimant.coming:
                raise Transient(str(error)) from None
            raise MendedOutside(Problem(str(error), fix="install its CRD first")) from None

    def _read(self, resource: Resource, item: Declared) -> Object | None:
        try:
            return self._cluster.get(resource, item.key.namespace, item.key.name)
        except NotFound:
            return None


def confirmed(item: Declared, answer: Object) -> Entry:
    """The inventory entry of an object as the server has it now."""
    metadata = answer["metadata"]
    return Entry(
        item.key.group,
        item.version,
        item.key.kind,
        item.key.namespace,
        item.key.name,
        uid=str(metadata["uid"]),
        target=item.digest,
        own=own_fields_digest(answer),
        generation=int(metadata.get("generation") or 0),
    )


def intent(item: Declared) -> Entry:
    """The entry that is written down before an object is created."""
    return Entry(item.key.group, item.version, item.key.kind, item.key.namespace, item.key.name)


def scrubbed(item: Declared, problem: Problem) -> Problem:
    return Problem(scrubbed_text(item, problem.what), problem.fix, problem.at)


def scrubbed_text(item: Declared, text: str) -> str:
    """Servers quote values in their refusals; those of a Secret must not get out."""
    if item.key.kind != "Secret":
        return text
    for encoded in (item.body.get("data") or {}).values():
        for value in (str(encoded), _plain(str(encoded))):
            text = text.replace(value, "••••") if value else text
    return text


def _plain(encoded: str) -> str:
    try:
        return base64.b64decode(encoded).decode()
    except ValueError:
        return ""
