"""AnalysisRuns as the cluster has them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from reconciler.analysis.model import AnalysisRun, decode_run
from reconciler.errors import NotFound, Problem, UserError
from reconciler.kube.api import Cluster
from reconciler.kube.objects import ANALYSIS_RUNS


def run_called(cluster: Cluster, namespace: str, name: str) -> AnalysisRun:
    """Raises `UserError` when there is none of that name, or it cannot be read."""
    try:
        found = cluster.get(ANALYSIS_RUNS, namespace, name)
    except NotFound:
        listed = f"see `reconciler analysis list -n {namespace}`, or name another namespace with -n"
        raise UserError(Problem(f'there is no AnalysisRun "{name}" in namespace "{namespace}"', listed)) from None
    try:
        return decode_run(msgspec.json.encode(found))
    except msgspec.ValidationError as error:
        raise UserError(f"AnalysisRun {namespace}/{name}: {error}") from None


def every_run(cluster: Cluster, namespace: str | None) -> tuple[list[AnalysisRun], list[str]]:
    """The newest first, and what is wrong with those that cannot be read."""
    try:
        listed = cluster.list_raw(ANALYSIS_RUNS, namespace).items
    except NotFound:
        fix = "kubectl apply --server-side -k manifests/crds"
        raise UserError(Problem("this cluster knows no AnalysisRuns: their definition is not installed", fix)) from None
    runs, unreadable = [], []
    for raw in listed:
        try:
            runs.append(decode_run(raw))
        except msgspec.ValidationError as error:
            unreadable.append(f"an AnalysisRun cannot be read: {error}")
    return sorted(runs, key=_created, reverse=True), unreadable


def _created(run: AnalysisRun) -> datetime:
    return run.metadata.creation_timestamp or datetime.max.replace(tzinfo=UTC)
