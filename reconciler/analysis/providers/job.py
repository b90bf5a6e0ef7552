"""A Kubernetes Job as measurement: its success or failure is the verdict (spec rollouts §7.6).

The Job's name follows from the run, the metric and the measurement's number. So whoever comes to a measurement again,
also after a crash between the creation and the status write, finds the same Job and goes on with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from reconciler.analysis.model import JOB_NAME, JOB_NAMESPACE, Phase
from reconciler.analysis.providers.contract import Concluded, Going, ProviderError, Surroundings, Undertaking
from reconciler.errors import AlreadyExists, NotFound, Transient
from reconciler.kube.api import Object
from reconciler.kube.objects import ANALYSIS_RUNS, JOBS, PODS

LONGEST_NAME = 63
NAMESPACE_VARIABLE = "ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE"
OTHER_CLUSTER_VARIABLE = "ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG"
"""A file; its cluster is connected where the process is composed."""

LABEL = "analysisrun.argoproj.io/uid"
IMAGE_TROUBLE = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName")
SHORTEST_WAIT = 1.0
"""Seconds between two looks at a Job that has only begun; the more time it takes, the longer they become. Its end is
seen at once where Jobs may be watched (`daemon/job_watch.py`)."""


def advance(config: Mapping[str, Any], now: datetime, around: Surroundings, mine: Undertaking) -> Going | Concluded:
    """Creates the Job if this is the beginning, and looks how it does. Raises ProviderError when it is gone.

    A begun Job is not given up, and a second one begun beside it, because the API server is away for a moment. Another
    cluster may be away for good.
    """
    try:
        return _looked_at(config, now, around, mine)
    except Transient:
        if mine.apart or not mine.metadata:
            raise
        return Going(_wait(now, mine), mine.metadata)


def _looked_at(config: Mapping[str, Any], now: datetime, around: Surroundings, mine: Undertaking) -> Going | Concluded:
    name, namespace = job_name(mine), _namespace(around, mine)
    metadata = {JOB_NAME: name, JOB_NAMESPACE: namespace}
    job = _found(name, namespace, mine) or _begun(config, name, namespace, mine)
    concluded = _verdict(job, metadata)
    if concluded is not None:
        return concluded
    pods = mine.cluster.list(PODS, namespace, label_selector=f"job-name={name}")
    trouble = image_trouble(pods)
    return Concluded(Phase.INCONCLUSIVE, trouble, metadata) if trouble else Going(_wait(now, mine), metadata)


def _wait(now: datetime, mine: Undertaking) -> timedelta:
    elapsed = max((now - mine.begun).total_seconds(), 0.0) if mine.begun is not None else 0.0
    return timedelta(seconds=max(math.sqrt(2 * elapsed), SHORTEST_WAIT))


def terminate(mine: Undertaking) -> Concluded:
    """Deletes the Job; the server keeps it until its pods are gone. One that is gone already is no error."""
    _delete(mine.metadata.get(JOB_NAME, ""), mine.metadata.get(JOB_NAMESPACE, ""), mine)
    return Concluded(Phase.INCONCLUSIVE, "Metric Terminated", mine.metadata)


def _delete(name: str, namespace: str, mine: Undertaking) -> None:
    """Nothing happens to a Job that is not of this run."""
    with suppress(NotFound):
        job = mine.cluster.get(JOBS, namespace, name)
        if is_of(job, mine):
            mine.cluster.delete(JOBS, namespace, name, uid=job["metadata"]["uid"], propagation="Foreground")


def job_name(mine: Undertaking) -> str:
    """`RUN-UID.METRIC.NUMBER`; the metric's name gives way where the whole is too long."""
    room = LONGEST_NAME - len(mine.uid) - len(str(mine.number)) - 2
    return f"{mine.uid}.{mine.metric[:room].rstrip('-.')}.{mine.number}"


def manifest(config: Mapping[str, Any], name: str, namespace: str, mine: Undertaking) -> Object:
    """The Job as it is created: the template's, labelled, and owned by the run unless it is in another place."""
    about: Mapping[str, Any] = config.get("metadata") or {}
    spec = dict(config.get("spec") or {})
    template = dict(spec.get("template") or {})
    inner = dict(template.get("metadata") or {})
    inner["labels"] = {**(inner.get("labels") or {}), LABEL: mine.uid}
    spec["template"] = {**template, "metadata": inner}
    origin = {"name": mine.run, "namespace": mine.namespace, "metric-name": mine.metric}
    annotations = {f"analysisrun.argoproj.io/{key}": text for key, text in origin.items()}
    metadata: Object = {
        "name": name,
        "namespace": namespace,
        "labels": {**(about.get("labels") or {}), LABEL: mine.uid},
        "annotations": {**(about.get("annotations") or {}), **annotations},
    }
    if namespace == mine.namespace and not mine.apart:
        metadata["ownerReferences"] = [_owner(mine)]
    return {"apiVersion": JOBS.api_version, "kind": JOBS.kind, "metadata": metadata, "spec": spec}


def image_trouble(pods: Iterable[Object]) -> str:
    """Which container cannot get its image, and why; empty when all can."""
    for pod in pods:
        status = pod.get("status") or {}
        for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
            waiting = (container.get("state") or {}).get("waiting") or {}
            if waiting.get("reason") in IMAGE_TROUBLE:
                return f'container "{container.get("name")}": {waiting["reason"]}: {waiting.get("message", "")}'
    return ""


def is_of(job: Object, mine: Undertaking) -> bool:
    """Whether the Job was created for this run."""
    return ((job.get("metadata") or {}).get("labels") or {}).get(LABEL) == mine.uid


def _namespace(around: Surroundings, mine: Undertaking) -> str:
    return mine.metadata.get(JOB_NAMESPACE) or around.environment.get(NAMESPACE_VARIABLE) or mine.namespace


def _found(name: str, namespace: str, mine: Undertaking) -> Object | None:
    """The measurement's Job; None when it is still to be created."""
    try:
        job = mine.cluster.get(JOBS, namespace, name)
    except NotFound:
        if mine.metadata.get(JOB_NAME):
            raise ProviderError(f"the Job {namespace}/{name} was deleted before it ended") from None
        return None
    return _checked(job, mine)


def _begun(config: Mapping[str, Any], name: str, namespace: str, mine: Undertaking) -> Object:
    """A new Job. The one whose measurement is not kept any more goes, as nobody could find it."""
    job = _created(manifest(config, name, namespace, mine), namespace, mine)
    if mine.number > mine.retention:
        _delete(job_name(replace(mine, number=mine.number - mine.retention)), namespace, mine)
    return job


def _created(body: Object, namespace: str, mine: Undertaking) -> Object:
    try:
        return mine.cluster.create(JOBS, namespace, body)
    except AlreadyExists:  # another replica was faster
        return _checked(mine.cluster.get(JOBS, namespace, body["metadata"]["name"]), mine)


def _checked(job: Object, mine: Undertaking) -> Object:
    if not is_of(job, mine):
        raise ProviderError(f"the Job {job['metadata']['name']} exists and was not created for this AnalysisRun")
    return job


def _verdict(job: Object, metadata: Mapping[str, str]) -> Concluded | None:
    for condition in (job.get("status") or {}).get("conditions") or ():
        if condition.get("status") == "True" and condition.get("type") == "Complete":
            return Concluded(Phase.SUCCESSFUL, "", metadata)
        if condition.get("status") == "True" and condition.get("type") == "Failed":
            return Concluded(Phase.FAILED, str(condition.get("message") or ""), metadata)
    return None


def _owner(mine: Undertaking) -> Object:
    return {
        "apiVersion": ANALYSIS_RUNS.api_version,
        "kind": ANALYSIS_RUNS.kind,
        "name": mine.run,
        "uid": mine.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
