"""Runs the controllers: changes become keys, keys are reconciled one by one on the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable
from typing import Any

from reconciler.sandbox.api.core import Api
from reconciler.sandbox.controllers.daemon_sets import DaemonSets
from reconciler.sandbox.controllers.definitions import Definitions
from reconciler.sandbox.controllers.deployments import Deployments
from reconciler.sandbox.controllers.endpoints import Endpoints
from reconciler.sandbox.controllers.garbage import Garbage
from reconciler.sandbox.controllers.jobs import Jobs
from reconciler.sandbox.controllers.namespaces import Namespaces
from reconciler.sandbox.controllers.owned import Dependents
from reconciler.sandbox.controllers.pods import Pods
from reconciler.sandbox.controllers.replica_sets import ReplicaSets
from reconciler.sandbox.controllers.settings import Timing
from reconciler.sandbox.controllers.stateful_sets import StatefulSets
from reconciler.sandbox.controllers.work import Controller, Work
from reconciler.sandbox.problems import ApiProblem
from reconciler.sandbox.store import Change

RETRY_SECONDS = 0.05
BATCH = 20
Job = tuple[int, Hashable]
log = logging.getLogger(__name__)


class Runner:
    """`everything` off leaves only what belongs to the API itself: definitions, garbage, namespaces."""

    def __init__(self, api: Api, timing: Timing, *, everything: bool = True) -> None:
        self.api = api
        self.dependents = Dependents(api.store)
        work = Work(api, self.dependents, timing)
        self.controllers: list[Controller] = [Definitions(work), Garbage(work), Namespaces(work)]
        if everything:
            workloads: tuple[type[Any], ...] = (
                ReplicaSets,
                Deployments,
                StatefulSets,
                DaemonSets,
                Jobs,
                Pods,
                Endpoints,
            )
            self.controllers += [controller(work) for controller in workloads]
        self.waiting: dict[Job, None] = {}
        self.timers: dict[Job, asyncio.TimerHandle] = {}
        self.scheduled = False

    def start(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.api.store.listeners.append(self.changed)

    def stop(self) -> None:
        self.api.store.listeners.remove(self.changed)
        for timer in self.timers.values():
            timer.cancel()
        self.waiting.clear()

    def changed(self, change: Change) -> None:
        self.dependents.note(change)
        for number, controller in enumerate(self.controllers):
            for key in controller.keys(change):
                self.add((number, key))

    def add(self, job: Job) -> None:
        self.waiting[job] = None
        if not self.scheduled:
            self.scheduled = True
            self.loop.call_soon(self.work)

    def add_later(self, job: Job, seconds: float) -> None:
        if old := self.timers.pop(job, None):
            old.cancel()
        self.timers[job] = self.loop.call_later(seconds, self.due, job)

    def due(self, job: Job) -> None:
        self.timers.pop(job, None)
        self.add(job)

    def work(self) -> None:
        """A few keys, then requests get their turn."""
        self.scheduled = False
        for job in list(self.waiting)[:BATCH]:
            del self.waiting[job]
            self.reconcile(job)
        if self.waiting and not self.scheduled:
            self.scheduled = True
            self.loop.call_soon(self.work)

    def reconcile(self, job: Job) -> None:
        number, key = job
        try:
            again = self.controllers[number].reconcile(key)
        except ApiProblem as problem:
            log.debug("sandbox: %s %s: %s", type(self.controllers[number]).__name__, key, problem)
            again = RETRY_SECONDS
        except Exception:
            log.exception("sandbox: %s failed on %s", type(self.controllers[number]).__name__, key)
            again = 1.0
        if again is not None:
            self.add_later(job, max(again, 0.001))
