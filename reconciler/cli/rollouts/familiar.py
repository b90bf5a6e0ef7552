"""What users of `kubectl argo rollouts` type out of habit: `get rollout shop`, `list rollouts`."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

_KIND = ("rollout", "rollouts", "ro")
_WITH_KIND = ("get", "list", "retry")


class Familiar(TyperGroup):
    """A group whose verbs may name the kind before the name; it is always a Rollout."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, without_kind(args))


def without_kind(args: list[str]) -> list[str]:
    """`get rollout shop` → `get shop`; a Rollout that is called `rollout` can still be named alone."""
    verb, kind, *rest = [*args, "", ""][: max(2, len(args))]
    named = any(not each.startswith("-") for each in rest)
    return [verb, *rest] if verb in _WITH_KIND and kind in _KIND and (named or verb == "list") else args
