"""Health of kinds without a rule: `observedGeneration` and the conditions that controllers commonly write (§4.4)."""

from __future__ import annotations

from reconciler.sync.health.model import (
    HEALTHY,
    UNOBSERVED,
    Assessment,
    JsonObject,
    condition,
    condition_text,
    degraded,
    is_condition,
    progressing,
    status_of,
    unobserved,
)


def by_conditions(obj: JsonObject) -> Assessment:
    """Ready=False may be any stage on the way, so it is Progressing; only Stalled says that it is stuck."""
    if status_of(obj).get("observedGeneration") is not None and unobserved(obj):
        return UNOBSERVED
    if is_condition(obj, "Stalled", "True"):
        return degraded(condition_text(condition(obj, "Stalled")))
    if is_condition(obj, "Reconciling", "True"):
        return progressing(condition_text(condition(obj, "Reconciling")))
    ready = condition(obj, "Ready")
    if ready is None or ready.get("status") == "True":
        return HEALTHY
    return progressing(condition_text(ready) or "is not ready yet")
