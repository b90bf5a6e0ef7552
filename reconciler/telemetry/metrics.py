"""Every metric of the daemon, each declared once, in one registry of its own, with the prefix `reconciler_`.

Labels are bounded: applications are those of the configuration, which is read once; Rollouts come from git and
disappear with it (`forget_rollout`); all others are small fixed sets. There is no label for a commit, a pod, a URL or
a message.
"""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)

import reconciler

# They would double the series, and nothing asks for them.
disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
DELIVERY_BUCKETS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
GIT_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
HEALTHS = ("Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown")


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(name, text, labels, namespace="reconciler", registry=REGISTRY)


def _gauge(name: str, text: str, *labels: str) -> Gauge:
    return Gauge(name, text, labels, namespace="reconciler", registry=REGISTRY)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return Histogram(name, text, labels, namespace="reconciler", buckets=buckets, registry=REGISTRY)


ProcessCollector(registry=REGISTRY)
BUILD = Info("build", "Version of the daemon.", namespace="reconciler", registry=REGISTRY)
BUILD.info({"version": reconciler.__version__, "python": platform.python_version()})

APPLICATION = _gauge(
    "application_info",
    "One for the sync status and health that an application has now.",
    "application",
    "sync",
    "health",
)
OBJECTS = _gauge("application_objects", "Managed objects by health.", "application", "health")
DRIFTED = _gauge("application_drifted_objects", "Managed objects that differ from what git declares.", "application")
REPOSITORY_FAILING = _gauge(
    "application_repository_failing", "One while the application's repository cannot be read.", "application"
)
OPERATIONS = _counter("operations", "Operations that ended, by result.", "application", "result")
CHANGES = _counter("object_changes", "Objects created, updated and pruned by syncs.", "application", "action")
COMMIT_TO_APPLIED = _histogram(
    "commit_to_applied_seconds", "From first seeing a commit to having applied it.", DELIVERY_BUCKETS, "application"
)
COMMIT_TO_VERDICT = _histogram(
    "commit_to_verdict_seconds",
    "From first seeing a commit to its verdict.",
    DELIVERY_BUCKETS,
    "application",
    "verdict",
)
VERDICTS = _counter("verdicts", "Verdicts on commits.", "application", "verdict")

WEIGHT = _gauge("rollout_weight_percent", "Share of traffic that the newest version gets.", "application", "rollout")
STEP = _gauge("rollout_step", "Completed steps of the running update.", "application", "rollout")
STEPS = _gauge("rollout_steps", "Steps of the update strategy.", "application", "rollout")
ROLLOUTS = _counter("rollouts", "Updates of Rollouts that ended.", "application", "rollout", "result")
ANALYSIS_VERDICTS = _counter(
    "analysis_verdicts", "Metrics of analyses that got their verdict, by phase.", "application", "phase"
)

GIT_SECONDS = _histogram("git_operation_seconds", "Duration of git operations.", GIT_BUCKETS, "operation", "result")
GIT_ABANDONED = _gauge("git_abandoned_operations", "Git operations given up at their deadline that still run.")
API_SECONDS = _histogram(
    "api_request_seconds", "Duration of requests to the Kubernetes API.", REQUEST_BUCKETS, "verb", "resource", "code"
)
RECONCILE_SECONDS = _histogram(
    "reconcile_seconds", "Duration of one reconcile of one key.", REQUEST_BUCKETS, "engine", "outcome"
)
QUEUE_DEPTH = _gauge("queue_depth", "Keys that wait in a work queue.", "queue")
SHARDS_HELD = _gauge("shards_held", "Shards of the Rollouts that this replica works on; 0 without sharding.")
WEBHOOKS = _counter("webhooks", "Webhooks received, by forge and what became of them.", "forge", "result")
STATUS_POSTS = _counter("status_posts", "Commit statuses sent, by state and result.", "forge", "state", "result")
STATUS_OUTBOX = _gauge("status_outbox", "Commit statuses that wait to be sent.", "application")

_shown: dict[str, tuple[str, str]] = {}
_shown_lock = threading.Lock()


def application_state(app: str, sync: str, health: str) -> None:
    """Shows the state that an application has now, and takes back the one it had."""
    with _shown_lock:
        previous = _shown.get(app)
        _shown[app] = (sync, health)
        if previous and previous != (sync, health):
            APPLICATION.remove(app, *previous)
        APPLICATION.labels(app, sync, health).set(1)


def application_objects(app: str, by_health: dict[str, int]) -> None:
    for health in HEALTHS:
        OBJECTS.labels(app, health).set(by_health.get(health, 0))


def rollout_progress(app: str, rollout: str, weight: int | None, step: int | None, steps: int | None) -> None:
    """`rollout` is namespace/name."""
    for gauge, value in ((WEIGHT, weight), (STEP, step), (STEPS, steps)):
        gauge.labels(app, rollout).set(value or 0)


def forget_rollout(app: str, rollout: str) -> None:
    for metric in (WEIGHT, STEP, STEPS, ROLLOUTS):
        metric.remove_by_labels({"application": app, "rollout": rollout})


def status_posted(forge: str, state: str, result: str) -> None:
    """`result`: delivered, deferred or rejected."""
    STATUS_POSTS.labels(forge, state, result).inc()


def status_outbox(app: str, waiting: int) -> None:
    STATUS_OUTBOX.labels(app).set(waiting)


def webhook_received(forge: str, result: str) -> None:
    WEBHOOKS.labels(forge, result).inc()


def observe_git(operation: str, result: str, seconds: float) -> None:
    GIT_SECONDS.labels(operation, result).observe(seconds)


def git_abandoned(running: Callable[[], float]) -> None:
    """Reads how many abandoned git operations still run whenever metrics are asked for."""
    GIT_ABANDONED.set_function(running)


def observe_api_request(verb: str, resource: str, code: int | str, seconds: float) -> None:
    """`resource` is the plural name, `code` the HTTP status, or a word when there was no answer."""
    API_SECONDS.labels(verb, resource, str(code)).observe(seconds)


def reconcile_finished(engine: str, outcome: str, seconds: float) -> None:
    RECONCILE_SECONDS.labels(engine, outcome).observe(seconds)


def shards_held(held: Callable[[], float]) -> None:
    """Reads how many shards this replica has whenever metrics are asked for."""
    SHARDS_HELD.set_function(held)


def queue_depth(queue: str, depth: Callable[[], float]) -> None:
    """Reads the depth of a queue whenever metrics are asked for."""
    QUEUE_DEPTH.labels(queue).set_function(depth)
