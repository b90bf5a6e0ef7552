"""Where containers mount the pod's volumes."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reconciler.workloads.field_errors import duplicate, invalid, not_found, required, unsupported
from reconciler.workloads.parts import Json

_PROPAGATION = ("None", "HostToContainer", "Bidirectional")


def problems(container: Json, volumes: Collection[str], path: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        here = f"{path}.volumeMounts[{index}]"
        yield from _volume(mount, volumes, here)
        yield from _place(mount, "mountPath", seen, here)
        yield from _part(mount, here)
    for index, device in enumerate(container.get("volumeDevices") or ()):
        here = f"{path}.volumeDevices[{index}]"
        yield from _volume(device, volumes, here)
        yield from _place(device, "devicePath", seen, here)


def inside(text: str, path: str) -> Iterator[str]:
    """Of a path that must stay within the volume."""
    if text.startswith("/"):
        yield invalid(path, text, "must be a relative path")
    if ".." in text.split("/"):
        yield invalid(path, text, "must not contain '..'")


def _volume(mount: Json, volumes: Collection[str], path: str) -> Iterator[str]:
    name = mount.get("name") or ""
    if not name:
        yield required(f"{path}.name", "name a volume of the pod")
    elif name not in volumes:
        yield not_found(f"{path}.name", name, "the pod has no such volume")


def _place(mount: Json, field: str, seen: set[str], path: str) -> Iterator[str]:
    place = mount.get(field) or ""
    if not place:
        yield required(f"{path}.{field}", "say where in the container")
    elif place in seen:
        yield duplicate(f"{path}.{field}", place)
    seen.add(place)


def _part(mount: Json, path: str) -> Iterator[str]:
    for field in ("subPath", "subPathExpr"):
        if mount.get(field):
            yield from inside(mount[field], f"{path}.{field}")
    if mount.get("subPath") and mount.get("subPathExpr"):
        yield invalid(f"{path}.subPathExpr", mount["subPathExpr"], "not possible together with subPath")
    spread = mount.get("mountPropagation")
    if spread and spread not in _PROPAGATION:
        yield unsupported(f"{path}.mountPropagation", spread, _PROPAGATION)
