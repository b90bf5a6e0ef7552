"""What the rollouts engine would refuse about a Rollout by itself (spec rollouts §1.9), with places."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import orjson

from reconciler.cli.checks import paths
from reconciler.cli.checks.item import Item
from reconciler.render.validate import Fault
from reconciler.rollouts.model import Rollout, decode_rollout
from reconciler.rollouts.validation import problems
from reconciler.workloads.template_hash import hash_or_nothing

_STEPS = ("spec.strategy.steps", "spec.strategy.canary.steps")
"""How the engine's messages name steps, and where they are written."""


def decoded(item: Item) -> Rollout | None:
    """The Rollout as the engine reads it; None when not even its metadata can be read."""
    try:
        return decode_rollout(orjson.dumps(item.manifest))
    except msgspec.ValidationError:
        return None


def faults(item: Item) -> Iterator[Fault]:
    rollout = decoded(item)
    for text in problems(rollout, hash_or_nothing(rollout.spec.template or {})) if rollout else ():
        yield placed(item, text.replace(*_STEPS, 1) if text.startswith(_STEPS[0]) else text)


def placed(item: Item, text: str) -> Fault:
    """A message of the form `<field path>: <what>`."""
    return Fault(paths.read(text.partition(": ")[0], item.manifest), text)
