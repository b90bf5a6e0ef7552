"""`reconciler rollouts list|get|status|history`: looking at Rollouts, once or until they are done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.rollouts.options import Context, Format, Kubeconfig, Name, Namespace, Output, document, reach

if TYPE_CHECKING:
    from reconciler.rollouts.views.overview import Overview

Watch = Annotated[bool, typer.Option("--watch", "-w", help="Keep the view up to date.")]


def list_(
    name: Annotated[str, typer.Argument(help="Only this one.")] = "",
    everywhere: Annotated[bool, typer.Option("--all-namespaces", "-A", help="Look in every namespace.")] = False,
    watch: Watch = False,
    timestamps: Annotated[
        bool, typer.Option("--timestamps", help="With -w: each change is one line, with its time.")
    ] = (False),
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    output: Output = Format.TABLE,
) -> None:
    """Show Rollouts, one line each. With -w until you stop it."""
    from datetime import UTC, datetime

    from reconciler.cli.printing import show
    from reconciler.cli.rollouts.reading import every_rollout
    from reconciler.cli.rollouts.view import Listing
    from reconciler.cli.rollouts.watching import changes, live, repeatedly
    from reconciler.rollouts.views.overview import overview

    cluster, here = reach(kubeconfig, context, namespace)

    def look() -> list[Overview]:
        found = every_rollout(cluster, None if everywhere else here)
        return [overview(rollout) for rollout in found if name in ("", rollout.metadata.name)]

    if output is not Format.TABLE:
        print(document("rollouts", look(), output))  # noqa: T201 - this is the answer
    elif watch and timestamps:
        said: dict[tuple[str, str], str] = {}
        for found in repeatedly(look):
            for line in changes(found, said, datetime.now(UTC)):
                typer.echo(line)
    elif watch:
        for _ in live(lambda: Listing(look(), everywhere, live=True)):
            pass
    else:
        show(Listing(look(), everywhere))


def get(
    name: Name,
    watch: Watch = False,
    timeout: Annotated[str, typer.Option("--timeout-seconds", help="With -w: stop after, e.g. 60; 0: never.")] = "0",
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    output: Output = Format.TABLE,
) -> None:
    """Show one Rollout with its revisions, pods and analyses. With -w until you stop it.

    To wait for the end of an update, use `status`.
    """
    from datetime import UTC, datetime

    from reconciler.cli.printing import show
    from reconciler.cli.rollouts.reading import read
    from reconciler.cli.rollouts.tree_view import Fitted, Whole, details
    from reconciler.cli.rollouts.watching import length, live

    cluster, here = reach(kubeconfig, context, namespace)

    seen: list[object] = []

    def look() -> Whole:
        found, now = read(cluster, here, name), datetime.now(UTC)
        seen[:] = [found.overview, found.tree(now)]
        return details(found.overview, found.tree(now), now)

    if output is not Format.TABLE:
        found, now = read(cluster, here, name), datetime.now(UTC)
        answer = {"rollout": found.overview, "revisions": found.tree(now)}
        print(document("overview", answer, output))  # noqa: T201 - this is the answer
    elif watch:
        for _ in live(lambda: Fitted(look()), length(timeout, "--timeout-seconds"), facts=lambda: tuple(seen)):
            pass
    else:
        show(look())


def status(
    name: Name,
    watch: Annotated[
        bool, typer.Option("--watch/--no-watch", "-w", help="Wait until it is over, or look once.")
    ] = True,
    timeout: Annotated[str, typer.Option("--timeout", "-t", help="Give up after, e.g. 60s or 5m; 0: never.")] = "0",
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
) -> None:
    """Wait for a Rollout to be Healthy; each change is one line.

    Exit codes: 0 Healthy (with --no-watch: not Degraded), 1 Degraded or not over in time, 2 it could not be read.
    """
    from datetime import UTC, datetime

    from reconciler.cli.rollouts.reading import rollout_called
    from reconciler.cli.rollouts.watching import length, sentence, wait
    from reconciler.rollouts.views.overview import overview

    cluster, here = reach(kubeconfig, context, namespace)
    limit = length(timeout, "--timeout") or None
    if not watch:
        found = overview(rollout_called(cluster, here, name))
        typer.echo(sentence(found))
        raise typer.Exit(1 if found.phase == "Degraded" else 0)
    look = lambda: overview(rollout_called(cluster, here, name))  # noqa: E731 - asked again and again
    raise typer.Exit(wait(look, limit, now=lambda: datetime.now(UTC)))


def history(
    name: Name,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    output: Output = Format.TABLE,
) -> None:
    """Show the revisions that are kept, newest first: `undo --to-revision` goes back to one."""
    from datetime import UTC, datetime

    from reconciler.cli.printing import show
    from reconciler.cli.rollouts.reading import replica_sets_of, rollout_called
    from reconciler.cli.rollouts.view import history_table
    from reconciler.rollouts.views import tree

    cluster, here = reach(kubeconfig, context, namespace)
    rollout = rollout_called(cluster, here, name)
    found = tree.history(rollout, replica_sets_of(cluster, rollout))
    if output is Format.TABLE:
        show(history_table(found, datetime.now(UTC)))
    else:
        print(document("history", found, output))  # noqa: T201 - this is the answer
