"""`reconciler analysis list|get|logs|plot`: what was measured, once or until the run ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.analysis.options import RunName
from reconciler.cli.rollouts.look import Watch
from reconciler.cli.rollouts.options import Context, Format, Kubeconfig, Namespace, Output, document, reach

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from reconciler.analysis.model import AnalysisRun


def list_(
    everywhere: Annotated[bool, typer.Option("--all-namespaces", "-A", help="Look in every namespace.")] = False,
    rollout: Annotated[str, typer.Option("--rollout", help="Only those of this Rollout.")] = "",
    watch: Watch = False,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    output: Output = Format.TABLE,
) -> None:
    """Show AnalysisRuns, one line each, the newest first. With -w until you stop it."""
    from datetime import UTC, datetime

    from reconciler.cli import printing
    from reconciler.cli.analysis.reading import every_run
    from reconciler.cli.analysis.view import listing
    from reconciler.cli.rollouts.watching import live

    cluster, here = reach(kubeconfig, context, namespace)

    def look() -> list[AnalysisRun]:
        runs, unreadable = every_run(cluster, None if everywhere else here)
        for problem in unreadable:
            typer.echo(f"warning: {problem}", err=True)
        return [run for run in runs if not rollout or _is_of(run, rollout)]

    def shown() -> RenderableType:
        return listing(look(), datetime.now(UTC), namespaces=everywhere)

    if output is not Format.TABLE:
        print(document("runs", look(), output))  # noqa: T201 - this is the answer
    elif watch:
        for _ in live(shown):
            pass
    else:
        printing.show(shown())


def get(
    name: RunName,
    watch: Watch = False,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    output: Output = Format.TABLE,
) -> None:
    """Show an AnalysisRun with its metrics and measurements. With -w until it ends.

    Exit code 1 when -w ends with anything but Successful.
    """
    from reconciler.cli.analysis.reading import run_called

    cluster, here = reach(kubeconfig, context, namespace)
    if output is not Format.TABLE:
        print(document("run", run_called(cluster, here, name), output))  # noqa: T201 - this is the answer
    else:
        show(lambda: run_called(cluster, here, name), watch=watch)


def logs(
    name: RunName,
    metric: Annotated[str, typer.Option("--metric", help="Only this one.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends.")] = False,
    tail: Annotated[int, typer.Option("--tail", min=1, help="Last lines of each Job's container.")] = 200,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
) -> None:
    """Print the measurements that are kept, a line each, and what the Jobs of `job` metrics wrote."""
    from reconciler.cli.analysis.following import follow as lines_of

    cluster, here = reach(kubeconfig, context, namespace)
    for line in lines_of(cluster, here, name, metric=metric, tail=tail, until_end=follow):
        typer.echo(line)


def plot(name: RunName, namespace: Namespace = "", kubeconfig: Kubeconfig = "", context: Context = "") -> None:
    """Draw the measurements of an AnalysisRun with the limits of its conditions, as SVG: for a file or a report.

    Example: reconciler analysis plot shop-6f7d-2 -n shop > run.svg
    """
    from reconciler.cli.analysis.reading import run_called
    from reconciler.web.svg import svg

    cluster, here = reach(kubeconfig, context, namespace)
    print(svg(run_called(cluster, here, name)))  # noqa: T201 - this is the answer


def show(look: Callable[[], AnalysisRun], *, watch: bool) -> None:
    """Prints the run, or keeps the view up to date until it ends; then anything but Successful is exit code 1."""
    from datetime import UTC, datetime

    from reconciler.cli import printing
    from reconciler.cli.analysis.view import details
    from reconciler.cli.rollouts.watching import live

    if not watch:
        printing.show(details(look(), datetime.now(UTC)))
        return
    seen: list[AnalysisRun] = []

    def view() -> RenderableType:
        seen[:] = [look()]
        return details(seen[0], datetime.now(UTC))

    for _ in live(view):
        if seen[0].status.phase.complete:
            break
    raise typer.Exit(0 if seen[0].status.phase == "Successful" else 1)


def _is_of(run: AnalysisRun, rollout: str) -> bool:
    owner = run.metadata.controller
    return owner is not None and (owner.kind, owner.name) == ("Rollout", rollout)
