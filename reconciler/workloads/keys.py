"""Labels and annotations that are shared with other tools of the `argoproj.io` family (spec rollouts §1.8)."""

from __future__ import annotations

HASH = "rollouts-pod-template-hash"
DEADLINE = "scale-down-deadline"
MANAGED_BY = "argo-rollouts.argoproj.io/managed-by-rollouts"
REVISION = "rollout.argoproj.io/revision"
REVISION_HISTORY = "rollout.argoproj.io/revision-history"
DESIRED_REPLICAS = "rollout.argoproj.io/desired-replicas"
EPHEMERAL = "rollout.argoproj.io/ephemeral-metadata"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
NOTIFIED_PREFIX = "notified.notifications.argoproj.io"
WORKLOAD_GENERATION = "rollout.argoproj.io/workload-generation"
HANDED_OVER = "reconciler.dev/handed-over-to"
"""On a Deployment: the Rollout that took over all its pods, once."""
TAKES_OVER = "reconciler.dev/takes-over"
"""On a Rollout: the ReplicaSet of a Deployment that it waits for, until it owns it. It makes no pods meanwhile."""
HANDS_OVER = "reconciler.dev/hands-over-to"
"""On a Rollout: the Deployment that is getting its ReplicaSets. It does nothing meanwhile."""
GIVEN_BACK = "reconciler.dev/given-back-by"
"""On a Deployment that is getting the pods of a Rollout: which one."""
DEPLOYMENT_HASH = "pod-template-hash"
DEPLOYMENT_REVISION = "deployment.kubernetes.io/revision"
EXPERIMENT = "experiment.argoproj.io/name"
EXPERIMENT_SERVICES = "reconciler.dev/experiment-services"
"""On an object of a traffic router: names of the Services in its list that are there for an experiment, and only then.
Whoever applies the object from git leaves them alone."""
EXPERIMENT_TEMPLATE = "experiment.argoproj.io/template-name"

ROUTED_BY = "reconciler.dev/routed-by"
"""On a Rollout: the router that was told of its traffic, and the Services it was told of, as JSON."""
ABORTED_AT = "reconciler.dev/aborted-at"
"""On a ReplicaSet whose version was given up, until it is delivered after all: `undo` passes over it."""

NOT_COPIED = frozenset(
    {LAST_APPLIED, REVISION, REVISION_HISTORY, DESIRED_REPLICAS, WORKLOAD_GENERATION, TAKES_OVER, HANDS_OVER, ROUTED_BY}
) | {DEADLINE, ABORTED_AT, EPHEMERAL, EXPERIMENT, EXPERIMENT_TEMPLATE, DEPLOYMENT_REVISION}
"""Annotations of a Rollout that its ReplicaSets do not inherit: not its own, and not what is said of each of them."""
