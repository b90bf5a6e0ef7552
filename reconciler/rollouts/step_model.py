"""The steps of a canary as its users write them (spec rollouts §1.6)."""

from __future__ import annotations

from typing import Any

import msgspec

from reconciler.workloads.parts import Json, Part

IntOrString = int | str


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
