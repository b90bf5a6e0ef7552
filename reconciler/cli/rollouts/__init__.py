"""`reconciler rollouts …`: looking at Rollouts, steering them, and seeing before a release how it will go."""

from __future__ import annotations

import typer

from reconciler.cli.rollouts import look, planning, steer
from reconciler.cli.rollouts.familiar import Familiar

LOOK, STEER, BEFORE = "Look", "Steer", "Before a release"

app = typer.Typer(
    cls=Familiar,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Look at Rollouts and steer them. Works on any cluster, without the daemon.\n\n"
    "What is it waiting for? [bold]get NAME[/bold]. Is it over? [bold]status NAME[/bold]. "
    "It is bad: [bold]abort NAME[/bold]. It is good: [bold]promote NAME[/bold].\n\n"
    "Verbs and options are those of kubectl argo rollouts; what is called otherwise here is said when you type it.",
    epilog="Every verb takes -n NAMESPACE, --kubeconfig and --context. Exit codes: 0 done, 1 not Healthy (status), "
    "2 it could not be done. AnalysisRuns: reconciler analysis. Experiments: reconciler experiments.",
)
app.command("list", rich_help_panel=LOOK)(look.list_)
for verb in (look.get, look.status, look.history):
    app.command(rich_help_panel=LOOK)(verb)
for action in (steer.promote, steer.abort, steer.retry, steer.pause, steer.resume, steer.undo, steer.restart):
    app.command(rich_help_panel=STEER)(action)
app.add_typer(steer.images, name="set", rich_help_panel=STEER)
for question in (planning.plan, planning.simulate):
    app.command(rich_help_panel=BEFORE)(question)
