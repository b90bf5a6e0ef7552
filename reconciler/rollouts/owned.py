"""The other objects that a Rollout's reconcile reads: Services, routers' objects, workloads, Pods."""

from __future__ import annotations

from typing import Any

import msgspec

from reconciler.kube.objects import Meta
from reconciler.workloads import keys
from reconciler.workloads.parts import Json, Part
from reconciler.workloads.selectors import Selector


class WorkloadSpec(Part, frozen=True):
    replicas: int | None = None
    selector: Selector | None = None
    template: Json | None = None


class Workload(Part, frozen=True):
    """What a `workloadRef` may name: a PodTemplate has its template at the top, the others in their spec."""

    metadata: Meta = Meta()
    spec: WorkloadSpec = WorkloadSpec()
    template: Json | None = None

    @property
    def pod_template(self) -> Json:
        return self.template or self.spec.template or {}


class ServiceSpec(Part, frozen=True):
    selector: dict[str, str] = msgspec.field(default_factory=dict)


class Service(Part, frozen=True):
    metadata: Meta = Meta()
    spec: ServiceSpec = ServiceSpec()

    @property
    def hash(self) -> str:
        return self.spec.selector.get(keys.HASH, "")


class Routed(Part, frozen=True):
    """An object of a traffic router, whose spec is edited whole (Ingress, TraefikService).

    `body` is all of it, for the kinds of routers that others bring.
    """

    metadata: Meta = Meta()
    spec: dict[str, Any] = msgspec.field(default_factory=dict)
    body: dict[str, Any] = msgspec.field(default_factory=dict)


class PodStatus(Part, frozen=True):
    phase: str = ""
    conditions: tuple[dict[str, Any], ...] = ()


class Pod(Part, frozen=True):
    metadata: Meta = Meta()
    status: PodStatus = PodStatus()


decode_service = msgspec.json.Decoder(Service).decode
decode_workload = msgspec.json.Decoder(Workload).decode
decode_pod = msgspec.json.Decoder(Pod).decode
decode_routed = msgspec.json.Decoder(Routed).decode


def decode_whole(raw: bytes) -> Routed:
    """As `decode_routed`, with the whole object but for `managedFields`."""
    body = msgspec.json.decode(raw, type=dict[str, Any])
    (body.get("metadata") or {}).pop("managedFields", None)
    return msgspec.structs.replace(decode_routed(raw), body=body)
