"""What a field means when it is not set (spec rollouts §1.2-§1.4)."""

from __future__ import annotations

from reconciler.rollouts.model import RolloutSpec
from reconciler.rollouts.quantities import pods_of
from reconciler.rollouts.strategy_model import BlueGreen, Canary

REPLICAS = 1
REVISION_HISTORY_LIMIT = 10
PROGRESS_DEADLINE_SECONDS = 600
RUN_HISTORY_LIMIT = 5
SCALE_DOWN_DELAY_SECONDS = 30
ABORT_SCALE_DOWN_DELAY_SECONDS = 30
MAX_WEIGHT = 100
SURGE = UNAVAILABLE = "25%"


def replicas(spec: RolloutSpec) -> int:
    return REPLICAS if spec.replicas is None else spec.replicas


def revision_history_limit(spec: RolloutSpec) -> int:
    return REVISION_HISTORY_LIMIT if spec.revision_history_limit is None else spec.revision_history_limit


def progress_deadline_seconds(spec: RolloutSpec) -> int:
    return PROGRESS_DEADLINE_SECONDS if spec.progress_deadline_seconds is None else spec.progress_deadline_seconds


def max_weight(canary: Canary) -> int:
    routing = canary.traffic_routing
    return routing.max_traffic_weight or MAX_WEIGHT if routing else MAX_WEIGHT


def scale_down_delay_seconds(strategy: Canary | BlueGreen) -> int:
    """How long an old ReplicaSet keeps its pods after traffic left it; for a canary, only with traffic routing."""
    chosen = strategy.scale_down_delay_seconds
    return SCALE_DOWN_DELAY_SECONDS if chosen is None else chosen


def abort_scale_down_delay_seconds(strategy: Canary | BlueGreen) -> int:
    """As above for the new version of an aborted update; 0 keeps it."""
    chosen = strategy.abort_scale_down_delay_seconds
    return ABORT_SCALE_DOWN_DELAY_SECONDS if chosen is None else chosen


def surge(strategy: Canary | BlueGreen, total: int) -> int:
    """Pods above `total` that there may be for a while: a second version in blue-green, else as set (spec §3.1)."""
    if isinstance(strategy, BlueGreen):
        return total
    return pods_of(SURGE if strategy.max_surge is None else strategy.max_surge, total, round_up=True)


def unavailable(strategy: Canary | BlueGreen, total: int) -> int:
    """Pods below `total` that may be missing for a while; at least one when no surge is allowed (spec §3.1)."""
    chosen = UNAVAILABLE if strategy.max_unavailable is None else strategy.max_unavailable
    pods = pods_of(chosen, total, round_up=False)
    if pods <= 0 and surge(strategy, total) <= 0:
        pods = 1
    return min(pods, total)
