"""What an Application must remember across restarts, and where: one ConfigMap per Application (architecture §6).

Only what cannot be read again from git or from live objects is here: which commit was taken up and applied, the
inventory of what we created (it decides what may be pruned), and commits whose last status may not have been sent.
It is written before the act that it announces, so a process killed at any point continues from it.

The ConfigMap holds the record under `record`; another part of the program keeps its outbox under `outbox` in the same
object. Each writes only its own key, and the resourceVersion precondition makes a second daemon's write fail.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec

from reconciler.apps.compress import pack, unpack
from reconciler.apps.delivery import Health, Operation
from reconciler.config.model import Source
from reconciler.errors import AlreadyExists, Conflict, NotFound, Problem, UserError
from reconciler.kube.api import SYNC_MANAGER, Cluster, Object
from reconciler.kube.objects import CONFIG_MAPS

MANAGED_BY = {"app.kubernetes.io/managed-by": "reconciler"}
RECORD_LABEL = "reconciler.dev/record"
PREFIX = "reconciler-app-"
DATA_KEY = "record"
APPROVE_PRUNE = "reconciler.dev/approve-prune"
"""Annotation on the record with a commit's sha: lets that commit prune more than the budget."""
ACCEPT_REVISION = "reconciler.dev/accept-revision"
"""Annotation on the record with a commit's sha: lets history that was rewritten be taken up at that commit."""

MAX_CLOSING = 50
MAX_WARNINGS = 50


class Key(NamedTuple):
    """What identifies an object; the version is not part of it."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One object of the inventory.

    An empty `uid` is an intent: the object may or may not exist yet. `target` is the digest of what was applied, `own`
    of our fields as the server stored them, `generation` the one that the apply returned. `left` is set when a fully
    applied commit no longer declares the object; from then on it may be pruned.
    """

    group: str
    version: str
    kind: str
    namespace: str
    name: str
    uid: str = ""
    target: str = ""
    own: str = ""
    generation: int = 0
    left: bool = False

    @property
    def key(self) -> Key:
        return Key(self.group, self.kind, self.namespace, self.name)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


class Applied(msgspec.Struct, frozen=True):
    """The last commit that was applied completely. `digest` is that of its rendered output."""

    sha: str
    digest: str
    at: datetime
    renderer: str = ""


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything that one Application remembers.

    `accepted` is the newest commit taken up (the fast-forward guard compares with it). `seen` tells when the open
    commits were first observed. `closing` holds operations that ended as superseded until their status is known to be
    out. `verdict` is the first final health of `applied`; `last_good` the last commit for which it was Healthy.
    `config` is the digest of the Application's settings that the operation ran with; `source` and `namespace` repeat
    those that people want to see beside it, `warnings` what the last render said.
    """

    app: str
    accepted: str = ""
    operation: Operation | None = None
    applied: Applied | None = None
    inventory: tuple[Entry, ...] = ()
    closing: tuple[Operation, ...] = ()
    seen: dict[str, datetime] = {}
    verdict: Health | None = None
    verdict_at: datetime | None = None
    last_good: str = ""
    config: str = ""
    source: Source | None = None
    namespace: str = ""
    warnings: tuple[Problem, ...] = ()

    def entries(self) -> dict[Key, Entry]:
        return {entry.key: entry for entry in self.inventory}


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Record).decode


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as it was read or written, with what the next write must match."""

    record: Record
    resource_version: str = ""
    text: str = ""
    annotations: tuple[tuple[str, str], ...] = ()

    def annotation(self, name: str) -> str:
        return dict(self.annotations).get(name, "")


def record_name(app: str) -> str:
    """The ConfigMap's name. Application names that are no DNS label get a digest so that they cannot collide."""
    safe = re.sub(r"[^a-z0-9.-]+", "-", app.lower()).strip("-.")[:200]
    if safe == app:
        return PREFIX + app
    return f"{PREFIX}{safe}-{hashlib.sha256(app.encode()).hexdigest()[:8]}"


class RecordStore:
    """Reads and writes records. One instance may be shared by threads: it keeps nothing."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace

    def load(self, app: str) -> Stored:
        """The stored record, or an empty one. Raises `UserError` for a record that this version cannot read."""
        try:
            found = self._cluster.get(CONFIG_MAPS, self._namespace, record_name(app))
        except NotFound:
            return Stored(Record(app))
        return stored_from(found, app)

    def save(self, before: Stored, record: Record) -> Stored:
        """Writes `record` if what is stored is still `before`. Raises `Conflict` when another daemon wrote it."""
        text = pack(_encode(record))
        if text == before.text:
            return before
        if not before.resource_version:
            return self._create(before, record, text)
        return self._replace(before, record, text)

    def _create(self, before: Stored, record: Record, text: str) -> Stored:
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": record_name(record.app), "labels": {**MANAGED_BY, RECORD_LABEL: "application"}},
            "data": {DATA_KEY: text},
        }
        try:
            answer = self._cluster.create(CONFIG_MAPS, self._namespace, body, field_manager=SYNC_MANAGER)
        except AlreadyExists:
            return self._replace(self._unchanged(before), record, text)
        return _after(answer, record, text)

    def _replace(self, before: Stored, record: Record, text: str) -> Stored:
        for _ in range(5):
            patch = {
                "metadata": {
                    "resourceVersion": before.resource_version,
                    "labels": {**MANAGED_BY, RECORD_LABEL: "application"},
                },
                "data": {DATA_KEY: text},
            }
            try:
                answer = self._cluster.patch(
                    CONFIG_MAPS, self._namespace, record_name(record.app), patch, field_manager=SYNC_MANAGER
                )
            except Conflict:
                before = self._unchanged(before)
            except NotFound:
                return self._create(before, record, text)
            else:
                return _after(answer, record, text)
        raise Conflict(f"the record of {record.app} changes all the time")

    def _unchanged(self, before: Stored) -> Stored:
        """The newest version of the object, whose record must still be ours: others may write their own keys."""
        found = self._cluster.get(CONFIG_MAPS, self._namespace, record_name(before.record.app))
        now = stored_from(found, before.record.app)
        if now.text != before.text:
            raise Conflict(f"another process wrote the record of {before.record.app}")
        return now


def load_records(cluster: Cluster, namespace: str | None) -> list[Stored]:
    """Every record of a namespace, or of all, for commands; one that cannot be read is skipped."""
    stored = []
    for item in filter(_is_record, cluster.list(CONFIG_MAPS, namespace, label_selector=f"{RECORD_LABEL}=application")):
        with suppress(UserError):
            stored.append(stored_from(item))
    return sorted(stored, key=lambda found: found.record.app)


def stored_from(found: Object, app: str = "") -> Stored:
    """Decodes one ConfigMap. One without a record (only an outbox so far) gives an empty record."""
    metadata = found["metadata"]
    text = (found.get("data") or {}).get(DATA_KEY, "")
    try:
        record = _decode(unpack(text)) if text else Record(app or metadata["name"].removeprefix(PREFIX))
    except (msgspec.MsgspecError, ValueError) as error:
        raise UserError(
            Problem(
                f"the record in ConfigMap {metadata['name']} cannot be read: {error}",
                fix="restore it, or delete it to start afresh: objects are then adopted again and nothing is pruned",
            )
        ) from error
    annotations = tuple(sorted((metadata.get("annotations") or {}).items()))
    return Stored(record, metadata["resourceVersion"], text, annotations)


def _is_record(found: Object) -> bool:
    return DATA_KEY in (found.get("data") or {}) and found["metadata"]["name"].startswith(PREFIX)


def _after(answer: Object, record: Record, text: str) -> Stored:
    annotations = tuple(sorted((answer["metadata"].get("annotations") or {}).items()))
    return Stored(record, answer["metadata"]["resourceVersion"], text, annotations)
