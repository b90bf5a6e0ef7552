"""What a sync of a commit would change, asked of the server object by object (spec gitops §2.2, level 2). Read-only.

For `reconciler diff`: each declared object is applied as a dry run, so defaults and admission are the server's own, and
the answer is compared with the live object. What cannot be predicted is reported as unknown, never as equal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

from reconciler.apps.record import Entry, Key
from reconciler.errors import NotFound, ReconcilerError
from reconciler.kube.api import SYNC_MANAGER, Cluster, Object
from reconciler.kube.objects import JOBS, PODS, REPLICA_SETS
from reconciler.sync.declared import Declared, Desired
from reconciler.sync.diff import FieldChange, Masker, difference
from reconciler.sync.engine import scrubbed_text
from reconciler.sync.images import WORKLOADS, ImageRow, image_rows
from reconciler.sync.payload import payload
from reconciler.sync.tracking import owner_of

PARALLEL = 8

Steered = tuple[str, str, str]
"""Kind, namespace and name."""


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    SAME = "same"
    PRUNE = "prune"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said about one object: nothing live, both sides, or why it cannot tell."""

    live: Object | None = None
    predicted: Object | None = None
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class ObjectDifference:
    """`message` says why it is unknown, or what else to know; `ignored` counts fields that rules leave out."""

    key: Key
    action: Action
    changes: tuple[FieldChange, ...] = ()
    message: str = ""
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """One Application: images first, then objects in the order of apply."""

    app: str
    sha: str
    images: tuple[ImageRow, ...]
    objects: tuple[ObjectDifference, ...]

    @property
    def differs(self) -> bool:
        return any(item.action is not Action.SAME for item in self.objects) or any(not row.same for row in self.images)

    @property
    def unknown(self) -> bool:
        return any(item.action is Action.UNKNOWN for item in self.objects)


def differences(
    cluster: Cluster, app: str, sha: str, desired: Desired, inventory: Iterable[Entry], steered: Collection[Steered]
) -> Difference:
    """`steered` are objects whose weights belong to a Rollout."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = list(pool.map(lambda item: _ask(cluster, item, item.key[1:] in steered), desired.objects))
    mask = Masker()
    objects = [_compare(app, item, answer, mask) for item, answer in zip(desired.objects, answers, strict=True)]
    declared = {item.key for item in desired.objects}
    left = [ObjectDifference(entry.key, Action.PRUNE) for entry in inventory if entry.key not in declared]
    return Difference(app, sha, tuple(running_images(cluster, app, desired)), (*objects, *left))


def _ask(cluster: Cluster, item: Declared, steered: bool) -> Answer:
    try:
        resource = cluster.find(item.api_version, item.key.kind)
    except NotFound as error:
        return Answer(unknown=str(error))
    namespace, name = item.key.namespace, item.key.name
    try:
        live = cluster.get(resource, namespace, name)
    except NotFound:
        return Answer()
    body = payload(item, live, engine_owned=steered)
    try:
        predicted = cluster.apply(resource, namespace, name, body, field_manager=SYNC_MANAGER, dry_run=True)
    except ReconcilerError as error:
        return Answer(live, unknown=scrubbed_text(item, str(error)))
    return Answer(live, predicted)


def _compare(app: str, item: Declared, answer: Answer, mask: Masker) -> ObjectDifference:
    if answer.unknown:
        return ObjectDifference(item.key, Action.UNKNOWN, message=answer.unknown)
    if answer.live is None or answer.predicted is None:
        return ObjectDifference(item.key, Action.CREATE)
    owner = owner_of(answer.live, item.key)
    message = f"belongs to Application {owner}" if owner and owner != app else ""
    changes = difference(answer.live, answer.predicted, mask)
    action = Action.UPDATE if changes else Action.SAME
    return ObjectDifference(item.key, action, changes, message, len(item.ignored) + len(item.managers))


def running_images(cluster: Cluster, app: str, desired: Desired) -> list[ImageRow]:
    """Declared images against those of the pods, one row per container."""
    workloads = [(item.key, item.body) for item in desired.objects if item.key.kind in WORKLOADS]
    namespaces = sorted({key.namespace for key, _ in workloads})
    pods = [pod for namespace in namespaces for pod in cluster.list(PODS, namespace)]
    owners: list[Object] = []
    for namespace in namespaces:
        owners += cluster.list(REPLICA_SETS, namespace)
        owners += cluster.list(JOBS, namespace)
    return image_rows(app, workloads, pods, owners)
