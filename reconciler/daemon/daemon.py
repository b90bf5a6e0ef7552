"""The daemon's life: built from settings, served from the first second, working while it holds the lease.

Two halves do the work: `applications.py` brings commits to the cluster, `delivery.py` drives Rollouts and judges them.
With `run --only rollouts` there is no first half.

Order of a start: web server (probes answer at once), watches, lease, engines. A stop goes the other way round. Engines
only ever run while the lease is held; when it is lost the process ends, and whoever gets it builds nothing anew: state
is in git and in the cluster. With shards every replica drives Rollouts, each its share (`kube/shards.py`); the lease is
then for Applications alone.
"""

from __future__ import annotations

import gc
import os
import threading
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.apps.delivery import Delivery
from reconciler.config.model import Settings
from reconciler.daemon.delivery import DeliveryHalf
from reconciler.daemon.guard import Everything
from reconciler.daemon.job_cluster import job_cluster
from reconciler.daemon.leadership import Leadership
from reconciler.errors import NotFound, Problem, Refused, Transient, UserError
from reconciler.http.client import HttpClient
from reconciler.kube import instances
from reconciler.kube.client import connect
from reconciler.kube.events import EventRecorder
from reconciler.kube.fence import Fence
from reconciler.kube.leases import Lease
from reconciler.kube.objects import NAMESPACES
from reconciler.kube.shards import Shards
from reconciler.outcomes.board import Board
from reconciler.runtime.clock import Clock
from reconciler.runtime.memory import give_back, share_arenas
from reconciler.telemetry import established, metrics
from reconciler.telemetry.log import logger
from reconciler.web.ports import Ports
from reconciler.web.server import WebServer

if TYPE_CHECKING:
    from reconciler.daemon.applications import ApplicationsHalf

USER_AGENT = f"reconciler/{__version__}"
LEASE_NAME = "reconciler"
IN_CLUSTER_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
READ_SECONDS = 0.05

log = logger(__name__)


class Daemon:
    """`start`, `stop`, and where it listens; everything else happens by itself."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, engine = settings, settings.rollouts
        self._stopping, self._working = threading.Event(), threading.Event()
        self._http = HttpClient(USER_AGENT)
        self._cluster = connect(settings.kubernetes.kubeconfig, settings.kubernetes.context, user_agent=USER_AGENT)
        self._cluster.observe(_count_request)
        self._namespace = _own_namespace(settings)
        self._events = EventRecorder(self._cluster, "rollouts-controller", clock)
        name, identity = instances.lease_name(LEASE_NAME, engine.instance_id), _identity()
        lease = Lease(self._cluster, self._namespace, name, identity, clock)
        self._cluster.fence(Fence(lease.held))
        self._jobs = job_cluster(os.environ, USER_AGENT, Fence(lease.held))
        self._shards: Shards | None = None
        if engine.shards:
            self._shards = Shards(self._cluster, self._namespace, name, identity, engine.shards, clock, self._moved)
            metrics.shards_held(lambda: len(self._shards.held()) if self._shards else 0)
        self._delivery = DeliveryHalf(
            self._cluster,
            clock,
            self._http,
            self._events,
            namespace=settings.kubernetes.watch_namespace or None,
            home=self._namespace,
            prometheus_url=settings.prometheus_url,
            share=self._shards or Everything(lease.held),
            instance_id=engine.instance_id,
            disabled_step_plugins=engine.disabled_step_plugins,
            jobs=self._jobs,
        )
        self._applications: ApplicationsHalf | None = None
        if not engine.only:
            from reconciler.daemon.applications import ApplicationsHalf  # with git: 15 MiB that the engine can spare

            self._applications = ApplicationsHalf(
                settings, self._cluster, clock, self._http, self._delivery, self._namespace
            )
        self._web = WebServer(settings.listen, self._ports())
        self._leadership = Leadership(lease, on_acquired=self._work, on_lost=self._rest)

    @property
    def url(self) -> str:
        """Where people reach the page: as configured, else the listener."""
        return self._settings.public_url.rstrip("/") or self._web.url

    def delivery(self, app: str) -> Delivery | None:
        """How an Application is doing now; None until it was looked at."""
        return self._applications.delivery(app) if self._applications else None

    def start(self) -> None:
        """Serves, watches, and works once it holds the lease.

        Raises `UserError` when it cannot listen, or when there is no namespace for its records.
        """
        self._require_namespace()
        share_arenas()
        self._web.start()
        self._events.start()
        self._delivery.watch()
        if self._shards:
            threading.Thread(target=self._share, name="sharing", daemon=True).start()
        if self._applications or not self._shards:
            self._leadership.start()
        log.info("started", url=self.url, applications=len(self._settings.applications), namespace=self._namespace)

    def stop(self) -> None:
        """Finishes the keys in work, gives the lease back and closes every connection."""
        self._stopping.set()
        if self._applications:
            self._applications.stop()
        self._delivery.stop()
        self._events.stop()
        self._leadership.stop()
        if self._shards:
            self._shards.stop()
        self._web.stop()
        self._cluster.close()
        if self._jobs:
            self._jobs.close()
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
        if not self._read():
            return
        if not self._shards:
            self._delivery.start()
        if self._applications:
            self._applications.start()
        self._working.set()
        log.info("leading")

    def _share(self) -> None:
        """Takes part in driving Rollouts, once what they depend on is known."""
        try:
            if not self._read() or not self._shards:
                return
            self._delivery.start()
            self._shards.start()
        except Exception:  # our bug: half a start must not look like a daemon that works
            log.exception("could not begin to work")
            os._exit(1)
        if not self._applications:
            self._working.set()

    def _read(self) -> bool:
        """Waits until all that decisions depend on has been listed; False when we are to stop before."""
        _spare_what_stays()
        while missing := self._delivery.missing():
            log.debug("not ready", why=missing)
            if self._stopping.wait(READ_SECONDS):
                return False
        if absent := self._delivery.absent():
            log.warning("the cluster does not serve these kinds: apply manifests/crds", kinds=", ".join(absent))
        give_back()  # the lists of everything were half of the memory that a start takes
        return True

    def _moved(self, shard: int) -> None:
        """A shard was gained or lost. What its Rollouts wait for was waited for by another replica until now."""
        shards = self._shards
        if shards:
            self._delivery.look_again(lambda key: shards.shard_of(key) == shard)

    def _rest(self) -> None:
        """Another replica may write from now on. What this one had in its hands is worth nothing: begin anew."""
        log.warning("lost the lease, ending")
        os._exit(1)

    def _ports(self) -> Ports:
        if self._applications:
            return self._applications.ports(self._missing)
        board = Board()
        self._delivery.on_progress(lambda namespace, name: board.touch(f"{namespace}/{name}"))
        shown = self._delivery.shown
        return Ports(
            board,
            rollouts=shown.all_progress,
            experiments=shown.experiments,
            runs=shown.runs_of,
            run=shown.run,
            rollout=shown.rollout,
            experiment=shown.experiment,
            ready=self._missing,
        )

    def _missing(self) -> str:
        """Why this process should not be asked yet: one that waits for the lease shows nothing and heeds no webhook."""
        return self._delivery.missing() or ("" if self._working.is_set() else "waiting for the lease")


def _count_request(verb: str, resource: str, code: int, seconds: float) -> None:
    metrics.observe_api_request(verb, resource, code, seconds)
    established.observe_api_request(verb, resource, code)


def _spare_what_stays() -> None:
    """Modules and their data live as long as we do: to look through them costs 60 ms of every full collection."""
    gc.collect()
    gc.freeze()


def _identity() -> str:
    return f"{os.uname().nodename}_{uuid.uuid4().hex[:8]}"


def _own_namespace(settings: Settings) -> str:
    """Where records and the lease are: as configured, the pod's own, else where the work is."""
    if settings.kubernetes.namespace:
        return settings.kubernetes.namespace
    if IN_CLUSTER_NAMESPACE.is_file():
        return IN_CLUSTER_NAMESPACE.read_text().strip()
    if settings.applications:
        return settings.applications[0].destination.namespace
    return settings.kubernetes.watch_namespace or "default"
