"""The forms in which an object can be asked for: as it is, as metadata only, as rows of a table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from reconciler.sandbox.kinds import Kind
from reconciler.sandbox.problems import ApiProblem
from reconciler.sandbox.wire.table import table

Object = dict[str, Any]


def media_types(accept: str) -> list[tuple[str, dict[str, str]]]:
    found = []
    for part in accept.split(","):
        kind, *parameters = [piece.strip() for piece in part.split(";")]
        found.append((kind, dict(parameter.partition("=")[::2] for parameter in parameters)))
    return found


def chosen(accept: str) -> str:
    """`""`, `Table` or `PartialObjectMetadata`. Raises 406 when nothing that we speak is accepted."""
    for kind, parameters in media_types(accept or "*/*"):
        if kind not in ("application/json", "*/*", "application/*", ""):
            continue
        wanted = parameters.get("as", "")
        if wanted in ("", "Table", "PartialObjectMetadata", "PartialObjectMetadataList"):
            return wanted.removesuffix("List")
    message = "only the following media types are accepted: application/json"
    raise ApiProblem(406, "NotAcceptable", message)


def one(shape: str, kind: Kind, obj: Object, now: datetime, include: str) -> Object:
    if shape == "Table":
        return table(kind, [obj], {"resourceVersion": obj["metadata"].get("resourceVersion", "")}, now, include)
    return partial(obj) if shape else obj


def many(shape: str, kind: Kind, items: list[Object], metadata: Object, now: datetime, include: str) -> Object:
    if shape == "Table":
        return table(kind, items, metadata, now, include)
    if shape:
        listed = [partial(obj) for obj in items]
        return {
            "kind": "PartialObjectMetadataList",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": metadata,
            "items": listed,
        }
    return {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata, "items": items}


def partial(obj: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
