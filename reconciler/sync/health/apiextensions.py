"""Health of CustomResourceDefinitions (spec gitops §4.2)."""

from __future__ import annotations

from reconciler.sync.health.model import (
    HEALTHY,
    Assessment,
    JsonObject,
    condition,
    condition_text,
    degraded,
    is_condition,
    progressing,
)


def custom_resource_definition(obj: JsonObject) -> Assessment:
    if is_condition(obj, "NamesAccepted", "False"):
        return degraded(condition_text(condition(obj, "NamesAccepted")))
    if is_condition(obj, "NonStructuralSchema", "True"):
        return degraded(condition_text(condition(obj, "NonStructuralSchema")), terminal=True)
    return HEALTHY if is_condition(obj, "Established", "True") else progressing("is not served yet")
