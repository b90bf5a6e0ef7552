"""AnalysisRuns of owners that are no Rollouts: their names, the labels that they ask for (spec rollouts §7.2). Pure."""

from __future__ import annotations

import msgspec

from reconciler.analysis.build import run_spec
from reconciler.analysis.model import RolloutAnalysis
from reconciler.analysis.templates import TemplateLookup
from reconciler.kube import instances
from reconciler.kube.api import Object
from reconciler.kube.objects import ANALYSIS_RUNS


def build_owned_run(
    *, name: str, namespace: str, owner: Object, wanted: RolloutAnalysis, templates: TemplateLookup, instance_id: str
) -> Object:
    """The AnalysisRun to create, before `settle_name`. Raises UserError with every problem."""
    spec, inherited = run_spec(wanted, wanted.args, templates)
    extra = wanted.analysis_run_metadata
    return {
        "apiVersion": ANALYSIS_RUNS.api_version,
        "kind": ANALYSIS_RUNS.kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {**({instances.LABEL: instance_id} if instance_id else {}), **extra.labels},
            "annotations": {**inherited, **extra.annotations},
            "ownerReferences": [owner],
        },
        "spec": msgspec.to_builtins(spec),
    }
