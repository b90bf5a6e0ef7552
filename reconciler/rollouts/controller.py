"""The engine's shell: read a snapshot, decide, carry out the intents in order, stop at the first that fails."""

from __future__ import annotations

import logging
from datetime import datetime

from reconciler.errors import Conflict, Refused, Transient, UserError
from reconciler.kube.api import Cluster
from reconciler.kube.objects import TRAEFIK_SERVICES, Meta
from reconciler.rollouts import refusal, services
from reconciler.rollouts.carry import Carrier
from reconciler.rollouts.decide import Decision, decide
from reconciler.rollouts.intents import (
    CallStepPlugin,
    CreateReplicaSet,
    CreateRouted,
    Intent,
    PatchRouted,
    RecordEvent,
    warning,
)
from reconciler.rollouts.lifecycle import Lifecycle, OnCompletion
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.observe import observe
from reconciler.rollouts.ports import Analyses, Events, NoStepPlugins, StepPlugins
from reconciler.rollouts.stores import StoreReader, Stores
from reconciler.runtime.clock import Clock

log = logging.getLogger(__name__)


class RolloutController:
    """`reconcile` is what the work queue's loop calls. Keys are `namespace/name`."""

    def __init__(
        self,
        cluster: Cluster,
        stores: Stores,
        clock: Clock,
        events: Events,
        analyses: Analyses,
        on_completion: OnCompletion = lambda meta, completion: None,
        plugins: StepPlugins | None = None,
    ) -> None:
        self._cluster, self._stores, self._clock = cluster, stores, clock
        self._events, self._analyses, self._plugins = events, analyses, plugins or NoStepPlugins()
        self._lifecycle = Lifecycle(stores.rollouts, events, on_completion)
        self._reader = StoreReader(stores, cluster)

    def reconcile(self, key: str) -> datetime | None:
        """One decision, carried out. Returns when time alone would change it; raises the taxonomy of `errors.py`."""
        namespace, _, name = key.partition("/")
        self._lifecycle.tell_end(key)
        rollout = self._stores.rollouts.get(namespace, name)
        if rollout is None:
            self._plugins.forget(key)
            self._let_go(namespace, name)
            return None
        world = observe(rollout, self._reader, self._analyses, self._plugins)
        decision = decide(world, self._clock.now())
        try:
            self._carry_out(rollout, decision)
        except Transient as error:
            error.wake_at = error.wake_at or decision.wake_at
            raise
        self._plugins.taken(key, world.plugin_answers)
        if decision.troubles:
            raise Transient(f"Rollout {key}: {'; '.join(decision.troubles)}", wake_at=decision.wake_at)
        return decision.wake_at

    def forget(self, key: str) -> None:
        """To be called with a key that another engine works on."""
        self._lifecycle.forget(key)
        self._plugins.forget(key)

    def _carry_out(self, rollout: Rollout, decision: Decision) -> None:
        carrier, failures = Carrier(self._cluster, self._stores, self._events, rollout), list[Exception]()
        for intent in decision.intents:
            to_router = isinstance(intent, CreateRouted | PatchRouted)
            if failures and not to_router:
                continue  # every router is told, nothing else is done before all have taken it
            try:
                self._do(carrier, rollout, intent)
            except (UserError, Refused, Transient, Conflict) as error:
                if isinstance(error, UserError | Refused):
                    self._explain(rollout, intent, error)
                if not to_router:
                    raise
                failures.append(error)
        if failures:
            raise failures[0] if len(failures) == 1 else Transient("; ".join(map(str, failures)))
        self._log(rollout, decision.intents)
        self._lifecycle.written(rollout, decision.wake_at)

    def _do(self, carrier: Carrier, rollout: Rollout, intent: Intent) -> None:
        if isinstance(intent, CallStepPlugin):
            meta = rollout.metadata
            self._plugins.begin(f"{meta.namespace}/{meta.name}", meta.uid, intent)
        else:
            carrier.carry_out(intent)

    def _explain(self, rollout: Rollout, intent: Intent, error: Exception) -> None:
        """A version that the API server does not accept, or traffic that we may not steer: the user has to know."""
        told: tuple[Intent, ...] = (warning("ReconciliationError", str(error)),)
        if isinstance(intent, CreateReplicaSet):
            name = intent.body["metadata"]["name"]
            told = refusal.creation_failed(rollout, name, str(error), self._clock.now())
        elif isinstance(intent, CreateRouted | PatchRouted):
            traefik = (warning("TraefikServiceUpdateError", str(error)),) if intent.resource == TRAEFIK_SERVICES else ()
            told = (*traefik, warning("TrafficRoutingError", str(error)))
        carrier = Carrier(self._cluster, self._stores, self._events, rollout)
        for write in told:
            carrier.carry_out(write)

    def _let_go(self, namespace: str, name: str) -> None:
        """A Rollout that is gone leaves its Services selecting all pods of the application again (spec §2.5)."""
        managed = self._reader.managed_services(namespace, name)
        gone = Rollout(metadata=Meta(name=name, namespace=namespace))
        carrier = Carrier(self._cluster, self._stores, self._events, gone)
        for intent in services.release(managed):
            try:
                carrier.carry_out(intent)
            except Conflict:
                log.info("Service %s changed meanwhile", intent)
                raise

    def _log(self, rollout: Rollout, intents: tuple[Intent, ...]) -> None:
        said = [intent.message for intent in intents if isinstance(intent, RecordEvent)]
        if said:
            fields = {"rollout": f"{rollout.metadata.namespace}/{rollout.metadata.name}"}
            log.info("%s", "; ".join(said), extra={"fields": fields})
