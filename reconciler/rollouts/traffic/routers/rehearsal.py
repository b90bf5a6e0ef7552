"""The router of `rollouts plan`: it carries everything at once and has no objects. Of no use in a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.kube.api import Object, Resource
from reconciler.rollouts.traffic.routers.contract import EXPERIMENT_SHARES, HEADER_ROUTES, MIRROR_ROUTES, Key
from reconciler.rollouts.traffic.wanted import Wanted

NAME = "reconciler.dev/rehearsal"
RESOURCES: tuple[Resource, ...] = ()
ABILITIES = frozenset({HEADER_ROUTES, MIRROR_ROUTES, EXPERIMENT_SHARES})


def objects(config: Any, rollout: str) -> list[Key]:
    return []


def edit(config: Any, wanted: Wanted, found: Mapping[Key, Object]) -> list[Object]:
    return []
