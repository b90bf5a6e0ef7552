"""What users of `kubectl argo rollouts` type out of habit, and what it is called here."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

from reconciler.errors import Problem, UserError

_ROLLOUT = ("rollout", "rollouts", "ro")
_RUN = ("analysisrun", "analysisruns", "ar")
_EXPERIMENT = ("experiment", "experiments", "exp")
_WITH_KIND = ("get", "list", "retry")
ELSEWHERE = {
    **{(verb, kind): f"reconciler experiments {verb}" for verb in (*_WITH_KIND, "terminate") for kind in _EXPERIMENT},
    **{("terminate", kind): "reconciler analysis terminate" for kind in _RUN},
    **{("create", kind): "reconciler analysis run" for kind in _RUN},
}
_ALONE = {
    "lint": "reconciler lint PATH",
    "version": "reconciler --version",
    "completion": "reconciler --install-completion",
    "dashboard": "the page that `reconciler run` serves",
}


class Familiar(TyperGroup):
    """A group whose verbs may name the kind before the name, as in `get rollout shop`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, understood(args))


def understood(args: list[str]) -> list[str]:
    """`get rollout shop` → `get shop`; a Rollout that is called `rollout` can still be named alone.

    Raises `UserError` with the right words for what is done by another verb here.
    """
    verb, kind, *rest = [*args, "", ""][: max(2, len(args))]
    told = verb in ("list", "create") or any(not each.startswith("-") for each in rest)
    if there := _ALONE.get(verb) or (told and ELSEWHERE.get((verb, kind))):
        raise UserError(Problem(f"here that is: {there}"))
    return [verb, *rest] if told and verb in _WITH_KIND and kind in _ROLLOUT else args
