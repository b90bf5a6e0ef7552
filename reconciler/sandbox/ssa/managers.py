"""Managers of fields, as stored in metadata.managedFields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from reconciler.sandbox.ssa.fields import decode, encode
from reconciler.sandbox.ssa.paths import Fields


class ManagerId(NamedTuple):
    """Who: two entries are one manager only if all four are equal."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""

    @property
    def applies(self) -> bool:
        return self.operation == "Apply"


@dataclass(frozen=True)
class Owned:
    fields: Fields
    time: str = ""


Managers = Mapping[ManagerId, Owned]


def read(entries: list[dict[str, Any]]) -> dict[ManagerId, Owned]:
    return {
        identity(entry): Owned(decode(entry.get("fieldsV1") or {}), entry.get("time", "")) for entry in entries if entry
    }


def identity(entry: dict[str, Any]) -> ManagerId:
    names = (entry.get("manager", ""), entry.get("operation", ""), entry.get("apiVersion", ""))
    return ManagerId(*names, entry.get("subresource", ""))


def write(managers: Managers) -> list[dict[str, Any]]:
    """Appliers first, then the oldest first."""
    order = sorted(managers, key=lambda who: (who.operation, managers[who].time, who))
    return [entry(who, managers[who]) for who in order]


def entry(who: ManagerId, owned: Owned) -> dict[str, Any]:
    found: dict[str, Any] = {"manager": who.name, "operation": who.operation, "apiVersion": who.api_version}
    if owned.time:
        found["time"] = owned.time
    found |= {"fieldsType": "FieldsV1", "fieldsV1": encode(owned.fields)}
    return found | ({"subresource": who.subresource} if who.subresource else {})


def minus(managers: Managers, fields: Fields, but: ManagerId) -> dict[ManagerId, Owned]:
    """Take fields away from everybody but one; who is left with nothing is forgotten."""
    found = {
        who: owned if who == but else replace(owned, fields=owned.fields - fields) for who, owned in managers.items()
    }
    return {who: owned for who, owned in found.items() if owned.fields or who == but}
