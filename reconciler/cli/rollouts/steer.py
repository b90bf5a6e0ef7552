"""`reconciler rollouts promote|abort|retry|pause|resume|restart|undo` and `set image`: each one action and one answer.

They are patches that any engine of the family heeds; no daemon is talked to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.rollouts.options import Context, Kubeconfig, Name, Namespace, reach

if TYPE_CHECKING:
    from reconciler.kube.api import Object
    from reconciler.rollouts.model import Rollout
    from reconciler.rollouts.verbs import Action

images = typer.Typer(no_args_is_help=True, help="`set image NAME CONTAINER=IMAGE` rolls a new image out.")


def promote(
    name: Name,
    full: Annotated[bool, typer.Option("--full", help="Skip all steps, pauses and analyses that are left.")] = False,
    skip_current: Annotated[bool, typer.Option("--skip-current-step", "-c", hidden=True)] = False,
    skip_all: Annotated[bool, typer.Option("--skip-all-steps", "-a", hidden=True)] = False,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
) -> None:
    """End a pause or skip the step that runs; with --full deliver the new version now."""
    from reconciler.rollouts import verbs

    if full + skip_current + skip_all > 1:
        raise typer.BadParameter("--full, --skip-current-step and --skip-all-steps exclude each other")
    act = verbs.promote_full if full else verbs.promote
    if skip_current or skip_all:
        act = verbs.skip_all_steps if skip_all else verbs.skip_current_step
    _steer(act, name, namespace, kubeconfig, context)


def abort(name: Name, namespace: Namespace = "", kubeconfig: Kubeconfig = "", context: Context = "") -> None:
    """Give the update up: the stable version gets all traffic again."""
    from reconciler.rollouts import verbs

    _steer(verbs.abort, name, namespace, kubeconfig, context)


def retry(name: Name, namespace: Namespace = "", kubeconfig: Kubeconfig = "", context: Context = "") -> None:
    """Begin an aborted update again at its first step."""
    from reconciler.rollouts import verbs

    _steer(verbs.retry, name, namespace, kubeconfig, context)


def pause(name: Name, namespace: Namespace = "", kubeconfig: Kubeconfig = "", context: Context = "") -> None:
    """Freeze the update where it is."""
    from reconciler.rollouts import verbs

    _steer(verbs.pause, name, namespace, kubeconfig, context)


def resume(name: Name, namespace: Namespace = "", kubeconfig: Kubeconfig = "", context: Context = "") -> None:
    """Take back `pause`. The pause of a step ends by `promote`."""
    from reconciler.rollouts import verbs

    _steer(verbs.resume, name, namespace, kubeconfig, context)


def restart(
    name: Name,
    in_: Annotated[str, typer.Option("--in", "-i", help="Not now but after, e.g. 30s or 10m.")] = "0",
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
) -> None:
    """Replace all pods of a Rollout, a few at a time."""
    from datetime import UTC, datetime

    from reconciler.cli.rollouts.watching import length
    from reconciler.rollouts import verbs

    at = datetime.now(UTC) + length(in_, "--in")
    _steer(lambda rollout: verbs.restart(rollout, at), name, namespace, kubeconfig, context)


def undo(
    name: Name,
    to_revision: Annotated[int, typer.Option("--to-revision", min=0, help="Default: the last good one.")] = 0,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
) -> None:
    """Go back to an earlier revision, which rolls out as a new one. See `history`."""
    import orjson

    from reconciler.cli.rollouts.acting import send, template_holder
    from reconciler.cli.rollouts.reading import replica_sets_of, rollout_object
    from reconciler.rollouts.model import decode_rollout
    from reconciler.rollouts.verbs import settled
    from reconciler.rollouts.verbs import template as template_verbs

    cluster, here = reach(kubeconfig, context, namespace)
    stored = rollout_object(cluster, here, name)
    target, holder = template_holder(cluster, stored)
    rollout = decode_rollout(orjson.dumps(stored))
    replica_sets = replica_sets_of(cluster, rollout)
    action = template_verbs.undo(holder, replica_sets, to_revision or None, rollout.status.stable_rs)
    send(cluster, target, action)
    instead = "revert the commit in git, too"
    if not settled(rollout):
        instead = f"`reconciler rollouts abort {name}` holds whatever is synced, until git has another version"
    _tell(action, here, name, declared=holder, instead=instead)


@images.command("image")
def set_image(
    name: Name,
    pairs: Annotated[list[str], typer.Argument(metavar="CONTAINER=IMAGE…", help="`*=IMAGE` for all containers.")],
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = "",
    context: Context = "",
) -> None:
    """Change images of containers, which rolls out a new revision.

    Example: reconciler rollouts set image shop web=registry.example/shop:2
    """
    from reconciler.cli.rollouts.acting import send, template_holder
    from reconciler.cli.rollouts.reading import rollout_object
    from reconciler.rollouts.verbs import template as template_verbs

    wanted = dict(map(_pair, pairs))
    cluster, here = reach(kubeconfig, context, namespace)
    target, holder = template_holder(cluster, rollout_object(cluster, here, name))
    action = template_verbs.set_image(holder, wanted)
    send(cluster, target, action)
    _tell(action, here, name, declared=holder)


def _pair(text: str) -> tuple[str, str]:
    container, separator, image = text.partition("=")
    if not (container and separator and image):
        raise typer.BadParameter(f"{text!r} is not of the form CONTAINER=IMAGE", param_hint="CONTAINER=IMAGE")
    return container, image


def _steer(decide: Callable[[Rollout], Action], name: str, namespace: str, kubeconfig: str, context: str) -> None:
    from reconciler.cli.rollouts.acting import act
    from reconciler.cli.rollouts.reading import rollout_called

    cluster, here = reach(kubeconfig, context, namespace)
    action = act(cluster, here, name, lambda: decide(rollout_called(cluster, here, name)))
    _tell(action, here, name)


def _tell(action: Action, namespace: str, name: str, declared: Object | None = None, *, instead: str = "") -> None:
    """What happened, what comes next, and that git has the last word on what it declares."""
    from reconciler.cli.declared import declared_by

    typer.echo(f"Rollout {namespace}/{name} {action.told}" + (f": {action.next_}" if action.next_ else ""))
    if action.patches and declared and (who := declared_by(declared)):
        typer.echo(f"{who} applies it from git: with self-heal that is back at once, else with the next sync", err=True)
        typer.echo(f"→ {instead or 'change it in git, too'}", err=True)
