"""`reconciler analysis logs` of a run that measures with Jobs."""

from __future__ import annotations

from typing import Any, cast

import pytest

from reconciler.cli.analysis.following import follow
from reconciler.errors import NotFound
from reconciler.kube.api import Cluster, Object, Resource

RUN = {
    "metadata": {"name": "smoke", "namespace": "shop"},
    "spec": {"metrics": [{"name": "smoke"}]},
    "status": {
        "phase": "Successful",
        "metricResults": [
            {
                "name": "smoke",
                "measurements": [
                    {
                        "phase": "Successful",
                        "startedAt": "2026-01-01T00:00:00Z",
                        "metadata": {"job-name": "u.smoke.1", "job-namespace": "jobs"},
                    }
                ],
            }
        ],
    },
}


class Server:
    """Only what logs need of the port; pods by Job."""

    def __init__(self, pods: dict[str, dict[str, str]]) -> None:
        self._pods = pods

    def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        return RUN

    def list(self, resource: Resource, namespace: str | None, *, label_selector: str) -> list[Any]:
        assert namespace == "jobs"
        return [{"metadata": {"name": name}} for name in self._pods.get(label_selector.partition("=")[2], {})]

    def pod_log(self, namespace: str, name: str, *, tail_lines: int) -> str:
        text = next(pods[name] for pods in self._pods.values() if name in pods)
        if not text:
            raise NotFound("no such pod")
        return "\n".join(text.splitlines()[-tail_lines:])


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        ({"u.smoke.1": {"p": "one\ntwo\x1b[2J"}}, ["p:1  one", "p:2  two\ufffd[2J"]),
        ({"u.smoke.1": {"p": ""}}, ["Pod jobs/p: it is gone"]),
        ({}, ["Job jobs/u.smoke.1: its pods are gone"]),
    ],
    ids=["what containers wrote, without what a terminal would obey", "a pod that is gone", "no pods"],
)
def test_logs_of_a_job_metric_have_what_its_pods_wrote(pods: dict[str, dict[str, str]], expected: list[str]) -> None:
    cluster = cast(Cluster, Server(pods))
    lines = list(follow(cluster, "shop", "smoke", metric="", tail=200, until_end=False))
    assert lines[1:-1] == expected
    assert lines[-1] == "AnalysisRun shop/smoke: Successful"
