"""`reconciler rollouts plan` and `simulate`: how an update will go, and how it would go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.rollouts.options import Context, Format, Kubeconfig, Namespace, Output, document, reach

if TYPE_CHECKING:
    from reconciler.cli.rollouts.material import Material
    from reconciler.rollouts.planning.plan import Failure

Subject = Annotated[str, typer.Argument(metavar="FILE|NAME", help="A manifest, a directory, or a Rollout's name.")]
Starting = Annotated[str, typer.Option("--pod-start", help="How long a pod takes to be ready, e.g. 20s.")]
Replicas = Annotated[int | None, typer.Option("--replicas", min=0, help="Plan with so many pods.")]


def plan(
    subject: Subject,
    starting: Starting = "0",
    replicas: Replicas = None,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    output: Output = Format.TABLE,
) -> None:
    """Show how the next update will go: pods, traffic, time and analyses of every step, and what to think about.

    Nothing is deployed. For a file no cluster is needed: analyses are looked up in the same files, else their time is
    unknown. It is the engine's own decision function that is asked, with rounding and limits.

    Examples: reconciler rollouts plan deploy/rollout.yaml · reconciler rollouts plan shop -n production
    """
    _show(_material(subject, replicas, namespace, kubeconfig, context), starting, output, None)


def simulate(
    subject: Subject,
    never_ready: Annotated[bool, typer.Option("--never-ready", help="The new version's pods never get ready.")] = False,
    fails_after: Annotated[str, typer.Option("--analysis-fails-at", help="Running analyses fail then, e.g. 7m.")] = "",
    abort_at: Annotated[int | None, typer.Option("--abort-at", min=1, help="Somebody aborts in this step.")] = None,
    starting: Starting = "0",
    replicas: Replicas = None,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
    output: Output = Format.TABLE,
) -> None:
    """Show how an update goes when something goes wrong: what is rolled back, when, and to which pods.

    Example: reconciler rollouts simulate deploy/rollout.yaml --analysis-fails-at 7m
    """
    from reconciler.cli.rollouts.watching import length
    from reconciler.errors import Problem, UserError
    from reconciler.rollouts.planning.plan import Failure

    if not (never_ready or fails_after or abort_at):
        fix = "choose --never-ready, --analysis-fails-at or --abort-at; `plan` shows the good case"
        raise UserError(Problem("nothing goes wrong in this simulation", fix))
    after = length(fails_after, "--analysis-fails-at") if fails_after else None
    failure = Failure(never_ready, after, abort_at)
    _show(_material(subject, replicas, namespace, kubeconfig, context), starting, output, failure)


def _show(made: Material, starting: str, output: Format, failure: Failure | None) -> None:
    from reconciler.cli.printing import show
    from reconciler.cli.rollouts.plan_view import answer, view
    from reconciler.cli.rollouts.watching import length

    shown = made.plans(length(starting, "--pod-start"), failure)
    if output is Format.TABLE:
        for found in shown:
            show(view(found))
    else:
        print(document("plans", [answer(found) for found in shown], output))  # noqa: T201 - this is the answer


def _material(subject: str, replicas: int | None, namespace: str, kubeconfig: str, context: str) -> Material:
    made = _found(subject, namespace, kubeconfig, context)
    return made if replicas is None else made.sized(replicas)


def _found(subject: str, namespace: str, kubeconfig: str, context: str) -> Material:
    from pathlib import Path

    from reconciler.cli.rollouts import material

    looks_like_a_file = "/" in subject or subject.endswith((".yaml", ".yml", ".json"))
    if looks_like_a_file or Path(subject).exists():
        return material.from_files(Path(subject))
    cluster, here = reach(kubeconfig, context, namespace)
    return material.from_cluster(cluster, here, subject)
