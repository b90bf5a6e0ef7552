"""The AnalysisRun that somebody starts by hand, as the object to create. Pure."""

from __future__ import annotations

import msgspec

from reconciler.cli.analysis.templates import Measured
from reconciler.kube import instances
from reconciler.kube.api import Object
from reconciler.kube.objects import ANALYSIS_RUNS


def body(template: str, measured: Measured, namespace: str, name: str = "", instance_id: str = "") -> Object:
    """Named `name`, or by the server after the template."""
    metadata: Object = {"namespace": namespace}
    metadata |= {"name": name} if name else {"generateName": f"{template}-"}
    if measured.annotations:
        metadata["annotations"] = dict(measured.annotations)
    if instance_id:
        metadata["labels"] = {instances.LABEL: instance_id}
    return {
        "apiVersion": ANALYSIS_RUNS.api_version,
        "kind": ANALYSIS_RUNS.kind,
        "metadata": metadata,
        "spec": msgspec.to_builtins(measured.spec),
    }
