"""ReplicaSets: the fields that engines read of them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from msgspec.structs import force_setattr

from reconciler.kube.objects import Meta
from reconciler.workloads import keys
from reconciler.workloads.packed import ABSENT, detached, unpack
from reconciler.workloads.parts import Condition, Json, Part
from reconciler.workloads.selectors import Selector
from reconciler.workloads.times import moment

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class ReplicaSetSpec(Part, frozen=True):
    """The template stays as it came, for it is rarely read and there may be ten old versions of each workload."""

    replicas: int | None = None
    min_ready_seconds: int = 0
    selector: Selector = Selector()
    packed_template: msgspec.Raw = msgspec.field(name="template", default=ABSENT)

    def __post_init__(self) -> None:
        force_setattr(self, "packed_template", detached(self.packed_template, "template", kind=dict))

    @property
    def template(self) -> Json:
        return unpack(self.packed_template) or {}


class ReplicaSetStatus(Part, frozen=True):
    replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()


class ReplicaSet(Part, frozen=True):
    metadata: Meta = Meta()
    spec: ReplicaSetSpec = ReplicaSetSpec()
    status: ReplicaSetStatus = ReplicaSetStatus()

    def __post_init__(self) -> None:
        """A workload's ReplicaSet is labelled with what it selects by: both are one dictionary."""
        if self.metadata.labels and self.metadata.labels == self.spec.selector.match_labels:
            force_setattr(self.spec.selector, "match_labels", self.metadata.labels)

    @property
    def name(self) -> str:
        return self.metadata.name

    @property
    def hash(self) -> str:
        return self.metadata.labels.get(keys.HASH, "")

    @property
    def size(self) -> int:
        """Pods asked for; the API's default is 1."""
        return 1 if self.spec.replicas is None else self.spec.replicas

    @property
    def available(self) -> int:
        """Pods that can serve and will stay: the status may still count those that were just asked to go."""
        return min(self.size, self.status.available_replicas)

    @property
    def revision(self) -> int:
        return _number(self.metadata.annotations.get(keys.REVISION))

    @property
    def sized_for(self) -> int | None:
        """The Rollout's replicas that this ReplicaSet was last sized for."""
        text = self.metadata.annotations.get(keys.DESIRED_REPLICAS)
        return None if text is None else _number(text)

    @property
    def deadline(self) -> datetime | None:
        """When it may be scaled to zero; users may write it, by default in UTC. What is no time counts as passed."""
        text = self.metadata.annotations.get(keys.DEADLINE)
        if not text:
            return None
        try:
            found = moment(text)
        except ValueError:
            return _LONG_AGO
        return found if found.tzinfo else found.replace(tzinfo=UTC)


decode_replica_set = msgspec.json.Decoder(ReplicaSet).decode


def _number(text: str | None) -> int:
    try:
        return int(text or 0)
    except ValueError:
        return 0
