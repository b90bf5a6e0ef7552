"""`reconciler experiments list|get`: where they stand, once or until they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.rollouts.look import Watch
from reconciler.cli.rollouts.options import Context, Format, Kubeconfig, Namespace, Output, document, reach

if TYPE_CHECKING:
    from rich.console import RenderableType

    from reconciler.experiments.model import Experiment
    from reconciler.rollouts.views.family import ExperimentFamily

ExperimentName = Annotated[str, typer.Argument(help="Name of the Experiment.")]


def list_(
    everywhere: Annotated[bool, typer.Option("--all-namespaces", "-A", help="Look in every namespace.")] = False,
    watch: Watch = False,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    output: Output = Format.TABLE,
) -> None:
    """Show Experiments, one line each, the newest first. With -w until you stop it."""
    from datetime import UTC, datetime

    from reconciler.cli.experiments.reading import every_experiment
    from reconciler.cli.experiments.view import listing
    from reconciler.cli.printing import show
    from reconciler.cli.rollouts.watching import live

    cluster, here = reach(kubeconfig, context, namespace)

    def look() -> list[Experiment]:
        return every_experiment(cluster, None if everywhere else here)

    def shown() -> RenderableType:
        return listing(look(), datetime.now(UTC), namespaces=everywhere)

    if output is not Format.TABLE:
        print(document("experiments", look(), output))  # noqa: T201 - this is the answer
    elif watch:
        for _ in live(shown):
            pass
    else:
        show(shown())


def get(
    name: ExperimentName,
    watch: Watch = False,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    output: Output = Format.TABLE,
) -> None:
    """Show an Experiment with its templates, pods and analyses. With -w until it ends.

    Exit code 1 when -w ends with anything but Successful.
    """
    from datetime import UTC, datetime

    from reconciler.cli.experiments.reading import read
    from reconciler.cli.experiments.view import details
    from reconciler.cli.printing import show
    from reconciler.cli.rollouts.tree_view import Fitted, Whole
    from reconciler.cli.rollouts.watching import live

    cluster, here = reach(kubeconfig, context, namespace)
    if output is not Format.TABLE:
        print(document("experiment", read(cluster, here, name).experiment, output))  # noqa: T201 - this is the answer
        return
    seen: list[ExperimentFamily] = []

    def look() -> Whole:
        seen[:] = [read(cluster, here, name)]
        return details(seen[0], datetime.now(UTC))

    if not watch:
        show(look())
        return
    for _ in live(lambda: Fitted(look())):
        if seen[0].experiment.status.phase.complete:
            break
    raise typer.Exit(0 if seen[0].experiment.status.phase == "Successful" else 1)
