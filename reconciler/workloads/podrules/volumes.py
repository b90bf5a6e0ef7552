"""Volumes of a pod: each has a name of its own and exactly one source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from reconciler.kube import quantity
from reconciler.workloads.field_errors import duplicate, forbidden, invalid, required, unsupported
from reconciler.workloads.parts import Json
from reconciler.workloads.podrules import environment, mounts, names

_REQUIRED: dict[str, tuple[str, ...]] = {
    "hostPath": ("path",),
    "secret": ("secretName",),
    "configMap": ("name",),
    "persistentVolumeClaim": ("claimName",),
    "nfs": ("server", "path"),
    "csi": ("driver",),
    "image": (),
    "ephemeral": ("volumeClaimTemplate",),
}
_HOST_TYPES = ("", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice")
_SHORTEST_TOKEN_SECONDS = 600


def problems(volumes: Sequence[Json], path: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, volume in enumerate(volumes):
        here, name = f"{path}[{index}]", volume.get("name") or ""
        if not name:
            yield required(f"{here}.name", "name the volume")
        elif name in seen:
            yield duplicate(f"{here}.name", name)
        yield from names.check(names.label, name, f"{here}.name")
        seen.add(name)
        yield from _sources(volume, here)


def _sources(volume: Json, path: str) -> Iterator[str]:
    given = [field for field, value in volume.items() if field != "name" and value is not None]
    for extra in given[1:]:
        yield forbidden(f"{path}.{extra}", f"a volume has one source, and {given[0]} is set already")
    for kind in given[:1]:
        source, here = volume[kind], f"{path}.{kind}"
        for field in _REQUIRED.get(kind, ()):
            if not source.get(field):
                yield required(f"{here}.{field}", f"a volume of kind {kind} needs it")
        if kind in _MORE:
            yield from _MORE[kind](source, here)


def _host_path(source: Json, path: str) -> Iterator[str]:
    if ".." in (source.get("path") or "").split("/"):
        yield invalid(f"{path}.path", source["path"], "must not contain '..'")
    if (kind := source.get("type") or "") not in _HOST_TYPES:
        yield unsupported(f"{path}.type", kind, _HOST_TYPES[1:])


def _files(source: Json, path: str) -> Iterator[str]:
    yield from _mode(source, "defaultMode", path)
    for index, item in enumerate(source.get("items") or ()):
        here = f"{path}.items[{index}]"
        if not item.get("key"):
            yield required(f"{here}.key", "say which entry")
        yield from _file(item, here)


def _downward(source: Json, path: str) -> Iterator[str]:
    yield from _mode(source, "defaultMode", path)
    for index, item in enumerate(source.get("items") or ()):
        here = f"{path}.items[{index}]"
        yield from _file(item, here)
        where = (item.get("fieldRef") or {}).get("fieldPath") or ""
        if item.get("fieldRef") and not environment.metadata_path(where, whole=True):
            yield invalid(f"{here}.fieldRef.fieldPath", where, "must be a field of the pod's metadata")
        if not item.get("fieldRef") and not item.get("resourceFieldRef"):
            yield required(here, "say what it holds: one of fieldRef, resourceFieldRef")


def _file(item: Json, path: str) -> Iterator[str]:
    if not item.get("path"):
        yield required(f"{path}.path", "name the file")
    yield from mounts.inside(item.get("path") or "", f"{path}.path")
    yield from _mode(item, "mode", path)


def _mode(source: Json, field: str, path: str) -> Iterator[str]:
    if (mode := source.get(field)) is not None and not 0 <= mode <= 0o777:
        yield invalid(f"{path}.{field}", mode, "must be between 0 and 0777 (octal), that is 511")


def _projected(source: Json, path: str) -> Iterator[str]:
    yield from _mode(source, "defaultMode", path)
    for index, each in enumerate(source.get("sources") or ()):
        here = f"{path}.sources[{index}]"
        given = [field for field, value in each.items() if value is not None]
        for extra in given[1:]:
            yield forbidden(f"{here}.{extra}", f"{given[0]} is set already")
        if each.get("serviceAccountToken"):
            yield from _token(each["serviceAccountToken"], f"{here}.serviceAccountToken")
        for kind in ("secret", "configMap"):
            if each.get(kind):
                yield from _named_files(each[kind], f"{here}.{kind}")
        if each.get("downwardAPI"):
            yield from _downward(each["downwardAPI"], f"{here}.downwardAPI")


def _named_files(source: Json, path: str) -> Iterator[str]:
    if not source.get("name"):
        yield required(f"{path}.name", "say which object")
    yield from _files(source, path)


def _token(token: Json, path: str) -> Iterator[str]:
    if not token.get("path"):
        yield required(f"{path}.path", "name the file")
    seconds = token.get("expirationSeconds") or 0
    if seconds < _SHORTEST_TOKEN_SECONDS:
        yield invalid(f"{path}.expirationSeconds", seconds, f"must be at least {_SHORTEST_TOKEN_SECONDS}")


def _empty(source: Json, path: str) -> Iterator[str]:
    size = source.get("sizeLimit")
    if size is not None and quantity.value(size) < 0:
        yield invalid(f"{path}.sizeLimit", size, "must be greater than or equal to 0")


_MORE: dict[str, Callable[[Json, str], Iterator[str]]] = {
    "hostPath": _host_path,
    "secret": _files,
    "configMap": _files,
    "downwardAPI": _downward,
    "projected": _projected,
    "emptyDir": _empty,
}
