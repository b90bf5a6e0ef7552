"""Whether every Service keeps the ready endpoints that its share of the traffic needs: what a proxy really finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.properties import carried
from tests.properties.invariants import Broken

Json = dict[str, Any]
_SERVICE = "kubernetes.io/service-name"


@dataclass
class Endpoints:
    """`had` is how many each Service had last. For Services with one EndpointSlice, and no restarts meanwhile."""

    had: dict[str, int] = field(default_factory=dict)

    def before(self, found: Json, rollout: Json, objects: carried.Objects) -> None:
        """An EndpointSlice is about to be `found`. Raises `Broken` when its Service loses what it needs."""
        name = found["metadata"]["labels"][_SERVICE]
        weight, replicas = carried.weights(rollout, objects).get(name, 0), rollout["spec"]["replicas"]
        needed, had, has = -(-weight * replicas // 100), self.had.get(name, 0), _ready(found)
        if has < min(needed, had):
            raise Broken(f"Service {name} gets {weight} %, which needs {needed} endpoints: of {had} it keeps {has}")
        self.had[name] = has


def _ready(found: Json) -> int:
    return sum(bool(each["conditions"].get("ready")) for each in found.get("endpoints") or ())
