"""What a health rule answers, and the few ways in which rules read objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from reconciler.apps.delivery import Health

JsonObject = dict[str, Any]


class Assessment(NamedTuple):
    """`terminal`: waiting longer cannot mend it (a missed deadline, a failed Job)."""

    health: Health
    message: str = ""
    terminal: bool = False


Rule = Callable[[JsonObject], Assessment]

HEALTHY = Assessment(Health.HEALTHY)


def progressing(message: str) -> Assessment:
    return Assessment(Health.PROGRESSING, message)


def degraded(message: str, *, terminal: bool = False) -> Assessment:
    return Assessment(Health.DEGRADED, message, terminal)


def suspended(message: str) -> Assessment:
    return Assessment(Health.SUSPENDED, message)


def spec_of(obj: JsonObject) -> JsonObject:
    return obj.get("spec") or {}


def status_of(obj: JsonObject) -> JsonObject:
    return obj.get("status") or {}


def condition(obj: JsonObject, kind: str) -> JsonObject | None:
    """The status condition of that type, if the object carries one."""
    conditions = status_of(obj).get("conditions") or []
    return next((item for item in conditions if item.get("type") == kind), None)


def is_condition(obj: JsonObject, kind: str, status: str) -> bool:
    found = condition(obj, kind)
    return found is not None and found.get("status") == status


def condition_text(found: JsonObject | None) -> str:
    """The condition's own words; its reason when it has none."""
    return "" if found is None else str(found.get("message") or found.get("reason") or "")


def unobserved(obj: JsonObject) -> bool:
    """Whether the controller has yet to see the newest spec (`observedGeneration` is behind)."""
    generation = (obj.get("metadata") or {}).get("generation") or 0
    return int(status_of(obj).get("observedGeneration") or 0) < generation


UNOBSERVED = progressing("its controller has not seen the newest spec yet")
