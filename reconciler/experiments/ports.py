"""What the experiments engine needs of its siblings, declared here and filled by the daemon."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from reconciler.analysis.model import AnalysisRun, RolloutAnalysis
from reconciler.kube.api import Object
from reconciler.kube.happenings import ObjectRef


class Analyses(Protocol):
    """Turns the analyses of an Experiment into AnalysisRuns. Pure over the templates that are known at the time."""

    def template_problems(self, namespace: str, wanted: RolloutAnalysis) -> Sequence[str]:
        """What is wrong with the templates that it names: missing, cyclic, arguments without value; or nothing."""
        ...

    def build_owned(self, *, name: str, namespace: str, owner: Object, wanted: RolloutAnalysis) -> Object:
        """The AnalysisRun to create; `owner` is the reference to its controller. Raises UserError."""
        ...

    def settle(self, run: Object, existing: Callable[[str], AnalysisRun | None]) -> tuple[Object, bool]:
        """The run under a free name; True when an equal unfinished run exists and is to be used instead."""
        ...


class Events(Protocol):
    """Where events go: recorded in the background."""

    def event(self, about: ObjectRef, type: Literal["Normal", "Warning"], reason: str, message: str) -> None:  # noqa: A002
        ...
