"""`reconciler analysis logs`: measurements and the words of Jobs' containers, as lines."""

from __future__ import annotations

import time
from collections.abc import Iterator

from reconciler.analysis.model import JOB_NAME, JOB_NAMESPACE, AnalysisRun, Measurement
from reconciler.cli.analysis.reading import run_called
from reconciler.cli.analysis.view import lines
from reconciler.cli.printing import clean
from reconciler.cli.rollouts.watching import LOOK_SECONDS
from reconciler.errors import NotFound, ReconcilerError
from reconciler.kube.api import Cluster
from reconciler.kube.objects import PODS


def follow(cluster: Cluster, namespace: str, name: str, *, metric: str, tail: int, until_end: bool) -> Iterator[str]:
    """Each line once. With `until_end` it goes on, looking every second, until the run is complete."""
    said: set[str] = set()
    while True:
        run = run_called(cluster, namespace, name)
        ended = run.status.phase.complete
        for line in (*lines(run, metric), *(_job_lines(cluster, run, metric, tail) if ended or not until_end else ())):
            if line not in said:
                said.add(line)
                yield line
        if ended or not until_end:
            yield f"AnalysisRun {namespace}/{name}: {run.status.phase or 'not started'}" + _because(run)
            return
        time.sleep(LOOK_SECONDS)


def _because(run: AnalysisRun) -> str:
    return clean(f": {run.status.message}").plain if run.status.message else ""


def _job_lines(cluster: Cluster, run: AnalysisRun, metric: str, tail: int) -> Iterator[str]:
    for result in run.status.metric_results:
        for measurement in result.measurements if metric in ("", result.name) else ():
            yield from last_words(cluster, measurement, run.metadata.namespace, tail)


def last_words(cluster: Cluster, measurement: Measurement, namespace: str, tail: int) -> Iterator[str]:
    """The last lines of what the containers of a measurement's Job wrote; nothing for one without a Job."""
    job = measurement.metadata.get(JOB_NAME, "")
    if job:
        yield from _words(cluster, measurement.metadata.get(JOB_NAMESPACE) or namespace, job, tail)


def _words(cluster: Cluster, namespace: str, job: str, tail: int) -> Iterator[str]:
    """What the Job's pods wrote; why there is nothing to show is a line, too."""
    try:
        pods = cluster.list(PODS, namespace, label_selector=f"{JOB_NAME}={job}")
    except ReconcilerError as error:
        yield f"Job {namespace}/{job}: {error}"
        return
    if not pods:
        yield f"Job {namespace}/{job}: its pods are gone"
    for pod in pods:
        yield from _pod_words(cluster, namespace, pod["metadata"]["name"], tail)


def _pod_words(cluster: Cluster, namespace: str, pod: str, tail: int) -> Iterator[str]:
    try:
        text = cluster.pod_log(namespace, pod, tail_lines=tail)
    except NotFound:
        yield f"Pod {namespace}/{pod}: it is gone"
    except ReconcilerError as error:
        yield f"Pod {namespace}/{pod}: {error}"
    else:
        for number, line in enumerate(text.splitlines(), 1):
            yield clean(f"{pod}:{number}  {line}").plain
