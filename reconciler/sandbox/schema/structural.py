"""Structural schemas of CustomResourceDefinitions as nodes."""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.schema.builtin import root
from reconciler.sandbox.schema.node import ANY, MAP, MISSING, OBJECT, Node

RULES = [
    "type",
    "enum",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "multipleOf",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
]


def custom_root(schema: dict[str, Any]) -> Node:
    """The root of a custom resource: its schema with the fields that every object has."""
    node = from_schema(schema)
    node.kind = OBJECT
    node.fields |= {"apiVersion": Node("string"), "kind": Node("string"), "metadata": root("ObjectMeta")}
    metadata = root("ObjectMeta")
    node.fields["metadata"] = Node(kind=OBJECT, fields=metadata.fields, inline=True)
    return node


def from_schema(schema: dict[str, Any]) -> Node:
    node = Node(
        kind=kind_of(schema),
        fields={name: from_schema(inner) for name, inner in schema.get("properties", {}).items()},
        list_type=schema.get("x-kubernetes-list-type", "atomic"),
        keys=tuple(schema.get("x-kubernetes-list-map-keys", ())),
        atomic=schema.get("x-kubernetes-map-type") == "atomic",
        required=tuple(schema.get("required", ())),
        default=schema.get("default", MISSING),
        nullable=bool(schema.get("nullable")),
        preserve=bool(schema.get("x-kubernetes-preserve-unknown-fields")),
        embedded=bool(schema.get("x-kubernetes-embedded-resource")),
        rules={key: schema[key] for key in RULES if key in schema},
    )
    values = schema.get("additionalProperties")
    if values:
        node.values = from_schema(values) if isinstance(values, dict) else Node(ANY, preserve=True)
    if "items" in schema:
        node.items = from_schema(schema["items"])
    if node.embedded:
        node.fields.setdefault("apiVersion", Node("string"))
        node.fields.setdefault("kind", Node("string"))
        node.fields.setdefault("metadata", root("ObjectMeta"))
    return node


def kind_of(schema: dict[str, Any]) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "int-or-string"
    kind = str(schema.get("type", ANY))
    if kind == OBJECT and schema.get("additionalProperties") and not schema.get("properties"):
        return MAP
    return kind
