"""What the web server needs of the rest of the daemon; the composition root fills it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from reconciler.analysis.model import AnalysisRun
from reconciler.apps.delivery import Delivery, WorkloadProgress
from reconciler.outcomes.outbox import Entry


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


OnPush = Callable[[str, str, str], None]
"""`(configured repository URL, branch, announced sha or "")`: look at this branch now. Quick: it only enqueues."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Every function may be called from several threads. `ready` returns what is still missing, or nothing.

    `rollouts` is there where no Applications are served: the page shows these instead.
    `runs` gives the AnalysisRuns of a Rollout by its namespace and name, `run` one by its own.
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
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
