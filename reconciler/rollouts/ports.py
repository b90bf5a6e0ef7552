"""What the rollouts engine needs of its siblings, declared here and filled by the daemon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, Protocol

from reconciler.analysis.model import AnalysisRun, RolloutRunKind
from reconciler.kube.api import Object
from reconciler.kube.happenings import ObjectRef
from reconciler.rollouts.intents import CallStepPlugin
from reconciler.rollouts.step_plugins.contract import CallId, Result


class Analyses(Protocol):
    """Turns the `analysis` of a Rollout into AnalysisRuns. Pure over the templates that are known at the time."""

    def problems(self, namespace: str, analysis: Object, kind: RolloutRunKind) -> Sequence[str]:
        """What is wrong with the templates that it names: missing, cyclic, arguments without value; or nothing."""
        ...

    def build(
        self,
        *,
        rollout: Object,
        analysis: Object,
        kind: RolloutRunKind,
        step_index: int | None,
        stable_hash: str,
        latest_hash: str,
        revision: int,
    ) -> Object:
        """The AnalysisRun to create (spec rollouts §7.2). Raises UserError."""
        ...

    def settle(self, run: Object, existing: Callable[[str], AnalysisRun | None]) -> tuple[Object, bool]:
        """The run under a free name; True when an equal unfinished run exists and is to be used instead."""
        ...

    def resolve(
        self, *, rollout: Object, args: Sequence[Object], stable_hash: str, latest_hash: str
    ) -> Sequence[Object]:
        """Arguments with what they take from the Rollout filled in. Raises UserError."""
        ...


class NoAnalyses:
    """Where no analysis engine runs: every use of analysis is a problem that the user sees."""

    def problems(self, namespace: str, analysis: Object, kind: RolloutRunKind) -> Sequence[str]:
        return ("analysis is not available in this process",)

    def build(
        self,
        *,
        rollout: Object,
        analysis: Object,
        kind: RolloutRunKind,
        step_index: int | None,
        stable_hash: str,
        latest_hash: str,
        revision: int,
    ) -> Object:
        raise NotImplementedError

    def settle(self, run: Object, existing: Callable[[str], AnalysisRun | None]) -> tuple[Object, bool]:
        raise NotImplementedError

    def resolve(
        self, *, rollout: Object, args: Sequence[Object], stable_hash: str, latest_hash: str
    ) -> Sequence[Object]:
        raise NotImplementedError


class PluginAnswers(Protocol):
    """What is known of step plugins. Keys are `namespace/name` of a Rollout."""

    def standing(self, name: str) -> str:
        """Why a plugin cannot be called: `disabled`, or a sentence; empty when it can."""
        ...

    def answers(self, key: str, uid: str) -> Mapping[CallId, Result]:
        """What the plugins of a Rollout said."""
        ...


class StepPlugins(PluginAnswers, Protocol):
    """Calls step plugins in the background."""

    def taken(self, key: str, answers: Iterable[CallId]) -> None:
        """These answers are stored, and need not be kept."""
        ...

    def begin(self, key: str, uid: str, call: CallStepPlugin) -> None:
        """Makes the call, unless it is under way or answered. Returns at once; the answer wakes the Rollout up."""
        ...

    def forget(self, key: str) -> None:
        """The Rollout is gone, or another process drives it."""
        ...


class NoStepPlugins:
    """Where no step plugins are called."""

    def standing(self, name: str) -> str:
        return "step plugins are not available in this process"

    def answers(self, key: str, uid: str) -> Mapping[CallId, Result]:
        return {}

    def taken(self, key: str, answers: Iterable[CallId]) -> None:
        return

    def begin(self, key: str, uid: str, call: CallStepPlugin) -> None:
        raise NotImplementedError

    def forget(self, key: str) -> None:
        return


class Events(Protocol):
    """Where events go: recorded in the background, never lost silently. `kube.events.EventRecorder` is one."""

    def event(self, about: ObjectRef, type: Literal["Normal", "Warning"], reason: str, message: str) -> None:  # noqa: A002
        ...

    def at_rest(self, about: ObjectRef) -> None:
        """The object will not change for a while: what was told of it need not wait for more."""
        ...
