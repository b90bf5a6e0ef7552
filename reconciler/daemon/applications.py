"""The GitOps half: repositories, the sync of Applications, and the statuses of their commits.

It works only in the leader, and only where Applications are configured; `run --only rollouts` goes without it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from reconciler.apps.delivery import Delivery
from reconciler.apps.repositories import Repositories, key_of
from reconciler.config.model import Repository, Settings
from reconciler.daemon.delivery import DeliveryHalf
from reconciler.daemon.engines import engine
from reconciler.daemon.forges import Forges
from reconciler.errors import NotFound, ReconcilerError
from reconciler.git.deadlines import ABANDONED
from reconciler.http.client import HttpClient
from reconciler.kube.api import Cluster
from reconciler.outcomes.board import Board
from reconciler.outcomes.controller import OutcomeController
from reconciler.outcomes.measure import Measures
from reconciler.outcomes.sender import StatusSender
from reconciler.outcomes.store import ConfigMapOutboxes
from reconciler.render.app import render
from reconciler.runtime.clock import Clock
from reconciler.runtime.queue import WorkQueue
from reconciler.runtime.timers import Timers
from reconciler.sync.controller import SyncController
from reconciler.telemetry import metrics
from reconciler.telemetry.log import logger
from reconciler.web.ports import CommitInfo, Ports

JITTER_SHARE = 0.2

log = logger(__name__)


class ApplicationsHalf:
    """Queues, controllers and workers from git to the commit status. `home` is the namespace of the records."""

    def __init__(
        self, settings: Settings, cluster: Cluster, clock: Clock, http: HttpClient, delivery: DeliveryHalf, home: str
    ) -> None:
        self._settings, self._cluster, self._clock, self._home = settings, cluster, clock, home
        self._heads: dict[str, str] = {}
        self._timers = Timers()
        self._queues = {name: WorkQueue(clock) for name in ("repository", "application", "outcome")}
        self._board, self._measures = Board(), Measures(clock.now)
        self._forges = Forges(settings.repositories, http.send, clock)
        metrics.git_abandoned(lambda: ABANDONED.running)
        self._repositories = Repositories(
            settings.repositories, _cache_dir(settings), clock, self._moved, self._forges.clone_token
        )
        self._delivery = delivery
        self._sync = self._synchroniser(delivery)
        delivery.on_progress(lambda namespace, name: self._sync.touch("argoproj.io", "Rollout", namespace, name))
        self._outcomes = self._statuses(http)
        reconciles = {
            "repository": self._repositories.refresh,
            "application": self._sync.reconcile,
            "outcome": self._outcomes.reconcile,
        }
        self._engines = [engine(name, act, self._queues[name], clock) for name, act in reconciles.items()]

    def delivery(self, app: str) -> Delivery | None:
        """How an Application is doing now; None until it was looked at."""
        return self._board.get(app)

    def ports(self, ready: Callable[[], str]) -> Ports:
        """What page, API and webhooks need."""
        shown = self._delivery.shown
        return Ports(
            deliveries=self._board,
            statuses=self._outcomes.statuses,
            commit=self._commit,
            runs=shown.runs_of,
            run=shown.run,
            rollout=shown.rollout,
            experiment=shown.experiment,
            hooks=self._forges.hooks(),
            on_push=lambda url, branch, sha: self._queues["repository"].add(key_of(url, branch)),
            ready=ready,
            now=self._clock.now,
        )

    def start(self) -> None:
        """Begins with what git and the cluster say now. Call it once we lead."""
        for each in self._engines:
            each.start()
        for repository in self._settings.repositories:
            self._poll(repository)
        for app in self._sync.names():
            self._queues["application"].add(app)

    def stop(self) -> None:
        """Finishes the keys in work."""
        self._timers.shutdown()
        for each in self._engines:
            each.stop()
        self._sync.stop()

    def _poll(self, repository: Repository) -> None:
        key, queue = key_of(repository.url, repository.branch), self._queues["repository"]
        queue.add(key)
        seconds = repository.poll_seconds
        self._timers.every(seconds, seconds * JITTER_SHARE, lambda: queue.add_unless_backing_off(key), f"poll {key}")

    def _synchroniser(self, delivery: DeliveryHalf) -> SyncController:
        return SyncController(
            self._settings.applications,
            self._cluster,
            self._home,
            self._repositories,
            render,
            self._clock,
            self._queues["application"].add,
            self._publish,
            progress=delivery.shown.progress,
            engine_owned=delivery.steers,
            watch_namespace=self._settings.kubernetes.watch_namespace or None,
        )

    def _statuses(self, http: HttpClient) -> OutcomeController:
        return OutcomeController(
            self._board,
            ConfigMapOutboxes(self._cluster, self._home),
            self._forges.target,
            StatusSender(http.send, self._clock),
            self._clock,
            public_url=self._settings.public_url,
            secrets=self._forges.secrets(),
            on_change=self._board.touch,
        )

    def _publish(self, app: str, delivery: Delivery) -> None:
        self._measures.observe(delivery)
        self._board.publish(delivery)
        self._queues["outcome"].add(app)

    def _moved(self, repository: Repository) -> None:
        """A branch moved, or reading it failed or works again: its Applications look, those concerned first."""
        state = self._repositories.state(repository.url, repository.branch)
        log.info("repository changed", repository=repository.url, head=state.head[:7], error=state.error)
        first = self._sync.affected(repository.url, self._changed(repository, state.head))
        others = [app.name for app in self._settings.applications if app.source.repo_url == repository.url]
        for name in dict.fromkeys([*first, *others]):
            self._queues["application"].add(name)

    def _changed(self, repository: Repository, head: str) -> frozenset[str] | None:
        """Paths that differ between the head that was known and the new one; None when that cannot be told."""
        key = key_of(repository.url, repository.branch)
        known, self._heads[key] = self._heads.get(key, ""), head
        if not known or not head:
            return None
        try:
            return self._repositories.changed_paths(repository.url, repository.branch, known, head)
        except ReconcilerError:
            return None

    def _commit(self, repo_url: str, sha: str) -> CommitInfo | None:
        for repository in self._settings.repositories:
            if repository.url == repo_url:
                return self._commit_of(repository, sha)
        return None

    def _commit_of(self, repository: Repository, sha: str) -> CommitInfo | None:
        try:
            found = self._repositories.commit(repository.url, repository.branch, sha)
        except NotFound:
            return None
        return CommitInfo(found.sha, found.subject, found.author, found.when)


def _cache_dir(settings: Settings) -> Path:
    """Mirrors may be lost at any time; without a configured place they go where the system keeps such things."""
    if settings.cache_dir:
        return Path(settings.cache_dir)
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "reconciler"
