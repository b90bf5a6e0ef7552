"""What a traffic router is: one that comes with this engine, and one that a third party brings (spec rollouts §8).

A router only says how its objects shall be; reading, patching, retrying and telling the user are the engine's.
`docs/plugins-routers.md` explains the third party's side with a package that works.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from reconciler.kube.api import Object, Resource
from reconciler.rollouts.intents import Intent
from reconciler.rollouts.snapshot import World
from reconciler.rollouts.strategy_model import TrafficRouting
from reconciler.rollouts.traffic.wanted import Wanted

HEADER_ROUTES = "header routes"
MIRROR_ROUTES = "mirror routes"
PING_PONG = "pingPong"
MAX_WEIGHT = "maxTrafficWeight"
EXPERIMENT_SHARES = "experiment shares"

Key = tuple[str, str]
"""(kind, name) of an object in the Rollout's namespace."""


class RouterError(Exception):
    """An object is missing, is not ours, or has no place for what is wanted. The text is shown to users."""


class Router(Protocol):
    """A router as the engine uses it."""

    ABILITIES: frozenset[str]
    """Of the constants above."""

    def objects(self, routing: TrafficRouting, rollout: str) -> list[Key]:
        """The objects that it must see."""
        ...

    def shift(self, world: World, wanted: Wanted) -> list[Intent]:
        """The writes that make them carry `wanted`; none when they do already. Raises RouterError."""
        ...


@runtime_checkable
class Verifying(Protocol):
    """A router that can tell whether what it was told has arrived."""

    def verify(self, world: World, wanted: Wanted) -> bool | None:
        """None: it cannot tell. Asked only once `shift` has nothing to write. Raises RouterError."""
        ...


class RouterPlugin(Protocol):
    """What an entry point of the group `reconciler.traffic_routers` leads to: a module or any other object.

    All parts are pure functions. `config` is the plugin's part of `trafficRouting.plugins`. Optional beside these:
    `verify(config, wanted, found) -> bool | None`, and `problems(config) -> Iterable[str]`, what is wrong with it.
    """

    RESOURCES: Sequence[Resource]
    """The kinds that it reads and writes; the engine watches them once a Rollout uses the plugin."""

    ABILITIES: frozenset[str]
    """Those that it carries of `HEADER_ROUTES`, `MIRROR_ROUTES` and `EXPERIMENT_SHARES` (`split.additional`); a step
    that asks for another is refused."""

    def objects(self, config: Any, rollout: str) -> Iterable[Key]:
        """The objects that carry the traffic of the Rollout of that name."""
        ...

    def edit(self, config: Any, wanted: Wanted, found: Mapping[Key, Object]) -> Iterable[Object]:
        """Those objects as they shall be, whole. One that is not in `found` is created, and owned by the Rollout.

        `found` may be changed in place. Raises RouterError.
        """
        ...
