"""`reconciler analysis run|terminate`: a run by hand, and its end."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli.analysis.look import show
from reconciler.cli.analysis.options import Arguments, ClusterScope, RunName, Subject, Template, arguments
from reconciler.cli.rollouts.look import Watch
from reconciler.cli.rollouts.options import Context, Kubeconfig, Namespace, reach


def run(
    template: Subject,
    arg: Arguments = None,
    cluster_scope: ClusterScope = False,
    chosen: Template = "",
    name: Annotated[str, typer.Option("--name", help="Default: the template's, and some letters.")] = "",
    instance_id: Annotated[str, typer.Option("--instance-id", help="For the engine of that id.")] = "",
    watch: Watch = False,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
) -> None:
    """Start an AnalysisRun of a template; the engine in the cluster measures it. With -w until it ends.

    Example: reconciler analysis run success-rate -a service=shop -w
    """
    from pathlib import Path

    from reconciler.cli.analysis import templates
    from reconciler.cli.analysis.making import body
    from reconciler.cli.analysis.reading import run_called
    from reconciler.kube.objects import ANALYSIS_RUNS

    given = arguments(arg)
    cluster, here = reach(kubeconfig, context, namespace)
    if templates.is_file(template):
        found = templates.in_files(Path(template), chosen)
    else:
        found = templates.in_cluster(cluster, here, template, cluster_scope)
    wanted = body(found.reference.template_name, templates.measured(found, given), here, name, instance_id)
    made = cluster.create(ANALYSIS_RUNS, here, wanted)["metadata"]["name"]
    typer.echo(f"AnalysisRun {here}/{made} started: see `reconciler analysis get {made} -n {here}`", err=watch)
    if watch:
        show(lambda: run_called(cluster, here, made), watch=True)


def terminate(name: RunName, namespace: Namespace = "", kubeconfig: Kubeconfig = "", context: Context = "") -> None:
    """End an AnalysisRun: nothing more is measured, and what was measured so far decides."""
    from reconciler.cli.analysis.reading import run_called
    from reconciler.kube.objects import ANALYSIS_RUNS

    cluster, here = reach(kubeconfig, context, namespace)
    phase = run_called(cluster, here, name).status.phase
    if phase.complete:
        typer.echo(f"AnalysisRun {here}/{name} has ended already: {phase}")
        return
    cluster.patch(ANALYSIS_RUNS, here, name, {"spec": {"terminate": True}})
    typer.echo(f"AnalysisRun {here}/{name} is asked to end")
