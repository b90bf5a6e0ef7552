"""Why a workload does not become healthy: what its newest pod says (spec gitops §4.5).

A Deployment only knows that pods are missing; the pod knows that its image cannot be pulled. Pods are listed only while
a workload has been unhealthy for a while, by its own selector, and not often.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.apps.delivery import Health
from reconciler.apps.record import Key
from reconciler.errors import ReconcilerError
from reconciler.kube.api import Cluster, Object
from reconciler.kube.objects import PODS
from reconciler.sync.health.core import pod as pod_health
from reconciler.sync.health.model import condition, is_condition
from reconciler.sync.live import LiveObject

PATIENCE = timedelta(seconds=10)
"""How long a workload may be on its way before anybody asks why."""
LOOK_AGAIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Cause:
    """What was found for one workload; `since` is when it was first seen unhealthy, `text` is empty until known."""

    since: datetime
    looked_at: datetime | None = None
    text: str = ""

    @property
    def next_look(self) -> datetime:
        return self.looked_at + LOOK_AGAIN if self.looked_at else self.since + PATIENCE


def unhealthy(live: dict[Key, LiveObject]) -> dict[Key, LiveObject]:
    """Workloads with pods of their own that are not well."""
    bad = (Health.PROGRESSING, Health.DEGRADED)
    return {key: found for key, found in live.items() if found.selector and found.health in bad}


def look(cluster: Cluster, known: dict[Key, Cause], live: dict[Key, LiveObject], now: datetime) -> dict[Key, Cause]:
    """The causes by now. Asks for the pods of those workloads whose turn it is."""
    causes = {}
    for key, found in unhealthy(live).items():
        cause = known.get(key) or Cause(now)
        causes[key] = _asked(cluster, key, found, cause, now) if now >= cause.next_look else cause
    return causes


def _asked(cluster: Cluster, key: Key, found: LiveObject, cause: Cause, now: datetime) -> Cause:
    try:
        pods = cluster.list(PODS, key.namespace, label_selector=found.selector)
    except ReconcilerError:
        return Cause(cause.since, now, cause.text)  # only an explanation is missing
    return Cause(cause.since, now, why(pods))


def why(pods: Iterable[Object]) -> str:
    """What keeps the newest unready pod from running, in one line; "" when pods do not say."""
    unready = [pod for pod in pods if not is_condition(pod, "Ready", "True") and not _leaving(pod)]
    for pod in sorted(unready, key=lambda pod: str(pod["metadata"].get("creationTimestamp")), reverse=True):
        scheduled = condition(pod, "PodScheduled")
        if scheduled and scheduled.get("status") == "False":
            return f"pod {pod['metadata']['name']}: {scheduled.get('message') or 'cannot be scheduled'}"
        found = pod_health(pod)
        if found.health is Health.DEGRADED:
            return f"pod {pod['metadata']['name']}: {found.message}"
    return ""


def _leaving(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))
