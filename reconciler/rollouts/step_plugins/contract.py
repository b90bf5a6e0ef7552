"""What a step plugin is, and what it may answer (spec rollouts §4.11). `docs/plugins.md` explains it to its authors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

Operation = Literal["Run", "Abort", "Terminate"]
Phase = Literal["Running", "Successful", "Failed", "Error"]
PHASES: tuple[str, ...] = get_args(Phase)

ANSWER_WITHIN_SECONDS = 30
"""A call that takes longer counts as an Error. What takes time is begun, answered with Running, and asked for again."""


@dataclass(frozen=True, slots=True)
class Context:
    """`rollout` is a copy of the object; `status` is what the last answer said, None at first; `step` counts from 0."""

    rollout: dict[str, Any]
    step: int
    config: Any
    status: Any


@dataclass(frozen=True, slots=True)
class Result:
    """`status` is any JSON, given back with the next call. `requeue_after`: seconds until a step that runs is asked."""

    phase: Phase
    message: str = ""
    status: Any = None
    requeue_after: float | None = None


class StepPlugin(Protocol):
    """What an entry point of the group `reconciler.step_plugins` leads to: a module or any other object.

    All three may be called again for the same step, by another process too, and do then what is still to be done.
    """

    def run(self, context: Context) -> Result: ...

    def abort(self, context: Context) -> Result:
        """The update was given up: undo what `run` did. Called once for each step that ran, the last one first."""
        ...

    def terminate(self, context: Context) -> Result:
        """The update went on without waiting for `run`: end what it began."""
        ...


@dataclass(frozen=True, slots=True)
class CallId:
    """Tells one call of a Rollout's plugins from all others, also from those of an update before."""

    version: str
    index: int
    operation: str
    started_at: str
    execution: int
