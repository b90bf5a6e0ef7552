"""metadata.managedFields of the requests that do not apply."""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.api.core import Api
from reconciler.sandbox.kinds import Kind
from reconciler.sandbox.ssa.apply import track
from reconciler.sandbox.ssa.managers import ManagerId, Owned, read, write
from reconciler.sandbox.ssa.paths import NOTHING, Fields

Object = dict[str, Any]


def ignored_fields(kind: Kind, subresource: str) -> Fields:
    """The top-level fields that an endpoint does not write."""
    if subresource == "status":
        names = set(kind.schema.fields) - {"status"}
        return frozenset((f"f:{name}",) for name in names)
    return frozenset({("f:status",)}) if kind.has_status else NOTHING


def managed_after_update(
    api: Api, kind: Kind, old: Object, obj: Object, manager: str, subresource: str
) -> list[Object]:
    """The entries after a write by `manager`; times change only with the fields or the values.

    An object that lost its entries gets new ones only when somebody applies to it.
    """
    before = read(old.get("metadata", {}).get("managedFields", []))
    if old and not before:
        return []
    me = ManagerId(manager, "Update", kind.api_version, subresource)
    live = old or {"metadata": {}, "spec": {}, "status": {}}
    after = track(live, obj, kind.schema, before, me, ignored_fields(kind, subresource))
    if me in after and (me not in before or after[me].fields != before[me].fields or differs(old, obj)):
        after[me] = Owned(after[me].fields, api.timestamp())
    return write(after)


def owners_before_apply(kind: Kind, old: Object) -> dict[ManagerId, Owned]:
    """The managers that an applier finds; what an object without any says belongs to a manager of that name."""
    before = read(old["metadata"].get("managedFields", []))
    if before:
        return before
    me = ManagerId("before-first-apply", "Update", kind.api_version)
    return track({"metadata": {}, "spec": {}, "status": {}}, old, kind.schema, {}, me, ignored_fields(kind, ""))


def differs(old: Object, obj: Object) -> bool:
    return any(old.get(name) != value for name, value in obj.items() if name != "metadata")
