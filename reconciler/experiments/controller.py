"""The engine's shell: read a snapshot, decide, carry out the intents in order, stop at the first that fails."""

from __future__ import annotations

from datetime import datetime

import msgspec

from reconciler.analysis.model import Phase
from reconciler.errors import Refused, UserError
from reconciler.experiments import templates
from reconciler.experiments.carry import Carrier
from reconciler.experiments.decide import decide, status_writes
from reconciler.experiments.intents import (
    CreateAnalysisRun,
    CreateReplicaSet,
    CreateService,
    Intent,
    PatchReplicaSet,
    RecordEvent,
)
from reconciler.experiments.model import AnalysisStatus, Experiment
from reconciler.experiments.ports import Analyses, Events
from reconciler.experiments.snapshot import World, observe
from reconciler.experiments.wiring import StoreReader, Stores
from reconciler.kube.api import Cluster
from reconciler.runtime.clock import Clock
from reconciler.telemetry.log import logger

log = logger(__name__)


class ExperimentController:
    """`reconcile` is what the work queue's loop calls. Keys are `namespace/name`."""

    def __init__(self, cluster: Cluster, stores: Stores, clock: Clock, events: Events, analyses: Analyses) -> None:
        self._cluster, self._stores, self._clock = cluster, stores, clock
        self._events, self._analyses = events, analyses
        self._reader = StoreReader(stores)

    def reconcile(self, key: str) -> datetime | None:
        """One decision, carried out. Returns when time alone would change it; raises the taxonomy of `errors.py`."""
        namespace, _, name = key.partition("/")
        experiment = self._stores.experiments.get(namespace, name)
        if experiment is None:
            return None
        world = observe(experiment, self._reader, self._analyses)
        decision = decide(world, self._clock.now())
        self._carry_out(world, decision.intents)
        return decision.wake_at

    def _carry_out(self, world: World, intents: tuple[Intent, ...]) -> None:
        carrier = Carrier(self._cluster, self._stores, self._events, world.experiment)
        for intent in intents:
            try:
                carrier.carry_out(intent)
            except (UserError, Refused) as error:
                self._explain(carrier, world, intent, error)
                raise
        self._log(world.experiment, intents)

    def _explain(self, carrier: Carrier, world: World, intent: Intent, error: Exception) -> None:
        """A template or an analysis whose objects the API server does not accept ends the Experiment, and says why."""
        now, status = self._clock.now(), world.status
        match intent:
            case CreateReplicaSet(name) | CreateService(name) | PatchReplicaSet(name):
                statuses = [status.template(each.name) for each in world.spec.templates]
                refused = tuple(templates.failed(s, str(error), now) if s.name == name else s for s in statuses)
                ended = msgspec.structs.replace(status, template_statuses=refused)
            case CreateAnalysisRun(name):
                run = AnalysisStatus(name=name, phase=Phase.ERROR, message=str(error))
                ended = msgspec.structs.replace(status, analysis_runs=(*status.analysis_runs, run))
            case _:
                carrier.carry_out(RecordEvent("Warning", "ReconciliationError", str(error)))
                return
        for write in status_writes(status, ended):
            carrier.carry_out(write)

    def _log(self, experiment: Experiment, intents: tuple[Intent, ...]) -> None:
        said = [intent.message for intent in intents if isinstance(intent, RecordEvent) and not intent.to_owner]
        if said:
            meta = experiment.metadata
            log.info("; ".join(said), experiment=f"{meta.namespace}/{meta.name}")
