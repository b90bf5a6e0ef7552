"""Health of the Rollouts family, from status alone (spec gitops §4.3)."""

from __future__ import annotations

from reconciler.apps.delivery import Health
from reconciler.sync.health.model import (
    HEALTHY,
    UNOBSERVED,
    Assessment,
    JsonObject,
    condition,
    condition_text,
    degraded,
    progressing,
    spec_of,
    status_of,
    suspended,
)

PHASES = {
    "Healthy": Health.HEALTHY,
    "Paused": Health.SUSPENDED,
    "Progressing": Health.PROGRESSING,
    "Degraded": Health.DEGRADED,
}
RUN_PHASES = {
    "Successful": Health.HEALTHY,
    "Failed": Health.DEGRADED,
    "Error": Health.DEGRADED,
    "Inconclusive": Health.UNKNOWN,
}
WORKLOAD_GENERATION = "rollout.argoproj.io/workload-generation"


def rollout(obj: JsonObject) -> Assessment:
    """A Rollout aborted or past its deadline stays so until somebody acts: both are terminal."""
    if not _observed(obj):
        return UNOBSERVED
    status = status_of(obj)
    health = PHASES.get(status.get("phase") or "")
    if health is None:
        return _without_phase(obj)
    return Assessment(health, str(status.get("message") or ""), health is Health.DEGRADED and _is_final(obj))


def _observed(obj: JsonObject) -> bool:
    metadata, status = obj.get("metadata") or {}, status_of(obj)
    workload = (metadata.get("annotations") or {}).get(WORKLOAD_GENERATION)
    if spec_of(obj).get("workloadRef") and workload and workload != str(status.get("workloadObservedGeneration") or ""):
        return False
    return str(status.get("observedGeneration") or "") == str(metadata.get("generation") or "")


def _is_final(obj: JsonObject) -> bool:
    deadline = condition(obj, "Progressing") or {}
    exceeded = deadline.get("reason") in ("ProgressDeadlineExceeded", "RolloutAborted")
    return bool(status_of(obj).get("abort")) or exceeded or _is_invalid(obj)


def _is_invalid(obj: JsonObject) -> bool:
    """Whether the spec itself is wrong. An object that it names may still be on its way, in the same commit even."""
    invalid = condition(obj, "InvalidSpec") or {}
    return invalid.get("status") == "True" and "not found" not in str(invalid.get("message") or "")


def _without_phase(obj: JsonObject) -> Assessment:
    """Objects written before `status.phase` existed: conditions, then pauses, then the sums."""
    if _is_final(obj):
        return degraded(condition_text(condition(obj, "InvalidSpec") or condition(obj, "Progressing")), terminal=True)
    if spec_of(obj).get("paused") or status_of(obj).get("pauseConditions"):
        return suspended("is paused")
    status = status_of(obj)
    desired = int(spec_of(obj).get("replicas") or 0)
    updated, available = int(status.get("updatedReplicas") or 0), int(status.get("availableReplicas") or 0)
    if updated >= desired and available >= desired and int(status.get("replicas") or 0) == updated:
        return HEALTHY
    return progressing(f"{updated} of {desired} pods are updated")


def analysis_run(obj: JsonObject) -> Assessment:
    status = status_of(obj)
    health = RUN_PHASES.get(status.get("phase") or "", Health.PROGRESSING)
    return Assessment(health, str(status.get("message") or ""), health is Health.DEGRADED)
