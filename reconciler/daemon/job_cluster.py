"""The cluster where Jobs of analyses run, when the environment names another one than ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.analysis.providers.job import OTHER_CLUSTER_VARIABLE
from reconciler.kube.client import HttpCluster, connect

IN_CLUSTER = "in-cluster"
"""Instead of a file: the account of our own pod."""


def job_cluster(environment: Mapping[str, str], user_agent: str, may_write: Callable[[], bool]) -> HttpCluster | None:
    """None: Jobs run where everything else does. Raises `UserError` when the kubeconfig cannot be used."""
    kubeconfig = environment.get(OTHER_CLUSTER_VARIABLE, "")
    if not kubeconfig:
        return None
    cluster = connect("" if kubeconfig == IN_CLUSTER else kubeconfig, user_agent=user_agent)
    cluster.fence(may_write)
    return cluster
