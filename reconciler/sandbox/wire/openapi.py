"""OpenAPI v3, as small as clients allow: which kinds there are, their fields, and that patches can be validated."""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.kinds import Kind
from reconciler.sandbox.registry import Registry
from reconciler.sandbox.schema.node import ARRAY, MAP, OBJECT, Node

Object = dict[str, Any]
DEPTH = 12
QUERY = ("dryRun", "fieldManager", "fieldValidation", "force")
PLAIN = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean"}


def index(registry: Registry) -> Object:
    paths = {"api/v1": {"serverRelativeURL": "/openapi/v3/api/v1"}}
    for group in registry.groups():
        for version in registry.versions(group):
            paths[f"apis/{group}/{version}"] = {"serverRelativeURL": f"/openapi/v3/apis/{group}/{version}"}
    return {"paths": paths}


def document(path: str, registry: Registry) -> Object | None:
    """The document of one group and version (`api/v1`, `apis/apps/v1`); None when it is not served."""
    parts = path.strip("/").split("/")
    group, version = ("", "v1") if parts == ["api", "v1"] else tuple(parts[1:]) if len(parts) == 3 else ("", "")
    kinds = list(registry.of_version(group, version))
    if not kinds:
        return None
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.0"},
        "paths": {name: item for kind in kinds for name, item in paths_of(kind).items()},
        "components": {"schemas": {schema_name(kind): schema_of(kind) for kind in kinds}},
    }


def group_version_kind(kind: Kind) -> Object:
    return {"group": kind.group, "version": kind.version, "kind": kind.kind}


def schema_name(kind: Kind) -> str:
    return ".".join(reversed((kind.group or "core").split("."))) + f".{kind.version}.{kind.kind}"


def paths_of(kind: Kind) -> Object:
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else "/api/v1"
    scope = "/namespaces/{namespace}" if kind.namespaced else ""
    collection = f"{root}{scope}/{kind.plural}"
    gvk = group_version_kind(kind)
    parameters = [{"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}} for name in QUERY]
    patch = {
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": gvk,
        "parameters": parameters,
        "responses": {},
    }
    post = {
        "x-kubernetes-action": "post",
        "x-kubernetes-group-version-kind": gvk,
        "parameters": parameters,
        "responses": {},
    }
    return {collection: {"post": post}, f"{collection}/{{name}}": {"patch": patch}}


def schema_of(kind: Kind) -> Object:
    found = described(kind.schema, DEPTH)
    return found | {"x-kubernetes-group-version-kind": [group_version_kind(kind)]}


def described(node: Node, depth: int) -> Object:
    """Nested in place, to a depth: the shapes are trees for every practical purpose."""
    if depth == 0 or node.kind not in (*PLAIN, OBJECT, MAP, ARRAY):
        return {"x-kubernetes-preserve-unknown-fields": True} if node.kind == "any" else {}
    if node.kind == ARRAY:
        return {"type": "array", "items": described(node.item(), depth - 1)} | list_facts(node)
    if node.kind == MAP:
        return {"type": "object", "additionalProperties": described(node.child(""), depth - 1)}
    if node.kind == OBJECT:
        properties = {name: described(child, depth - 1) for name, child in node.fields.items()}
        return {"type": "object", "properties": properties}
    return {"type": PLAIN[node.kind]}


def list_facts(node: Node) -> Object:
    found: Object = {"x-kubernetes-list-type": node.list_type}
    if node.keys:
        found["x-kubernetes-list-map-keys"] = list(node.keys)
    if node.strategy:
        found["x-kubernetes-patch-strategy"] = ",".join(node.strategy)
    if node.merge_key:
        found["x-kubernetes-patch-merge-key"] = node.merge_key
    return found
