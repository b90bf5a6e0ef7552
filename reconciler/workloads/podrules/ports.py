"""Ports of containers: numbers, names, and what two ports of a pod may not share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.workloads.field_errors import duplicate, invalid, required, unsupported
from reconciler.workloads.parts import Json
from reconciler.workloads.podrules import names

_PROTOCOLS = ("TCP", "UDP", "SCTP")
_RANGE = "must be between 1 and 65535"


def is_number(value: object) -> bool:
    return isinstance(value, int) and 1 <= value <= 65535


def number(value: object, path: str) -> Iterator[str]:
    if not is_number(value):
        yield invalid(path, value, _RANGE)


def reference(value: object, path: str) -> Iterator[str]:
    """Of a port that may be given by number or by name."""
    if isinstance(value, str):
        if why := names.port(value):
            yield invalid(path, value, why)
    else:
        yield from number(value or 0, path)


def problems(ports: Sequence[Json], path: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, port in enumerate(ports):
        here = f"{path}[{index}]"
        name = port.get("name") or ""
        yield from names.check(names.port, name, f"{here}.name")
        if name and name in seen:
            yield duplicate(f"{here}.name", name)
        seen.add(name)
        yield from _port(port, here)


def shared(spec: Json, path: str) -> Iterator[str]:
    """Ports of the host that two containers want."""
    seen: set[tuple[object, ...]] = set()
    for field in ("containers", "initContainers"):
        for at, container in enumerate(spec.get(field) or ()):
            if field == "initContainers" and container.get("restartPolicy") != "Always":
                continue
            for index, port in enumerate(container.get("ports") or ()):
                wanted = (port.get("protocol"), port.get("hostIP") or "", port.get("hostPort"))
                if port.get("hostPort") and wanted in seen:
                    yield duplicate(f"{path}.{field}[{at}].ports[{index}].hostPort", port["hostPort"])
                seen.add(wanted)


def _port(port: Json, path: str) -> Iterator[str]:
    inside, outside = port.get("containerPort") or 0, port.get("hostPort") or 0
    if not inside:
        yield required(f"{path}.containerPort", "say which port the container listens on")
    else:
        yield from number(inside, f"{path}.containerPort")
    if outside:
        yield from number(outside, f"{path}.hostPort")
    if port.get("protocol") not in _PROTOCOLS:
        yield unsupported(f"{path}.protocol", port.get("protocol"), _PROTOCOLS)
