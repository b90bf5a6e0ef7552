"""`reconciler adopt`: asks, says what will happen, does it step by step, and prints what belongs in git."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.rollouts.options import Context, Kubeconfig, Namespace, reach

if TYPE_CHECKING:
    from reconciler.cli.adopt.direction import Direction
    from reconciler.kube.api import Cluster
    from reconciler.rollouts.adopting.found import Found


class Manifest(StrEnum):
    NONE = ""
    YAML = "yaml"


def adopt(
    what: Annotated[str, typer.Argument(metavar="deployment/NAME", help="With --revert: rollout/NAME.")],
    steps: Annotated[str, typer.Option("--steps", help="E.g. 20,5m,50,pause: weights and pauses.")] = "",
    strategy: Annotated[Path | None, typer.Option("--strategy", help="A YAML file with `canary:` and so on.")] = None,
    workload_ref: Annotated[
        bool, typer.Option("--workload-ref", help="Keep the Deployment, without pods, to hold the template.")
    ] = False,
    instance_id: Annotated[str, typer.Option("--instance-id", help="Of the engine that shall drive it.")] = "",
    revert: Annotated[bool, typer.Option("--revert", help="Back: a Rollout becomes a Deployment.")] = False,
    without_engine: Annotated[
        bool, typer.Option("--without-engine", help="With --revert: nobody drives Rollouts any more.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")] = False,
    output: Annotated[Manifest, typer.Option("--output", "-o", help="yaml: print only what belongs in git.")] = (
        Manifest.NONE
    ),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
) -> None:
    """Turn a Deployment into a Rollout in place: the same pods run on, none is restarted, none is added.

    Its ReplicaSets change hands one by one, history included; autoscalers follow; then the Deployment goes. Without
    --steps or --strategy the Rollout updates as the Deployment did. Stopped half-way, the same command goes on.
    With --revert the pods go back to a Deployment in the same way.

    Exit codes: 0 done, 1 you said no, 2 it could not be done.

    Examples: reconciler adopt deployment/shop --steps 20,5m,50,pause --dry-run · reconciler adopt --revert rollout/shop
    """
    from reconciler.cli.adopt.carrying import carry
    from reconciler.cli.adopt.direction import giving, taking
    from reconciler.cli.adopt.reading import read

    name = _name(what, "rollout" if revert else "deployment")
    cluster, here = reach(kubeconfig, context, namespace)

    def look() -> Found:
        return read(cluster, here, name)

    found = look()
    direction = (
        giving(found, without_engine=without_engine)
        if revert
        else taking(found, steps=steps, strategy=strategy, workload_ref=workload_ref, instance_id=instance_id)
    )
    _introduce(cluster, here, direction, quiet=output is Manifest.YAML)
    if output is Manifest.YAML:
        print(direction.manifest)  # noqa: T201 - this is the answer
    if dry_run:
        _foretell(found, direction)
        see = "" if output is Manifest.YAML else "; with -o yaml it prints what belongs in git"
        typer.echo(f"nothing was changed: --dry-run{see}", err=True)
        return
    if not yes and not typer.confirm("Go on?", err=True):
        raise typer.Exit(1)
    carry(cluster, here, look, direction.next_act, lambda text: typer.echo(text, err=True))
    typer.echo(direction.farewell, err=True)


def _foretell(found: Found, direction: Direction) -> None:
    """Every act that would be done, in order."""
    from reconciler.rollouts.adopting.rehearsal import rehearse, sentence

    acts = list(rehearse(found, direction.next_act))
    typer.echo("What would be done, one after the other:" if acts else "Nothing is left to do.", err=True)
    for number, act in enumerate(acts, start=1):
        typer.echo(f"{number:>3}. {sentence(act)}", err=True)


def _introduce(cluster: Cluster, namespace: str, direction: Direction, *, quiet: bool) -> None:
    """What was found, what goes with it, and what belongs in git."""
    from reconciler.cli.adopt.reading import listed_or_none
    from reconciler.cli.adopt.surroundings import guard_notes
    from reconciler.kube.objects import DISRUPTION_BUDGETS

    budgets = listed_or_none(cluster, DISRUPTION_BUDGETS, namespace)
    typer.echo(direction.headline, err=True)
    for note in (*direction.notes, *guard_notes(budgets, direction.pod_labels)):
        typer.echo(f"• {note}", err=True)
    if not quiet and direction.declared:
        typer.echo(f"\nIn git, put this in place of the {direction.old}:\n\n{direction.manifest}\n", err=True)


def _name(what: str, wanted: str) -> str:
    """NAME of `kind/NAME`; the kind may be shortened as for kubectl."""
    kind, separator, name = what.rpartition("/")
    short = {"deployment": ("deployment", "deployments", "deploy"), "rollout": ("rollout", "rollouts", "ro")}
    if (separator and kind.lower() not in short[wanted]) or not name:
        back = " (the way back is --revert rollout/NAME)" if wanted == "deployment" else ""
        raise typer.BadParameter(f"{what!r} is not {wanted}/NAME{back}", param_hint=f"{wanted}/NAME")
    return name
