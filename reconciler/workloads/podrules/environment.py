"""Environment variables and where their values come from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.workloads.field_errors import invalid, required, unsupported
from reconciler.workloads.parts import Json
from reconciler.workloads.podrules import names

_ENTRY = re.compile(r"metadata\.(labels|annotations)\['(.*)'\]", re.DOTALL)
_OF_METADATA = ("metadata.name", "metadata.namespace", "metadata.uid")
_OF_PODS = (
    *_OF_METADATA,
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef")
_WHOLE_SOURCES = ("configMapRef", "secretRef")


def problems(container: Json, path: str) -> Iterator[str]:
    for index, variable in enumerate(container.get("env") or ()):
        yield from _variable(variable, f"{path}.env[{index}]")
    for index, source in enumerate(container.get("envFrom") or ()):
        yield from _whole(source, f"{path}.envFrom[{index}]")


def metadata_path(text: str, *, whole: bool) -> bool:
    """Whether the downward API knows this path below `metadata`; `whole`: also all labels or annotations at once."""
    if whole and text in ("metadata.labels", "metadata.annotations"):
        return True
    entry = _ENTRY.fullmatch(text)
    if entry is None:
        return text in _OF_METADATA
    return not names.qualified(entry[2].lower() if entry[1] == "annotations" else entry[2])


def _variable(variable: Json, path: str) -> Iterator[str]:
    name = variable.get("name") or ""
    if not name:
        yield required(f"{path}.name", "name the variable")
    yield from names.check(names.variable, name, f"{path}.name")
    source = variable.get("valueFrom")
    if source is None:
        return
    given = [field for field in _SOURCES if source.get(field) is not None]
    if variable.get("value"):
        yield invalid(f"{path}.valueFrom", name, "a variable has either value or valueFrom")
    elif len(given) != 1 and not _newer(source):
        yield invalid(f"{path}.valueFrom", ", ".join(given), f"must have exactly one of {', '.join(_SOURCES)}")
    for field in given:
        yield from _source(field, source[field], f"{path}.valueFrom.{field}")


def _newer(source: Json) -> bool:
    """A source that this list does not know: the cluster's API server judges it."""
    return any(source[field] is not None for field in source if field not in _SOURCES)


def _source(kind: str, source: Json, path: str) -> Iterator[str]:
    if kind == "fieldRef":
        yield from _field(source, path)
    elif kind == "resourceFieldRef":
        if not source.get("resource"):
            yield required(f"{path}.resource", "name the resource")
    else:
        yield from _key(source, path)


def _field(source: Json, path: str) -> Iterator[str]:
    where = source.get("fieldPath") or ""
    if not where:
        yield required(f"{path}.fieldPath", "say which field")
    elif where not in _OF_PODS and not metadata_path(where, whole=False):
        choices = (*_OF_PODS, "metadata.labels['<KEY>']", "metadata.annotations['<KEY>']")
        yield unsupported(f"{path}.fieldPath", where, choices)


def _key(source: Json, path: str) -> Iterator[str]:
    yield from names.check(names.subdomain, source.get("name"), f"{path}.name")
    if not source.get("key"):
        yield required(f"{path}.key", "say which entry")
    yield from names.check(names.config_key, source.get("key"), f"{path}.key")


def _whole(source: Json, path: str) -> Iterator[str]:
    yield from names.check(names.variable, source.get("prefix"), f"{path}.prefix")
    given = [field for field in _WHOLE_SOURCES if source.get(field) is not None]
    if len(given) != 1:
        yield invalid(path, ", ".join(given), f"must have exactly one of {', '.join(_WHOLE_SOURCES)}")
    for field in given:
        yield from names.check(names.subdomain, source[field].get("name"), f"{path}.{field}.name")
