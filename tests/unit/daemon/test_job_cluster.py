from pathlib import Path

import pytest

from reconciler.daemon.job_cluster import job_cluster
from reconciler.errors import Transient, UserError
from reconciler.kube.objects import JOBS

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: jobs
contexts: [{name: jobs, context: {cluster: jobs, user: jobs}}]
clusters: [{name: jobs, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: jobs, user: {token: t}}]
"""


def test_jobs_run_in_our_own_cluster_unless_another_is_named() -> None:
    assert job_cluster({}, "test", lambda: True) is None


def test_only_who_holds_the_lease_writes_to_the_other_cluster(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(KUBECONFIG)
    cluster = job_cluster({"ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG": str(file)}, "test", lambda: False)
    assert cluster is not None
    with pytest.raises(Transient, match="lease"):
        cluster.create(JOBS, "shop", {"metadata": {"name": "a"}})


def test_a_kubeconfig_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "none")
    with pytest.raises(UserError, match=missing):
        job_cluster({"ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG": missing}, "test", lambda: True)
