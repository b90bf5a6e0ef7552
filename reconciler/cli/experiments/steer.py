"""`reconciler experiments terminate|retry`: the end of one, and its next run."""

from __future__ import annotations

import typer

from reconciler.cli.experiments.look import ExperimentName
from reconciler.cli.rollouts.options import Context, Kubeconfig, Namespace, reach


def terminate(
    name: ExperimentName, namespace: Namespace = "", kubeconfig: Kubeconfig = "", context: Context = ""
) -> None:
    """End an Experiment: its runs end, its pods go after the delay, and what was measured so far decides."""
    from reconciler.cli.experiments.reading import experiment_called
    from reconciler.kube.objects import EXPERIMENTS

    cluster, here = reach(kubeconfig, context, namespace)
    phase = experiment_called(cluster, here, name).status.phase
    if phase.complete:
        typer.echo(f"Experiment {here}/{name} has ended already: {phase}")
        return
    cluster.patch(EXPERIMENTS, here, name, {"spec": {"terminate": True}})
    typer.echo(f"Experiment {here}/{name} is asked to end")


def retry(name: ExperimentName, namespace: Namespace = "", kubeconfig: Kubeconfig = "", context: Context = "") -> None:
    """Run an Experiment that has ended once more, from its beginning and with new AnalysisRuns."""
    from reconciler.cli.experiments.reading import experiment_called
    from reconciler.errors import Problem, UserError
    from reconciler.kube.objects import EXPERIMENTS

    cluster, here = reach(kubeconfig, context, namespace)
    found = experiment_called(cluster, here, name)
    if not found.status.phase.complete:
        fix = f"end it first: `reconciler experiments terminate {name} -n {here}`"
        raise UserError(Problem(f"Experiment {here}/{name} has not ended: {found.status.phase or 'not begun'}", fix))
    patch: dict[str, object] = {"status": None}
    if found.spec.terminate:
        patch["spec"] = {"terminate": None}
    cluster.patch(EXPERIMENTS, here, name, patch)
    typer.echo(f"Experiment {here}/{name} runs again: see `reconciler experiments get {name} -n {here}`")
