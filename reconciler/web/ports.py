"""What the web server needs of the rest of the daemon; the composition root fills it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from reconciler.analysis.model import AnalysisRun
from reconciler.apps.delivery import Delivery, WorkloadProgress
from reconciler.experiments.model import Experiment
from reconciler.outcomes.outbox import Entry
from reconciler.rollouts.views.family import ExperimentFamily, Family
from reconciler.rollouts.views.happened import Event

T = TypeVar("T")


class Deliveries(Protocol):
    """The latest delivery of every Application, and news of changes. See `outcomes.board.Board`."""

    def all(self) -> tuple[Delivery, ...]: ...

    def get(self, app: str) -> Delivery | None: ...

    def subscribe(self, listener: Callable[[str], None]) -> Callable[[], None]: ...


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """What people recognise a commit by."""

    sha: str
    subject: str = ""
    author: str = ""
    when: datetime | None = None


@dataclass(frozen=True, slots=True)
class HookRepository:
    """A repository whose pushes matter. `forge_repo` is its OWNER/NAME at the forge, if known."""

    url: str
    branch: str
    secret: str = field(default="", repr=False)
    forge_repo: str = ""


@dataclass(frozen=True, slots=True)
class Looked(Generic[T]):
    """An object with what it owns and what was told of it. `trouble`: what could not be read, and why."""

    family: T
    events: tuple[Event, ...] = ()
    trouble: str = ""


OnPush = Callable[[str, str, str], None]
"""`(configured repository URL, branch, announced sha or "")`: look at this branch now. Quick: it only enqueues."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Every function may be called from several threads. `ready` returns what is still missing, or nothing.

    `rollouts` is there where no Applications are served: the page shows these instead.
    `experiments` are listed beside them. `runs` gives the AnalysisRuns of a Rollout by its namespace and name; `run`,
    `rollout` and `experiment` one by its own; the latter two may ask the cluster, and say nothing of what is unknown.
    """

    deliveries: Deliveries
    statuses: Callable[[str], tuple[Entry, ...]] = lambda app: ()
    commit: Callable[[str, str], CommitInfo | None] = lambda repo_url, sha: None
    runs: Callable[[str, str], Sequence[AnalysisRun]] = lambda namespace, rollout: ()
    run: Callable[[str, str], AnalysisRun | None] = lambda namespace, name: None
    hooks: tuple[HookRepository, ...] = ()
    on_push: OnPush = lambda repo_url, branch, sha: None
    ready: Callable[[], str] = lambda: ""
    rollouts: Callable[[], Iterable[WorkloadProgress]] | None = None
    experiments: Callable[[], Iterable[Experiment]] = lambda: ()
    rollout: Callable[[str, str], Looked[Family] | None] = lambda namespace, name: None
    experiment: Callable[[str, str], Looked[ExperimentFamily] | None] = lambda namespace, name: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
