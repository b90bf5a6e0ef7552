"""The rollouts engine and a person with the command line, on any API server: the sandbox or a real one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from reconciler.analysis.catalog import Catalog, from_stores
from reconciler.analysis.model import decode_template
from reconciler.cli.rollouts import app
from reconciler.kube.client import connect
from reconciler.kube.events import EventRecorder
from reconciler.kube.informer import Informer
from reconciler.kube.objects import ANALYSIS_TEMPLATES, ROLLOUTS
from reconciler.kube.store import Store
from reconciler.rollouts import wiring
from reconciler.rollouts.controller import RolloutController
from reconciler.rollouts.step_plugins.caller import Caller
from reconciler.runtime.clock import SystemClock
from reconciler.runtime.loop import Engine
from reconciler.runtime.queue import WorkQueue
from tests.cluster.analysis_engine import a_metric

Json = dict[str, Any]


class Shop:
    """A Rollout named `shop` in a namespace, the engine that drives it, and `reconciler rollouts` to look and steer.

    The engine runs between `start` and `stop`; a test that has another drive it does not start it.
    """

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        self.kubeconfig, self.namespace, clock = kubeconfig, namespace, SystemClock()
        self.cluster = connect(str(kubeconfig), user_agent="reconciler/verbs-test")
        self.informers = {
            each.resource.kind: Informer(self.cluster, each.resource, each.decode, namespace=namespace, clock=clock)
            for each in self._watched()
        }
        queue, self.events = WorkQueue(clock), EventRecorder(self.cluster, "rollouts-controller", clock)
        stores = wiring.stores_of(lambda kind: self.informers[kind].store)
        wiring.subscribe(stores, queue.add)
        plugins = Caller(queue.add, clock)
        templates = self.informers[ANALYSIS_TEMPLATES.kind].store
        analyses = Catalog(from_stores(templates, Store(decode_template)))
        controller = RolloutController(self.cluster, stores, clock, self.events, analyses, plugins=plugins)
        self.engine = Engine("rollouts", controller.reconcile, queue, clock, threads=1)

    @staticmethod
    def _watched() -> tuple[wiring.Watched, ...]:
        return (*wiring.watched(), wiring.Watched(ANALYSIS_TEMPLATES, decode_template, optional=True))

    def start(self) -> None:
        self.events.start()
        for informer in self.informers.values():
            informer.start()
        for each in self._watched():
            assert each.optional or self.informers[each.resource.kind].wait_synced(20)
        self.engine.start()

    def stop(self) -> None:
        self.engine.stop()
        self.events.stop()
        for informer in self.informers.values():
            informer.stop()

    def create(self, steps: list[Json], *, annotations: dict[str, str] | None = None, **strategy: Any) -> None:
        labels = {"app": "shop"}
        containers = [{"name": "web", "image": "shop:1"}]
        spec = {
            "replicas": 4,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
            "strategy": strategy or {"canary": {"steps": steps}},
        }
        metadata = {"name": "shop", "annotations": annotations or {}}
        body = {"apiVersion": ROLLOUTS.api_version, "kind": ROLLOUTS.kind, "metadata": metadata, "spec": spec}
        self.cluster.create(ROLLOUTS, self.namespace, body)

    def measures(self, template: str, share_of_errors: float, **metric: Any) -> None:
        """What the AnalysisTemplate finds from now on."""
        query, condition = f"vector({share_of_errors})", "result[0] < 0.1"
        spec = {"metrics": [a_metric("errors", query, successCondition=condition, **metric)]}
        store = self.informers[ANALYSIS_TEMPLATES.kind].store
        if store.get(self.namespace, template):
            told = self.cluster.patch(ANALYSIS_TEMPLATES, self.namespace, template, {"spec": spec})
        else:
            body = {"apiVersion": ANALYSIS_TEMPLATES.api_version, "kind": ANALYSIS_TEMPLATES.kind}
            named = {**body, "metadata": {"name": template}, "spec": spec}
            told = self.cluster.create(ANALYSIS_TEMPLATES, self.namespace, named)
        store.put_answer(told)

    def run(self, *arguments: str) -> Result:
        """`reconciler rollouts …` in this namespace."""
        where = ("-n", self.namespace, "--kubeconfig", str(self.kubeconfig))
        return CliRunner().invoke(app, [*arguments, *where])

    def says(self, *arguments: str) -> str:
        """What a verb that works prints."""
        done = self.run(*arguments)
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output

    def stored(self) -> Json:
        return self.cluster.get(ROLLOUTS, self.namespace, "shop")

    def shown(self) -> Json:
        """The Rollout as `get -o json` has it."""
        overview: Json = json.loads(self.says("get", "shop", "-o", "json"))["overview"]["rollout"]
        return overview

    def reaches(self, phase: str, **expected: Any) -> None:
        """Wait until `get` shows the phase and other values."""
        wanted = {"phase": phase, **expected}
        until(lambda: wanted.items() <= self.shown().items(), lambda: f"{wanted}: {self.says('get', 'shop')}")


def until(holds: Callable[[], bool], otherwise: Callable[[], str], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(otherwise())
        time.sleep(0.1)
