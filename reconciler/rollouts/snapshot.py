"""What a decision sees: one Rollout with everything around it, as it was at one instant.

`World` is immutable. `rollout.status` is what is stored; `status` starts equal and is carried from part to part of a
decision, each of which returns a world with a newer one. The parts read `status`, never `rollout.status`, except to
find out what is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import msgspec

from reconciler.analysis.model import AnalysisRun
from reconciler.experiments.model import Experiment
from reconciler.rollouts import defaults
from reconciler.rollouts.model import Rollout
from reconciler.rollouts.owned import Pod, Routed, Service, Workload
from reconciler.rollouts.ports import Analyses, NoAnalyses
from reconciler.rollouts.status import BlueGreenStatus, CanaryStatus, Destination, RolloutStatus, Weights
from reconciler.rollouts.step_model import Step
from reconciler.rollouts.step_plugins.contract import CallId, Result
from reconciler.rollouts.strategy_model import AntiAffinity, BlueGreen, Canary
from reconciler.workloads.replica_set import ReplicaSet


@dataclass(frozen=True)
class World:
    """`replica_sets` are those that the Rollout owns, oldest first.

    `rollout` has the template of its `workload`, where it names one.
    `template_hash` is computed; `new` is the ReplicaSet that stands for the template, whatever its hash label says.
    `foreign_name`: the name that a new ReplicaSet would get is taken by an object that is not ours. `experiments` are
    its own, and those of others that have a name of ours. `route`: how its traffic is routed, as its annotation says it
    once a router is told. `additional`: what a running one asks for of the traffic.
    `abort_cause`: why this decision aborts the update, when it is not a user who does. `routes_told`: this decision
    tells every router what it shall carry. `under_way`: how many Rollouts are being updated at this time, this one or
    not. `plugin_answers`: what step plugins said since the last decision; `plugin_standings`: why one of that name
    cannot be asked, empty when it can.
    """

    rollout: Rollout
    status: RolloutStatus
    template_hash: str
    step_hash: str
    steps: tuple[Step, ...] = ()
    new: ReplicaSet | None = None
    replica_sets: tuple[ReplicaSet, ...] = ()
    orphans: tuple[ReplicaSet, ...] = ()
    services: Mapping[str, Service] = field(default_factory=dict)
    managed_services: tuple[Service, ...] = ()
    routed: Mapping[tuple[str, str], Routed] = field(default_factory=dict)
    route: str = ""
    runs: Mapping[str, AnalysisRun] = field(default_factory=dict)
    experiments: Mapping[str, Experiment] = field(default_factory=dict)
    pods: tuple[Pod, ...] = ()
    workload: Workload | None = None
    foreign_name: bool = False
    additional: tuple[Destination, ...] = ()
    abort_cause: str = ""
    routes_told: bool = False
    plugin_answers: Mapping[CallId, Result] = field(default_factory=dict)
    plugin_standings: Mapping[str, str] = field(default_factory=dict)
    analyses: Analyses = field(default_factory=NoAnalyses)
    under_way: int = 1

    def with_status(self, **changes: Any) -> World:
        return replace(self, status=msgspec.structs.replace(self.status, **changes))

    def with_canary(self, **changes: Any) -> World:
        """Like `with_status`, for the fields of `status.canary`."""
        return self.with_status(canary=msgspec.structs.replace(self.canary_status, **changes))

    def with_blue_green(self, **changes: Any) -> World:
        """Like `with_status`, for the fields of `status.blueGreen`."""
        return self.with_status(blue_green=msgspec.structs.replace(self.blue_green_status, **changes))

    @property
    def strategy(self) -> Canary | BlueGreen:
        return self.rollout.spec.strategy.chosen

    @cached_property
    def canary(self) -> Canary:
        return self.rollout.spec.strategy.canary or Canary()

    @property
    def anti_affinity(self) -> AntiAffinity | None:
        return self.strategy.anti_affinity

    @property
    def is_blue_green(self) -> bool:
        return self.rollout.spec.strategy.blue_green is not None

    @cached_property
    def blue_green(self) -> BlueGreen:
        return self.rollout.spec.strategy.blue_green or BlueGreen()

    @property
    def blue_green_status(self) -> BlueGreenStatus:
        return self.status.blue_green or BlueGreenStatus()

    def selected(self, service: str) -> str:
        """The hash that a Service selects now; empty when it selects all versions, or is not there."""
        found = self.services.get(service)
        return found.hash if found else ""

    @property
    def active_hash(self) -> str:
        """Blue-green: the version that has the production traffic, as read and as switched by this decision."""
        return self.selected(self.blue_green.active_service)

    @cached_property
    def active(self) -> ReplicaSet | None:
        """None also while the active Service selects all versions, or one that is gone."""
        wanted = self.active_hash
        return next((rs for rs in self.replica_sets if wanted and rs.hash == wanted), None)

    @property
    def canary_status(self) -> CanaryStatus:
        return self.status.canary or CanaryStatus()

    @property
    def weights(self) -> Weights | None:
        """The split that routers were last told, by this decision or before."""
        return self.canary_status.weights

    @property
    def unconfirmed(self) -> bool:
        """A router has not confirmed the split yet: traffic may still go where it went before."""
        return self.routes_traffic and self.weights is not None and self.weights.verified is False

    @property
    def told_weights(self) -> Weights | None:
        """The split that routers were told before this decision began."""
        stored = self.rollout.status.canary
        return stored.weights if stored else None

    @property
    def canary_service(self) -> str:
        """The Service of the canary's side: with `pingPong` the one that is not stable now."""
        pair = self.canary.ping_pong
        if pair is None:
            return self.canary.canary_service
        return pair.pong_service if self.canary_status.stable_ping_pong == PING else pair.ping_service

    @property
    def stable_service(self) -> str:
        pair = self.canary.ping_pong
        if pair is None:
            return self.canary.stable_service
        return pair.ping_service if self.canary_status.stable_ping_pong == PING else pair.pong_service

    @property
    def replicas(self) -> int:
        return defaults.replicas(self.rollout.spec)

    @property
    def max_weight(self) -> int:
        return defaults.max_weight(self.canary)

    @property
    def routes_traffic(self) -> bool:
        return self.canary.traffic_routing is not None

    @property
    def splits_traffic(self) -> bool:
        """Whether a router has two versions with pods to choose from."""
        return self.routes_traffic and self.stable is not None and self.replicas > 0

    @property
    def dynamic(self) -> bool:
        return self.routes_traffic and self.canary.dynamic_stable_scale

    @property
    def pod_hash(self) -> str:
        """Hash of the version that is wanted now."""
        return self.new.hash if self.new else self.template_hash

    @cached_property
    def stable(self) -> ReplicaSet | None:
        """None also while the stable ReplicaSet named in status does not exist."""
        wanted = self.status.stable_rs
        return next((rs for rs in self.replica_sets if wanted and rs.hash == wanted), None)

    @property
    def older(self) -> tuple[ReplicaSet, ...]:
        return tuple(rs for rs in self.replica_sets if self.new is None or rs.name != self.new.name)

    @property
    def others(self) -> tuple[ReplicaSet, ...]:
        """Versions that are neither wanted now nor stable."""
        return tuple(rs for rs in self.older if rs is not self.stable)

    @property
    def promoted(self) -> bool:
        """Whether the version wanted now is the stable one."""
        return bool(self.status.stable_rs) and self.status.stable_rs == self.pod_hash

    @property
    def aborted(self) -> bool:
        return self.status.abort and not self.promoted

    @property
    def step_index(self) -> int:
        """Number of completed steps; a text-book index also where a client wrote nonsense."""
        return min(max(self.status.current_step_index or 0, 0), len(self.steps))

    @property
    def steps_done(self) -> bool:
        return self.step_index >= len(self.steps)

    @property
    def current_step(self) -> Step | None:
        return None if self.steps_done else self.steps[self.step_index]

    @property
    def last_index(self) -> int | None:
        """`currentStepIndex` of a finished update."""
        return len(self.steps) or None

    @property
    def revision(self) -> int:
        """Number of the version wanted now: one more than any other's, and never lowered (spec §2.4)."""
        newest = max((rs.revision for rs in self.older), default=0) + 1
        return max(newest, self.new.revision if self.new else 0)

    @cached_property
    def own_experiments(self) -> tuple[Experiment, ...]:
        uid = self.rollout.metadata.uid
        found = ((each, each.metadata.controller) for each in self.experiments.values())
        return tuple(each for each, owner in found if owner and owner.uid == uid)

    def run(self, name: str) -> AnalysisRun | None:
        return self.runs.get(name)

    @property
    def pause_reasons(self) -> tuple[str, ...]:
        return tuple(pause.reason for pause in self.status.pause_conditions or ())

    @property
    def inconclusive(self) -> bool:
        return INCONCLUSIVE in self.pause_reasons

    @property
    def scaling_event(self) -> bool:
        """Whether another number of replicas was asked for since the last sizing (spec §2.10)."""
        active = [rs for rs in (self.new, self.stable) if rs and rs.size > 0]
        return any(rs.sized_for is not None and rs.sized_for != self.replicas for rs in active)

    @property
    def halted(self) -> bool:
        """Whether ReplicaSets keep their sizes: paused by the user, or waiting for a person's verdict (spec §4.9)."""
        return (self.rollout.spec.paused or self.inconclusive) and not self.scaling_event


PING, PONG = "ping", "pong"
"""Which Service of `pingPong` is stable; at first neither is said, and pong is."""

STEP_PAUSE = "CanaryPauseStep"
BLUE_GREEN_PAUSE = "BlueGreenPause"
INCONCLUSIVE = "InconclusiveAnalysisRun"
