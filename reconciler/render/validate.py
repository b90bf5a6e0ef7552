"""Is this an object that Kubernetes could take? Checked before anything is sent (spec gitops §1.8). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.yaml.positions import Path

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_API_VERSION = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[0-9][a-z0-9]*")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at a path inside one object."""

    path: Path
    what: str
    fix: str = ""


def faults(manifest: Any) -> list[Fault]:
    """Everything wrong with the parts that all objects share."""
    if not isinstance(manifest, dict):
        return [Fault((), f"is a {_type(manifest)}, not an object", "an object starts with apiVersion and kind")]
    return [*_type_faults(manifest), *_metadata_faults(manifest)]


def is_namespace(name: str) -> bool:
    return bool(_LABEL.fullmatch(name))


def _type_faults(manifest: dict[str, Any]) -> Iterator[Fault]:
    version, kind = manifest.get("apiVersion"), manifest.get("kind")
    if not isinstance(version, str) or not _API_VERSION.fullmatch(version):
        yield Fault(("apiVersion",), _missing_or_wrong("apiVersion", version), "write for example v1 or apps/v1")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        yield Fault(("kind",), _missing_or_wrong("kind", kind), "write for example Deployment")


def _metadata_faults(manifest: dict[str, Any]) -> Iterator[Fault]:
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        yield Fault(("metadata",), _missing_or_wrong("metadata", metadata), "an object needs metadata.name")
        return
    yield from _name_faults(manifest, metadata)
    namespace = metadata.get("namespace")
    if namespace is not None and not (isinstance(namespace, str) and is_namespace(namespace)):
        yield Fault(("metadata", "namespace"), f"metadata.namespace {namespace!r} is not a namespace's name")
    for field in ("labels", "annotations"):
        yield from _text_map_faults(field, metadata.get(field))


def _name_faults(manifest: dict[str, Any], metadata: dict[str, Any]) -> Iterator[Fault]:
    name = metadata.get("name")
    if name is None and metadata.get("generateName"):
        what = "metadata.generateName without metadata.name would create another object at every sync"
        yield Fault(("metadata", "generateName"), what, "give the object a name")
    elif not isinstance(name, str) or not name:
        yield Fault(("metadata", "name"), _missing_or_wrong("metadata.name", name), "give the object a name, as text")
    elif not _is_name(manifest, name):
        fix = "use lower-case letters, digits, '-' and '.', at most 253 of them"
        yield Fault(("metadata", "name"), f"metadata.name {name!r} is not a valid name", fix)


def _is_name(manifest: dict[str, Any], name: str) -> bool:
    group = str(manifest.get("apiVersion", "")).rpartition("/")[0]
    if len(name) > 253:
        return False
    if group == "rbac.authorization.k8s.io" or group.endswith("openshift.io") or manifest.get("kind") == "IPAddress":
        return name not in (".", "..") and not any(char in "/%" for char in name)
    return bool(_SUBDOMAIN.fullmatch(name))


def _text_map_faults(field: str, value: Any) -> Iterator[Fault]:
    if value is None:
        return
    if not isinstance(value, dict):
        yield Fault(("metadata", field), f"metadata.{field} is a {_type(value)}", "write it as a mapping of texts")
        return
    for key, item in value.items():
        if not isinstance(item, str):
            shown = "null" if item is None else str(item).lower() if isinstance(item, bool) else str(item)[:40]
            what = f"metadata.{field}.{key} is a {_type(item)}, but must be text"
            yield Fault(("metadata", field, key), what, f'write "{shown}"' if not isinstance(item, dict | list) else "")


def _missing_or_wrong(field: str, value: Any) -> str:
    return f"{field} is missing" if value in (None, "") else f"{field} is {str(value)[:60]!r}"


_NAMES = {
    dict: "mapping",
    list: "list",
    str: "text",
    bool: "boolean",
    int: "number",
    float: "number",
    type(None): "null",
}


def _type(value: Any) -> str:
    return _NAMES.get(type(value), type(value).__name__)
