"""`reconciler status`: how every Application is doing, read from the cluster alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.printing import Output, as_json, show
from reconciler.errors import UserError

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.apps.delivery import Delivery, WorkloadProgress
    from reconciler.kube.api import Cluster
    from reconciler.kube.objects import Meta


def status(
    application: Annotated[str, typer.Argument(help="Only this one, with all of its objects; default: all.")] = "",
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Where the daemon keeps its records; default: look everywhere.")
    ] = "",
    kubeconfig: Annotated[str, typer.Option(help="Default: KUBECONFIG or ~/.kube/config.")] = "",
    context: Annotated[str, typer.Option(help="Context of the kubeconfig.")] = "",
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print.")] = Output.TABLE,
) -> None:
    """Show each Application's commit, sync, health and rollouts.

    Works without the daemon: it reads the records and objects through your kubeconfig. Exit code 0: all is well or on
    its way, 1: a commit failed or something is Degraded, 2: it could not be read.
    """
    from datetime import UTC, datetime

    from reconciler import __version__
    from reconciler.cli.status_view import view
    from reconciler.kube.client import connect

    now = datetime.now(UTC)
    cluster = connect(kubeconfig, context, user_agent=f"reconciler-status/{__version__}")
    found = gather(cluster, namespace or None, application, now)
    if output is Output.JSON:
        print(as_json("applications", found))  # noqa: T201 - this is the answer
    else:
        show(view(found, now, objects=bool(application)))
    raise typer.Exit(1 if any(failing(item) for item in found) else 0)


def gather(cluster: Cluster, namespace: str | None, only: str, now: datetime) -> list[Delivery]:
    """Raises `UserError` when the one Application asked for has no record."""
    from reconciler.apps.record import load_records
    from reconciler.sync.inspect import inspect

    records = [found for found in load_records(cluster, namespace) if only in ("", found.record.app)]
    if only and not records:
        raise UserError(f"no Application called {only!r} has a record; see `reconciler status`")
    return inspect(cluster, records, lambda space, name: progress(cluster, space, name), now)


def progress(cluster: Cluster, namespace: str, name: str) -> WorkloadProgress | None:
    """How far a Rollout is; None when it is not there."""
    import orjson

    from reconciler.analysis.model import decode_run
    from reconciler.errors import NotFound
    from reconciler.kube.objects import ANALYSIS_RUNS, REPLICA_SETS, ROLLOUTS
    from reconciler.rollouts.model import decode_rollout
    from reconciler.rollouts.progress import workload_progress
    from reconciler.workloads.replica_set import decode_replica_set

    try:
        rollout = decode_rollout(orjson.dumps(cluster.get(ROLLOUTS, namespace, name)))
        runs = [decode_run(raw) for raw in cluster.list_raw(ANALYSIS_RUNS, namespace).items]
        versions = [decode_replica_set(raw) for raw in cluster.list_raw(REPLICA_SETS, namespace).items]
    except NotFound:
        return None

    def ours(meta: Meta) -> bool:
        return meta.controller is not None and meta.controller.uid == rollout.metadata.uid

    return workload_progress(
        rollout, [run for run in runs if ours(run.metadata)], [rs for rs in versions if ours(rs.metadata)]
    )


def failing(item: Delivery) -> bool:
    """Whether a person should look: the commit failed, or an object is Degraded."""
    from reconciler.apps.delivery import Health, OperationPhase

    failed = item.operation is not None and item.operation.phase is OperationPhase.FAILED
    return failed or item.health is Health.DEGRADED
