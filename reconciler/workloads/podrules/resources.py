"""What containers ask for and may use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.kube import quantity
from reconciler.workloads.field_errors import invalid
from reconciler.workloads.parts import Json
from reconciler.workloads.podrules import names

_STANDARD = ("cpu", "memory", "ephemeral-storage")


def problems(resources: Json, path: str) -> Iterator[str]:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    yield from _amounts(limits, f"{path}.limits")
    yield from _amounts(requests, f"{path}.requests")
    for name, asked in requests.items():
        limit = limits.get(name)
        if limit is not None and quantity.value(asked) > quantity.value(limit):
            yield invalid(f"{path}.requests", asked, f"must be less than or equal to the {name} limit of {limit}")


def _amounts(amounts: Mapping[str, object], path: str) -> Iterator[str]:
    for name, amount in amounts.items():
        if why := names.qualified(name) or _unknown(name):
            yield invalid(path, name, why)
        if quantity.value(str(amount)) < 0:
            yield invalid(f"{path}.{name}", amount, "must be greater than or equal to 0")


def _unknown(name: str) -> str:
    known = "/" in name or name in _STANDARD or name.startswith("hugepages-")
    return "" if known else f"must be one of {', '.join(_STANDARD)}, or named as in example.com/gpu"
