"""The strategies of a Rollout as its users write them (spec rollouts §1.3-§1.5)."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from msgspec.structs import force_setattr

from reconciler.rollouts.step_model import IntOrString, Step
from reconciler.workloads.packed import ABSENT, detached, unpack
from reconciler.workloads.parts import Json, Part

_steps_decoder = msgspec.json.Decoder(tuple[Step, ...] | None)


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
