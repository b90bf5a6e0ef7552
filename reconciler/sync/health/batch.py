"""Health of the batch group: Job, CronJob (spec gitops §4.2)."""

from __future__ import annotations

from datetime import datetime

from reconciler.sync.health.model import (
    HEALTHY,
    Assessment,
    JsonObject,
    condition,
    condition_text,
    degraded,
    is_condition,
    progressing,
    spec_of,
    status_of,
    suspended,
)


def job(obj: JsonObject) -> Assessment:
    if is_condition(obj, "Failed", "True"):
        return degraded(condition_text(condition(obj, "Failed")), terminal=True)
    if is_condition(obj, "Complete", "True"):
        return HEALTHY
    if is_condition(obj, "Suspended", "True"):
        return suspended("is suspended")
    return progressing("is running")


def cron_job(obj: JsonObject) -> Assessment:
    """A suspended CronJob is as its owner wants it, so it is Healthy and holds no wave."""
    status = status_of(obj)
    scheduled, succeeded = _time(status.get("lastScheduleTime")), _time(status.get("lastSuccessfulTime"))
    if spec_of(obj).get("suspend") or scheduled is None or status.get("active"):
        return HEALTHY
    if succeeded is not None and succeeded < scheduled:
        return degraded("its last run did not succeed")
    return HEALTHY


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
