"""What users of `kubectl argo rollouts`, and of kubectl, type out of habit, and what it is called here."""

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
    **{(verb, kind): f"reconciler analysis {verb}" for verb in ("get", "list", "terminate") for kind in _RUN},
    **{("create", kind): "reconciler analysis run" for kind in _RUN},
}
ALONE = {
    "create": "kubectl apply -f FILE, and for a run of a template: reconciler analysis run",
    "terminate": "reconciler analysis terminate RUN, or reconciler experiments terminate EXPERIMENT",
    "notifications": "commit statuses, and alerts on /metrics; nothing else is sent (docs/operations.md)",
    "lint": "reconciler lint PATH",
    "version": "reconciler --version",
    "completion": "reconciler --install-completion",
    "dashboard": "the page that `reconciler run` serves",
    "rollback": "reconciler rollouts undo NAME",
    "describe": "reconciler rollouts get NAME",
    "stop": "reconciler rollouts abort NAME",
    "scale": "kubectl scale rollout NAME --replicas N",
    "edit": "kubectl edit rollout NAME",
    "delete": "kubectl delete rollout NAME",
    "logs": "kubectl logs, and for an analysis: reconciler analysis logs RUN",
    "help": "reconciler rollouts --help",
}
"""Verbs of nothing here, each with what does the same."""


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
    if there := (told and ELSEWHERE.get((verb, kind))) or ALONE.get(verb):
        raise UserError(Problem(f"here that is: {there}"))
    return [verb, *rest] if told and verb in _WITH_KIND and kind in _ROLLOUT else args


class Group(TyperGroup):
    """The group of all verbs: who leaves `rollouts` out is told to put it in."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        rollouts = self.get_command(ctx, "rollouts")
        verbs = getattr(rollouts, "commands", {})
        if args[0] in verbs and self.get_command(ctx, args[0]) is None:
            raise UserError(Problem(f"here that is: {' '.join(('reconciler rollouts', *args))}"))
        return super().resolve_command(ctx, args)
