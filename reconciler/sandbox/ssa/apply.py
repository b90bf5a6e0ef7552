"""The two ways in which fields get owners: applying a configuration, and any other write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.schema.node import Node
from reconciler.sandbox.ssa.fields import changes, fields_of, with_named_parents, without_below
from reconciler.sandbox.ssa.managers import ManagerId, Managers, Owned, minus
from reconciler.sandbox.ssa.merge import merged, without
from reconciler.sandbox.ssa.paths import NOTHING, Fields, Path, shown

# Fields of metadata that the server writes; nobody owns them.
SYSTEM: Fields = frozenset(
    {("f:apiVersion",), ("f:kind",), ("f:metadata",)}
    | {
        ("f:metadata", f"f:{name}")
        for name in (
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "generation",
            "managedFields",
            "resourceVersion",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
        )
    }
)


@dataclass(frozen=True)
class Conflict:
    manager: ManagerId
    time: str
    path: Path

    @property
    def who(self) -> str:
        """`conflict with "m" with subresource "status" using v1`; appliers are named without a version."""
        name = f'"{self.manager.name}"'
        if self.manager.subresource:
            name += f' with subresource "{self.manager.subresource}"'
        return name if self.manager.applies else f"{name} using {self.manager.api_version}"

    @property
    def field(self) -> str:
        return shown(self.path)


class Conflicts(Exception):
    def __init__(self, conflicts: list[Conflict]) -> None:
        self.conflicts = conflicts
        super().__init__(self.message())

    def message(self) -> str:
        if len(self.conflicts) == 1:
            only = self.conflicts[0]
            return f"Apply failed with 1 conflict: conflict with {only.who}: {only.field}"
        lines = [f"Apply failed with {len(self.conflicts)} conflicts:"]
        previous = ""
        for conflict in self.conflicts:
            if conflict.who != previous:
                lines.append(f"conflicts with {conflict.who}:")
                previous = conflict.who
            lines.append(f"- {conflict.field}")
        return f"{lines[0]} " + "\n".join(lines[1:])


def stated(config: Any, node: Node, ignored: Fields) -> Fields:
    """The fields that an applier takes on with this configuration."""
    return without_below(fields_of(config, node) - SYSTEM, ignored)


def apply(
    live: Any, config: Any, node: Node, managers: Managers, me: ManagerId, *, force: bool, ignored: Fields = NOTHING
) -> tuple[Any, dict[ManagerId, Owned]]:
    """The object and its managers after `me` applied `config`.

    `ignored` are fields that this endpoint does not write (the status beside the spec). Raises Conflicts when others
    own a field with another value and `force` is off.
    """
    before = managers.get(me, Owned(NOTHING))
    after = {**managers, me: Owned(stated(config, node, ignored), before.time)}
    result = given_up(merged(live, config, node), before.fields, after, node)
    change = changes(live, result, node)
    touched = without_below(change.modified | change.added, ignored)
    conflicts = found_conflicts(after, me, touched)
    if conflicts and not force:
        raise Conflicts(conflicts)
    after = minus(after, frozenset(conflict.path for conflict in conflicts) | change.removed, me)
    return result, after


def given_up(value: Any, before: Fields, after: Managers, node: Node) -> Any:
    """Remove what the applier stated last time, states no longer, and nobody else owns."""
    if not before:
        return value
    owned: Fields = frozenset().union(*(owner.fields for owner in after.values()))
    dropped = with_named_parents(before, node) - with_named_parents(owned, node)
    return without(value, dropped, node)


def found_conflicts(managers: Managers, me: ManagerId, touched: Fields) -> list[Conflict]:
    return [
        Conflict(who, owned.time, path)
        for who, owned in sorted(managers.items())
        if who != me
        for path in sorted(owned.fields & touched, key=nearest_first)
    ]


def nearest_first(path: Path) -> list[tuple[bool, str]]:
    """At every level, fields come before what is deeper."""
    return [(depth < len(path), element) for depth, element in enumerate(path, 1)]


def track(
    live: Any, new: Any, node: Node, managers: Managers, me: ManagerId, ignored: Fields
) -> dict[ManagerId, Owned]:
    """The managers after a create, update or patch by `me`: who changes a field owns it."""
    change = changes(live, new, node)
    touched = change.added | change.modified
    mine = managers.get(me, Owned(NOTHING))
    fields = without_below((mine.fields - change.removed) | (touched - SYSTEM), ignored)
    after = minus({**managers, me: Owned(fields, mine.time)}, touched | change.removed, me)
    return {who: owned for who, owned in after.items() if owned.fields}
