"""`reconciler rollouts …`: looking at Rollouts, steering them, and seeing before a release how it will go."""

from __future__ import annotations

import typer

from reconciler.cli.rollouts import look, planning, steer
from reconciler.cli.rollouts.familiar import Familiar

app = typer.Typer(
    cls=Familiar,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Look at Rollouts and steer them. Works on any cluster, without the daemon.",
)
app.command("list")(look.list_)
for verb in (look.get, look.status, look.history):
    app.command()(verb)
for action in (steer.promote, steer.abort, steer.retry, steer.pause, steer.resume, steer.restart, steer.undo):
    app.command()(action)
app.add_typer(steer.images, name="set")
for question in (planning.plan, planning.simulate):
    app.command()(question)
