"""The Rollout as its users write it: the fields that the engine reads (spec rollouts §1.2-§1.6).

Decoding is lenient: fields that we do not know are ignored, and an object with a field of a wrong type still becomes
a `Rollout`, one whose `malformed` says what is wrong. So one bad object is shown as invalid and stops nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import msgspec
import orjson
from msgspec.structs import force_setattr

from reconciler.kube.api import Object
from reconciler.kube.objects import ROLLOUTS, Meta
from reconciler.rollouts.status import RolloutStatus
from reconciler.rollouts.strategy_model import Strategy
from reconciler.workloads.packed import ABSENT, detached, pack, unpack
from reconciler.workloads.parts import Json, Part
from reconciler.workloads.selectors import Selector

T = TypeVar("T")


class RollbackWindow(Part, frozen=True):
    revisions: int = 0


class RunHistory(Part, frozen=True):
    successful_run_history_limit: int | None = None
    unsuccessful_run_history_limit: int | None = None


class WorkloadRef(Part, frozen=True):
    """The object that holds the template (spec §2.9)."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    scale_down: str = ""


class RolloutSpec(Part, frozen=True, dict=True, gc=True):
    """The store keeps the same object for as long as it says the same, and with it what was worked out about it."""

    replicas: int | None = None
    selector: Selector | None = None
    packed_template: msgspec.Raw = msgspec.field(name="template", default=ABSENT)
    workload_ref: WorkloadRef | None = None
    min_ready_seconds: int = 0
    revision_history_limit: int | None = None
    paused: bool = False
    progress_deadline_seconds: int | None = None
    progress_deadline_abort: bool = False
    restart_at: str | None = None
    rollback_window: RollbackWindow | None = None
    analysis: RunHistory | None = None
    strategy: Strategy = Strategy()

    def __post_init__(self) -> None:
        force_setattr(self, "packed_template", detached(self.packed_template, "template", kind=dict))

    @property
    def template(self) -> Json | None:
        found: Json | None = unpack(self.packed_template)
        return found

    def with_pods_of(self, template: Json, selector: Selector | None) -> RolloutSpec:
        """The same with the template and the selector of another object."""
        return msgspec.structs.replace(self, packed_template=pack(template), selector=selector)

    def once(self, what: Hashable, work: Callable[[], T]) -> T:
        """What `work` says, asked at the first time only: it may read nothing but this spec and what `what` names."""
        known: dict[Hashable, Any] = self.__dict__.setdefault("_known", {})
        if what not in known:
            known[what] = work()
        found: T = known[what]
        return found


class Rollout(Part, frozen=True):
    metadata: Meta = Meta()
    spec: RolloutSpec = RolloutSpec()
    status: RolloutStatus = RolloutStatus()
    malformed: str = ""


class _Skeleton(msgspec.Struct, frozen=True):
    metadata: Meta = Meta()
    status: Any = None


_decoder = msgspec.json.Decoder(Rollout)
_skeleton_decoder = msgspec.json.Decoder(_Skeleton)


def as_object(rollout: Rollout, status: RolloutStatus) -> Object:
    """The Rollout as JSON with the status of a decision: arguments of analyses may refer to any of its fields."""
    written = msgspec.json.encode(msgspec.structs.replace(rollout, status=status))
    return {"apiVersion": ROLLOUTS.api_version, "kind": ROLLOUTS.kind, **orjson.loads(written)}


def decode_rollout(raw: bytes) -> Rollout:
    """For the informer. Raises only when not even the metadata can be read."""
    try:
        return _decoder.decode(raw)
    except msgspec.ValidationError as error:
        return _malformed(raw, str(error))


def _malformed(raw: bytes, why: str) -> Rollout:
    skeleton = _skeleton_decoder.decode(raw)
    told = skeleton.status if isinstance(skeleton.status, dict) else {}
    readable = {name: value for name, value in told.items() if _is_readable(name, value)}
    return Rollout(metadata=skeleton.metadata, status=msgspec.convert(readable, RolloutStatus), malformed=why)


def _is_readable(name: str, value: Any) -> bool:
    """Field by field, so that what was said of a mistake before is known, and not said again and again."""
    try:
        msgspec.convert({name: value}, RolloutStatus)
    except msgspec.ValidationError:
        return False
    return True
