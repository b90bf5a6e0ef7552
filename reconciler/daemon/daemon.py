"""The daemon's life: built from settings, served from the first second, working while it holds the lease.

Order of a start: web server (probes answer at once), watches, lease, engines. A stop goes the other way round. Engines
only ever run while the lease is held; when it is lost they stop, and a new lease builds nothing anew: state is in git
and in the cluster.
"""

from __future__ import annotations

import gc
import os
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from reconciler import __version__
from reconciler.apps.delivery import Delivery
from reconciler.apps.repositories import Repositories, key_of
from reconciler.config.model import Repository, Settings
from reconciler.daemon.delivery import DeliveryHalf
from reconciler.daemon.forges import Forges
from reconciler.daemon.leadership import Leadership
from reconciler.errors import NotFound, Problem, ReconcilerError, Refused, Transient, UserError
from reconciler.git.deadlines import ABANDONED
from reconciler.http.client import HttpClient
from reconciler.kube.client import connect
from reconciler.kube.events import EventRecorder
from reconciler.kube.leases import Lease
from reconciler.kube.objects import NAMESPACES
from reconciler.outcomes.board import Board
from reconciler.outcomes.controller import OutcomeController
from reconciler.outcomes.measure import Measures
from reconciler.outcomes.sender import StatusSender
from reconciler.outcomes.store import ConfigMapOutboxes
from reconciler.render.app import render
from reconciler.runtime.clock import Clock
from reconciler.runtime.loop import Engine
from reconciler.runtime.queue import WorkQueue
from reconciler.runtime.timers import Timers
from reconciler.sync.controller import SyncController
from reconciler.telemetry import metrics
from reconciler.telemetry.log import logger
from reconciler.web.ports import CommitInfo, Ports
from reconciler.web.server import WebServer

USER_AGENT = f"reconciler/{__version__}"
LEASE_NAME = "reconciler"
IN_CLUSTER_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
JITTER_SHARE = 0.2
READ_SECONDS = 0.05
THREADS = {"repository": 4, "application": 4, "rollout": 8, "analysis": 8, "outcome": 2}

log = logger(__name__)


class Daemon:
    """`start`, `stop`, and where it listens; everything else happens by itself."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._stopping, self._leading = threading.Event(), threading.Event()
        self._heads: dict[str, str] = {}
        self._timers = Timers()
        self._queues = {name: WorkQueue(clock) for name in THREADS}
        self._board, self._measures = Board(), Measures(clock.now)
        self._http = http = HttpClient(USER_AGENT)
        self._forges = Forges(settings.repositories, http.send, clock)
        self._cluster = connect(settings.kubernetes.kubeconfig, settings.kubernetes.context, user_agent=USER_AGENT)
        self._cluster.observe(metrics.observe_api_request)
        metrics.git_abandoned(lambda: ABANDONED.running)
        self._namespace = _own_namespace(settings)
        self._events = EventRecorder(self._cluster, "rollouts-controller", clock)
        self._repositories = Repositories(
            settings.repositories, _cache_dir(settings), clock, self._moved, self._forges.clone_token
        )
        self._half = DeliveryHalf(
            self._cluster,
            clock,
            http,
            self._events,
            namespace=settings.kubernetes.watch_namespace or None,
            home=self._namespace,
            prometheus_url=settings.prometheus_url,
            rollouts=self._queues["rollout"],
            runs=self._queues["analysis"],
        )
        self._sync = self._synchroniser()
        self._half.on_progress(lambda namespace, name: self._sync.touch("argoproj.io", "Rollout", namespace, name))
        self._web = WebServer(settings.listen, self._ports())
        self._outcomes = self._statuses(http)
        self._engines = self._all_engines()
        lease = Lease(self._cluster, self._namespace, LEASE_NAME, _identity(), clock)
        self._cluster.fence(lease.held)
        self._leadership = Leadership(lease, on_acquired=self._work, on_lost=self._rest)

    @property
    def url(self) -> str:
        """Where people reach the page: as configured, else the listener."""
        return self._settings.public_url.rstrip("/") or self._web.url

    def delivery(self, app: str) -> Delivery | None:
        """How an Application is doing now; None until it was looked at."""
        return self._board.get(app)

    def start(self) -> None:
        """Serves, watches, and works once it holds the lease.

        Raises `UserError` when it cannot listen, or when there is no namespace for its records.
        """
        self._require_namespace()
        self._web.start()
        self._events.start()
        self._half.start()
        self._leadership.start()
        log.info("started", url=self.url, applications=len(self._settings.applications), namespace=self._namespace)

    def stop(self) -> None:
        """Finishes the keys in work, gives the lease back and closes every connection."""
        self._stopping.set()
        self._timers.shutdown()
        for engine in self._engines:
            engine.stop()
        self._sync.stop()
        self._half.stop()
        self._events.stop()
        self._leadership.stop()
        self._web.stop()
        self._cluster.close()
        self._http.close()
        log.info("stopped")

    def _require_namespace(self) -> None:
        """Without it no lease could ever be had. A cluster that does not answer, or may not be asked, is waited for."""
        with suppress(Transient, Refused):
            try:
                self._cluster.get(NAMESPACES, None, self._namespace)
            except NotFound:
                fix = f"kubectl create namespace {self._namespace}"
                raise UserError(Problem(f"namespace {self._namespace} does not exist", fix)) from None

    def _work(self) -> None:
        """The lease is ours: begin with what git and the cluster say now, once that is known."""
        _spare_what_stays()
        while missing := self._half.missing():
            log.debug("not ready", why=missing)
            if self._stopping.wait(READ_SECONDS):
                return
        if absent := self._half.absent():
            log.warning("the cluster does not serve these kinds: apply manifests/crds", kinds=", ".join(absent))
        for engine in self._engines:
            engine.start()
        for repository in self._settings.repositories:
            self._poll(repository)
        for app in self._sync.names():
            self._queues["application"].add(app)
        self._leading.set()
        log.info("leading")

    def _rest(self) -> None:
        """Another replica may write from now on. What this one had in its hands is worth nothing: begin anew."""
        log.warning("lost the lease, ending")
        os._exit(1)

    def _poll(self, repository: Repository) -> None:
        key, queue = key_of(repository.url, repository.branch), self._queues["repository"]
        queue.add(key)
        seconds = repository.poll_seconds
        self._timers.every(seconds, seconds * JITTER_SHARE, lambda: queue.add_unless_backing_off(key), f"poll {key}")

    def _all_engines(self) -> list[Engine]:
        reconciles: dict[str, Callable[[str], datetime | None]] = {
            "repository": self._repositories.refresh,
            "application": self._sync.reconcile,
            "rollout": self._half.reconcile_rollout,
            "analysis": self._half.runs.reconcile,
            "outcome": self._outcomes.reconcile,
        }
        return [self._engine(name, reconcile) for name, reconcile in reconciles.items()]

    def _engine(self, name: str, reconcile: Callable[[str], datetime | None]) -> Engine:
        queue = self._queues[name]
        metrics.queue_depth(name, lambda: len(queue))

        def report(engine: str, key: str, outcome: str, seconds: float) -> None:
            metrics.reconcile_finished(engine, outcome, seconds)
            if engine == "repository":
                metrics.observe_git("fetch", outcome, seconds)

        return Engine(name, reconcile, queue, self._clock, THREADS[name], on_result=report)

    def _synchroniser(self) -> SyncController:
        return SyncController(
            self._settings.applications,
            self._cluster,
            self._namespace,
            self._repositories,
            render,
            self._clock,
            self._queues["application"].add,
            self._publish,
            progress=self._half.progress,
            engine_owned=self._half.steers,
            watch_namespace=self._settings.kubernetes.watch_namespace or None,
        )

    def _statuses(self, http: HttpClient) -> OutcomeController:
        return OutcomeController(
            self._board,
            ConfigMapOutboxes(self._cluster, self._namespace),
            self._forges.target,
            StatusSender(http.send, self._clock),
            self._clock,
            public_url=self._settings.public_url,
            secrets=self._forges.secrets(),
            on_change=self._board.touch,
        )

    def _ports(self) -> Ports:
        return Ports(
            deliveries=self._board,
            statuses=lambda app: self._outcomes.statuses(app),
            commit=self._commit,
            hooks=self._forges.hooks(),
            on_push=lambda url, branch, sha: self._queues["repository"].add(key_of(url, branch)),
            ready=self._missing,
            now=self._clock.now,
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

    def _missing(self) -> str:
        """Why this process should not be asked yet: one that waits for the lease shows nothing and heeds no webhook."""
        return self._half.missing() or ("" if self._leading.is_set() else "waiting for the lease")

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


def _spare_what_stays() -> None:
    """Modules and their data live as long as we do: to look through them costs 60 ms of every full collection."""
    gc.collect()
    gc.freeze()


def _identity() -> str:
    return f"{os.uname().nodename}_{uuid.uuid4().hex[:8]}"


def _own_namespace(settings: Settings) -> str:
    """Where records and the lease are: as configured, the pod's own, else that of the first Application."""
    if settings.kubernetes.namespace:
        return settings.kubernetes.namespace
    if IN_CLUSTER_NAMESPACE.is_file():
        return IN_CLUSTER_NAMESPACE.read_text().strip()
    return settings.applications[0].destination.namespace if settings.applications else "default"


def _cache_dir(settings: Settings) -> Path:
    """Mirrors may be lost at any time; without a configured place they go where the system keeps such things."""
    if settings.cache_dir:
        return Path(settings.cache_dir)
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "reconciler"
