"""The Rollout as its users write it: the fields that the engine reads (spec rollouts §1.2-§1.6).

Decoding is lenient: fields that we do not know are ignored, and an object with a field of a wrong type still becomes
a `Rollout`, one whose `malformed` says what is wrong. So one bad object is shown as invalid and stops nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, ClassVar, TypeVar

import msgspec
import orjson
from msgspec.structs import force_setattr

from reconciler.kube.api import Object
from reconciler.kube.objects import ROLLOUTS, Meta
from reconciler.rollouts.status import RolloutStatus
from reconciler.workloads.packed import ABSENT, detached, pack, unpack
from reconciler.workloads.parts import Json, Part
from reconciler.workloads.selectors import Selector

IntOrString = int | str
T = TypeVar("T")


class RollbackWindow(Part, frozen=True):
    revisions: int = 0


class RunHistory(Part, frozen=True):
    successful_run_history_limit: int | None = None
    unsuccessful_run_history_limit: int | None = None


class PodMetadata(Part, frozen=True):
    """What is put on pods only while their ReplicaSet has a role (spec §2.6)."""

    labels: dict[str, str] = msgspec.field(default_factory=dict)
    annotations: dict[str, str] = msgspec.field(default_factory=dict)


class Nginx(Part, frozen=True):
    annotation_prefix: str = ""
    stable_ingress: str = ""
    stable_ingresses: tuple[str, ...] = ()
    additional_ingress_annotations: dict[str, str] = msgspec.field(default_factory=dict)
    canary_ingress_annotations: dict[str, str] = msgspec.field(default_factory=dict)


class Traefik(Part, frozen=True):
    weighted_traefik_service_name: str = ""


class ManagedRoute(Part, frozen=True):
    name: str = ""


class TrafficRouting(Part, frozen=True):
    """`None`: that router is not used. Those that are kept as they were written are refused by validation for now."""

    nginx: Nginx | None = None
    traefik: Traefik | None = None
    max_traffic_weight: int | None = None
    managed_routes: tuple[ManagedRoute, ...] | None = None
    istio: Json | None = None
    alb: Json | None = None
    smi: Json | None = None
    ambassador: Json | None = None
    app_mesh: Json | None = None
    apisix: Json | None = None
    plugins: Json | None = None

    @property
    def managed_names(self) -> tuple[str, ...]:
        """Names of the routes that steps may set, the first taking precedence."""
        return tuple(route.name for route in self.managed_routes or ())


class Preference(Part, frozen=True):
    weight: int = 0


class AntiAffinity(Part, frozen=True):
    """Exactly one is set (spec §2.7); `required` has no settings."""

    preferred: Preference | None = msgspec.field(default=None, name="preferredDuringSchedulingIgnoredDuringExecution")
    required: Json | None = msgspec.field(default=None, name="requiredDuringSchedulingIgnoredDuringExecution")


class PingPong(Part, frozen=True):
    """Two Services that take turns at being stable, so that no route changes at promotion (spec §1.9, §2.5)."""

    ping_service: str = ""
    pong_service: str = ""


class ProgressThreshold(Part, frozen=True):
    type: str = "Percent"
    value: int = -1


class Pause(Part, frozen=True):
    duration: IntOrString | None = None


class SetCanaryScale(Part, frozen=True):
    weight: int | None = None
    replicas: int | None = None
    match_traffic_weight: bool = False


class StringMatch(Part, frozen=True):
    """Exactly one is set."""

    exact: str | None = None
    prefix: str | None = None
    regex: str | None = None


class HeaderMatch(Part, frozen=True):
    header_name: str = ""
    header_value: StringMatch = StringMatch()


class SetHeaderRoute(Part, frozen=True):
    """Without `match` the route of that name goes away."""

    name: str = ""
    match: tuple[HeaderMatch, ...] = ()


class RouteMatch(Part, frozen=True):
    """All that are set must match."""

    method: StringMatch | None = None
    path: StringMatch | None = None
    headers: dict[str, StringMatch] = msgspec.field(default_factory=dict)


class SetMirrorRoute(Part, frozen=True):
    """Without `match` the route of that name goes away. `percentage` None: all requests."""

    name: str = ""
    percentage: int | None = None
    match: tuple[RouteMatch, ...] = ()


class PluginStep(Part, frozen=True):
    """`config` is any JSON."""

    name: str = ""
    config: Any = None


class Step(Part, frozen=True):
    """One item of `canary.steps`; exactly one field is set (spec §1.6)."""

    set_weight: int | None = None
    pause: Pause | None = None
    set_canary_scale: SetCanaryScale | None = None
    analysis: Json | None = None
    experiment: Json | None = None
    set_header_route: SetHeaderRoute | None = None
    set_mirror_route: SetMirrorRoute | None = None
    plugin: PluginStep | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of the fields that are set, as users write them."""
        names = zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True)
        return tuple(written for field, written in names if getattr(self, field) is not None)

    @property
    def kind(self) -> str:
        return self.kinds[0] if self.kinds else ""


_steps_decoder = msgspec.json.Decoder(tuple[Step, ...] | None)


class Canary(Part, frozen=True):
    path: ClassVar[str] = "spec.strategy.canary"

    canary_service: str = ""
    stable_service: str = ""
    packed_steps: msgspec.Raw = msgspec.field(name="steps", default=ABSENT)
    traffic_routing: TrafficRouting | None = None
    max_surge: IntOrString | None = None
    max_unavailable: IntOrString | None = None
    analysis: Json | None = None
    canary_metadata: PodMetadata | None = None
    stable_metadata: PodMetadata | None = None
    scale_down_delay_seconds: int | None = None
    scale_down_delay_revision_limit: int | None = None
    abort_scale_down_delay_seconds: int | None = None
    dynamic_stable_scale: bool = False
    min_pods_per_replica_set: int | None = None
    replica_progress_threshold: ProgressThreshold | None = None
    anti_affinity: AntiAffinity | None = None
    ping_pong: PingPong | None = None

    def __post_init__(self) -> None:
        force_setattr(self, "packed_steps", detached(self.packed_steps, "steps", kind=list))

    @property
    def steps(self) -> list[Json] | None:
        """As they were written; items may be of any type."""
        found: list[Json] | None = unpack(self.packed_steps)
        return found

    @property
    def services(self) -> dict[str, str]:
        """The names of its Services by the fields that name them; "" where one is not used."""
        fields = {"canaryService": self.canary_service, "stableService": self.stable_service}
        if self.ping_pong:
            fields |= {"pingPong.pingService": self.ping_pong.ping_service}
            fields |= {"pingPong.pongService": self.ping_pong.pong_service}
        return fields

    @property
    def analyses(self) -> tuple[Json | None, ...]:
        return (self.analysis, *(step.analysis for step in self.typed_steps()))

    def typed_steps(self) -> tuple[Step, ...]:
        """Raises `msgspec.ValidationError` naming the path inside the list."""
        return _steps_decoder.decode(self.packed_steps) or ()


class BlueGreen(Part, frozen=True):
    """Two whole versions side by side; the traffic of `active_service` is switched at once (spec §1.3)."""

    path: ClassVar[str] = "spec.strategy.blueGreen"

    active_service: str = ""
    preview_service: str = ""
    preview_replica_count: int | None = None
    auto_promotion_enabled: bool | None = None
    auto_promotion_seconds: int | None = None
    max_unavailable: IntOrString | None = None
    scale_down_delay_seconds: int | None = None
    scale_down_delay_revision_limit: int | None = None
    abort_scale_down_delay_seconds: int | None = None
    pre_promotion_analysis: Json | None = None
    post_promotion_analysis: Json | None = None
    preview_metadata: PodMetadata | None = None
    active_metadata: PodMetadata | None = None
    anti_affinity: AntiAffinity | None = None

    @property
    def services(self) -> dict[str, str]:
        """The names of its Services by the fields that name them; "" where one is not used."""
        return {"activeService": self.active_service, "previewService": self.preview_service}

    @property
    def analyses(self) -> tuple[Json | None, ...]:
        return (self.pre_promotion_analysis, self.post_promotion_analysis)


class Strategy(Part, frozen=True):
    canary: Canary | None = None
    blue_green: BlueGreen | None = None

    @property
    def chosen(self) -> Canary | BlueGreen:
        """The one that is set; without any, a canary without steps."""
        return self.blue_green or self.canary or Canary()

    @property
    def written(self) -> tuple[Canary | BlueGreen, ...]:
        """All that are set, though only one may be."""
        return tuple(each for each in (self.canary, self.blue_green) if each)


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
