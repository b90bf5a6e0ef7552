"""Schemas of the built-in kinds, read from builtin.json (see scripts/generate_sandbox_schema.py)."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from reconciler.sandbox.schema.node import ANY, MISSING, OBJECT, Node

# Fields that the real server's types have by value: there as soon as their parent is, owned by nobody.
INLINE = frozenset(
    [
        "metadata",
        "spec",
        "status",
        "template",
        "strategy",
        "updateStrategy",
        "jobTemplate",
        "loadBalancer",
        "containers",
        "resources",
        "podSelector",
        "scaleTargetRef",
        "involvedObject",
        "source",
        "names",
    ]
)
# Defaults of the keys of associative lists: an item may leave them out (Kubernetes API reference).
KEY_DEFAULTS = {"core.v1.ContainerPort": {"protocol": "TCP"}, "core.v1.ServicePort": {"protocol": "TCP"}}


@cache
def types() -> dict[str, Any]:
    text = files("reconciler.sandbox.schema").joinpath("builtin.json").read_bytes()
    found: dict[str, Any] = json.loads(text)["types"]
    return found


@cache
def definition(name: str) -> Node:
    """The shared node of a named type; its fields are filled by `link`, so that cycles work."""
    return Node(kind=OBJECT)


@cache
def root(name: str) -> Node:
    """The schema of a named type, with everything that it refers to.

    Raises KeyError for a type that the data file does not have.
    """
    node = definition(name)
    if not node.fields:
        link(name, node)
    return node


def link(name: str, node: Node) -> None:
    facts = types()[name]
    node.required = tuple(facts.get("req", ()))
    node.atomic = bool(facts.get("atomic"))
    for field_name, inner in facts["p"].items():
        node.fields[field_name] = MISSING
        node.fields[field_name] = field_node(field_name, inner)
    for key, value in KEY_DEFAULTS.get(name, {}).items():
        node.fields[key].default = value


def field_node(name: str, facts: dict[str, Any]) -> Node:
    node = build(facts)
    if name in INLINE:
        node = variant(node) if node.kind == OBJECT else node
        node.inline = True
    return node


def build(facts: dict[str, Any]) -> Node:
    if "r" in facts:
        return referred(facts)
    node = Node(kind=facts["t"], preserve=facts["t"] == ANY)
    if "i" in facts:
        node.items = build(facts["i"])
    if "v" in facts:
        node.values = build(facts["v"])
    return refine(node, facts)


def referred(facts: dict[str, Any]) -> Node:
    node = root(facts["r"])
    return refine(variant(node), facts) if len(facts) > 1 else node


def variant(node: Node) -> Node:
    """The same type used with other list or map semantics; the fields stay shared."""
    return Node(kind=node.kind, fields=node.fields, required=node.required, atomic=node.atomic)


def refine(node: Node, facts: dict[str, Any]) -> Node:
    node.list_type = facts.get("list", node.list_type)
    node.keys = tuple(facts.get("keys", node.keys))
    node.atomic = bool(facts.get("atomic", node.atomic))
    node.merge_key = facts.get("merge", node.merge_key)
    node.strategy = tuple(facts.get("strategy", "").split(",")) if "strategy" in facts else node.strategy
    return node
