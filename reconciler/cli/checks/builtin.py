"""Rules of Kubernetes' own kinds beyond types: selectors that match nothing, Services without ports, and the like."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from reconciler.cli.checks import paths
from reconciler.cli.checks.item import Item
from reconciler.render.validate import Fault
from reconciler.sandbox.kinds import Kind
from reconciler.sandbox.rules.defaults import set_defaults
from reconciler.sandbox.rules.validation import RULES, name_problem
from reconciler.sandbox.schema.decode import WrongType, decoded


def faults(item: Item, kind: Kind) -> Iterator[Fault]:
    """Only for an object whose fields have the right types, with all that are required."""
    if wrong := name_problem(kind.kind, item.name):
        yield Fault(("metadata", "name"), f"metadata.name: {wrong.message}")
    rules = RULES.get(kind.kind)
    if kind.custom or rules is None:
        return
    try:
        whole = decoded(copy.deepcopy(item.manifest), kind.schema, "", [])
    except WrongType:
        return
    set_defaults(kind.kind, whole)
    for cause in rules(whole, None):
        yield Fault(paths.read(cause.field, item.manifest), f"{cause.field}: {cause.message}")
