"""The shape of a value: what pruning, defaulting, validation, server-side apply and strategic merge all read.

Built-in kinds (builtin.json) and structural schemas of CustomResourceDefinitions become the same tree. Trees may be
cyclic, so nodes compare by identity and are filled after they are made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

OBJECT, MAP, ARRAY, ANY = "object", "map", "array", "any"
MISSING: Any = object()


@dataclass(eq=False, slots=True)
class Node:
    """`kind` is object, map, array, any, string, integer, number, boolean, int-or-string or quantity.

    `list_type` is atomic, set or map (with `keys`); `strategy` and `merge_key` are those of strategic merge patches;
    `rules` holds the JSON-schema keywords to validate (custom resources); `inline` marks structs that the real server
    always has, so that no manager owns the struct itself.
    """

    kind: str = ANY
    fields: dict[str, Node] = field(default_factory=dict)
    values: Node | None = None
    items: Node | None = None
    list_type: str = "atomic"
    keys: tuple[str, ...] = ()
    atomic: bool = False
    merge_key: str = ""
    strategy: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    default: Any = MISSING
    nullable: bool = False
    preserve: bool = False
    inline: bool = False
    embedded: bool = False
    rules: dict[str, Any] = field(default_factory=dict)

    def child(self, name: str) -> Node:
        """The node of a field or key; ANYTHING where the schema does not say."""
        return self.fields.get(name) or self.values or ANYTHING

    def item(self) -> Node:
        return self.items or ANYTHING

    def knows(self, name: str) -> bool:
        return name in self.fields or self.values is not None or self.preserve or self.kind == ANY

    @property
    def granular_list(self) -> bool:
        return self.kind == ARRAY and self.list_type != "atomic"


ANYTHING = Node(kind=ANY, preserve=True)
