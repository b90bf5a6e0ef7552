"""Which commands would do something to a Rollout or an Experiment as it is now, ready to be pasted. Pure.

A verb is offered if it would send a patch: what is shown is decided by the very functions that the commands run.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.errors import UserError
from reconciler.experiments.model import Experiment
from reconciler.kube.objects import Meta
from reconciler.rollouts import verbs
from reconciler.rollouts.conditions import INVALID
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.verbs import Action


@dataclass(frozen=True, slots=True)
class Command:
    line: str
    effect: str


_VERBS: tuple[tuple[str, Callable[[Rollout], Action], str], ...] = (
    ("promote", verbs.promote, "ends the pause, or skips the step that runs"),
    ("promote --full", verbs.promote_full, "skips all steps, pauses and analyses that are left"),
    ("abort", verbs.abort, "gives the update up: traffic and pods go back to the stable version"),
    ("retry", verbs.retry, "begins the aborted update again"),
    ("resume", verbs.resume, "goes on where it was paused by hand"),
    ("pause", verbs.pause, "freezes pods and steps where they are"),
)


def for_rollout(rollout: Rollout, *, can_undo: bool) -> tuple[Command, ...]:
    """`can_undo`: a version other than the newest is kept. While the spec is refused only another spec acts."""
    refused = rollout.status.condition(INVALID) is not None
    offered = [(verb, effect) for verb, decide, effect in _VERBS if not refused and _acts(rollout, verb, decide)]
    if can_undo:
        offered.append(("undo", "brings back the version before, as a new revision"))
    if not refused:
        offered.append(("restart", "replaces all pods, a few at a time"))
    offered.append(("get --watch", "shows all this in a terminal"))
    return tuple(Command(_line("rollouts", verb, rollout.metadata), effect) for verb, effect in offered)


def for_experiment(experiment: Experiment) -> tuple[Command, ...]:
    over = experiment.status.phase.complete
    ends = ("terminate", "ends it: what was measured so far decides, and its pods go")
    offered = (
        ("retry", "runs it again from the start") if over else ends,
        ("get --watch", "shows it in a terminal"),
    )
    return tuple(Command(_line("experiments", verb, experiment.metadata), effect) for verb, effect in offered)


def _acts(rollout: Rollout, verb: str, decide: Callable[[Rollout], Action]) -> bool:
    """A pause by hand is offered only while something moves, an abort where there is a version to go back to."""
    if verb == "pause" and (verbs.settled(rollout) or rollout.status.abort):
        return False
    if verb == "abort" and not rollout.status.stable_rs:
        return False
    try:
        return bool(decide(rollout).patches)
    except UserError:
        return False


def _line(group: str, verb: str, meta: Meta) -> str:
    first, *options = verb.split()
    return shlex.join(["reconciler", group, first, meta.name, *options, "-n", meta.namespace])
