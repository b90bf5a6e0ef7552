"""`reconciler analysis test`: a template measured now, from here, each measurement explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from reconciler.cli.analysis.options import Arguments, ClusterScope, Subject, Template, arguments
from reconciler.cli.rollouts.options import Context, Kubeconfig, Namespace, reach

if TYPE_CHECKING:
    from reconciler.analysis.measure import Measurer
    from reconciler.cli.analysis.templates import Chosen
    from reconciler.errors import UserError
    from reconciler.kube.api import Cluster, Object, Resource

LINES_OF_JOBS = 20
"""Of what each Job's container wrote last."""


def test(
    template: Subject,
    arg: Arguments = None,
    cluster_scope: ClusterScope = False,
    chosen: Template = "",
    whole: Annotated[bool, typer.Option("--whole", help="Go on to the run's verdict, with intervals.")] = False,
    prometheus: Annotated[
        str,
        typer.Option("--prometheus", envvar="ARGO_ROLLOUTS_PROMETHEUS_ADDRESS", help="For metrics without an address."),
    ] = "",
    secrets_in: Annotated[
        str, typer.Option("--secrets-in", metavar="NAMESPACE", help="Where providers' Secrets are: the daemon's.")
    ] = "",
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
) -> None:
    """Measure a template now and explain each measurement. No AnalysisRun is made.

    The Jobs of `job` metrics run in the namespace, and are deleted when it is over. A file needs no cluster as long as
    no Secret is read and no Job runs. Exit codes: 0 all Successful, 1 not, 2 it could not be tried.

    Example: reconciler analysis test analysis.yaml --arg service=shop --prometheus http://localhost:9090
    """
    from reconciler.cli.analysis import explaining, following, templates
    from reconciler.cli.analysis.trying import trial
    from reconciler.cli.printing import clean, console
    from reconciler.runtime.clock import SystemClock

    given = arguments(arg)
    cluster, here = _cluster(templates.is_file(template), kubeconfig, context, namespace)
    found = _template(template, chosen, cluster, here, cluster_scope)
    measurer, wanted = _measurer(cluster, prometheus, secrets_in or here), templates.measured(found, given)
    trying = trial(wanted, found.reference.template_name, here, measurer, SystemClock(), whole=whole)
    out = console()
    try:
        for step in trying.steps():
            out.print(explaining.explained(step))
            for line in following.last_words(cluster, step.taken.measurement, here, LINES_OF_JOBS):
                out.print(clean(f"  {line}"))
    finally:
        trying.clear()
    out.print(explaining.verdict(trying))
    raise typer.Exit(0 if trying.successful else 1)


def _measurer(cluster: Cluster, prometheus: str, home: str) -> Measurer:
    import os

    from reconciler import __version__
    from reconciler.analysis.measure import Measurer
    from reconciler.http.client import HttpClient
    from reconciler.runtime.clock import SystemClock

    http = HttpClient(f"reconciler-analysis/{__version__}")
    return Measurer(
        cluster,
        http.send,
        SystemClock(),
        prometheus.rstrip("/"),
        home,
        os.environ,
        jobs=cluster,  # without an owner: there is no AnalysisRun
    )


def _template(subject: str, chosen: str, cluster: Cluster, namespace: str, cluster_scope: bool) -> Chosen:
    from pathlib import Path

    from reconciler.cli.analysis import templates

    if templates.is_file(subject):
        return templates.in_files(Path(subject), chosen)
    return templates.in_cluster(cluster, namespace, subject, cluster_scope)


def _cluster(optional: bool, kubeconfig: str, context: str, namespace: str) -> tuple[Cluster, str]:
    from reconciler.errors import UserError

    try:
        return reach(kubeconfig, context, namespace)
    except UserError as error:
        if not optional:
            raise
        return cast("Cluster", _Absent(error)), namespace or "default"


class _Absent:
    """Stands where there is no cluster: a metric that needs a Secret, or a Job, says why it cannot be measured."""

    def __init__(self, why: UserError) -> None:
        self._why = why

    def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        raise self._why

    def create(self, resource: Resource, namespace: str | None, body: Object) -> Object:
        raise self._why
