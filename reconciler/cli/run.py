"""`reconciler run`: the daemon."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.errors import Problem, UserError

if TYPE_CHECKING:
    from reconciler.config.model import RolloutsEngine, Settings

ONE_LINE = "On one line, without a file"
ENGINE = "The rollouts engine"


class Part(StrEnum):
    """What can be run by itself."""

    ROLLOUTS = "rollouts"


DEFAULT_LISTEN = "127.0.0.1:8080"


def run(
    config: Annotated[
        Path | None, typer.Option(help="Repositories and applications; see README. Excludes the flags below.")
    ] = None,
    repo: Annotated[str, typer.Option(help="URL or path of the git repository.", rich_help_panel=ONE_LINE)] = "",
    path: Annotated[str, typer.Option(help="Directory with the manifests.", rich_help_panel=ONE_LINE)] = ".",
    branch: Annotated[str, typer.Option(help="The branch to follow.", rich_help_panel=ONE_LINE)] = "main",
    namespace: Annotated[
        str,
        typer.Option(
            help="Where objects without one go; records are kept here too; default: default. "
            "With --only: the only one to look at; default: all.",
            rich_help_panel=ONE_LINE,
        ),
    ] = "",
    kubeconfig: Annotated[
        str, typer.Option(help="Default: in-cluster, else KUBECONFIG or ~/.kube/config.", rich_help_panel=ONE_LINE)
    ] = "",
    context: Annotated[str, typer.Option(help="Context of the kubeconfig.", rich_help_panel=ONE_LINE)] = "",
    prometheus: Annotated[
        str, typer.Option(help="For metrics without an address of their own.", rich_help_panel=ONE_LINE)
    ] = "",
    forge_api: Annotated[
        str, typer.Option(help="API for commit statuses; default: GitHub's.", rich_help_panel=ONE_LINE)
    ] = "",
    forge_repo: Annotated[
        str, typer.Option(help="OWNER/NAME there; default: from --repo.", rich_help_panel=ONE_LINE)
    ] = "",
    poll: Annotated[str, typer.Option(help="How often to look for commits.", rich_help_panel=ONE_LINE)] = "60s",
    listen: Annotated[
        str, typer.Option(help="Page, metrics, probes and hooks; default 127.0.0.1:8080. Also with --config.")
    ] = "",
    name: Annotated[str, typer.Option(help="Application; default: from --path.", rich_help_panel=ONE_LINE)] = "",
    insecure_http: Annotated[
        bool,
        typer.Option("--insecure-http", help="Read --repo over plain http, unprotected.", rich_help_panel=ONE_LINE),
    ] = False,
    only: Annotated[
        Part | None,
        typer.Option(help="Drive Rollouts and analyses alone, without any repository.", rich_help_panel=ENGINE),
    ] = None,
    instance_id: Annotated[
        str,
        typer.Option(
            help="Only objects labelled argo-rollouts.argoproj.io/controller-instance-id=ID; default: only those "
            "without that label.",
            rich_help_panel=ENGINE,
        ),
    ] = "",
    shards: Annotated[
        int,
        typer.Option(
            help="Divide Rollouts among replicas that work at the same time; all must say the same number, about "
            "twice that of the replicas. 0: one works, the others wait.",
            rich_help_panel=ENGINE,
        ),
    ] = 0,
    disable_step_plugin: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Pass over steps with this plugin. Repeatable.", rich_help_panel=ENGINE),
    ] = None,
) -> None:
    """Follow a branch and deliver what is pushed to it, until stopped.

    Secrets come from the environment (or from the file that NAME_FILE names): GITHUB_TOKEN for commit statuses and
    reading over https, RECONCILER_WEBHOOK_SECRET for POST /hooks/github, RECONCILER_SSH_KEY and
    RECONCILER_KNOWN_HOSTS for ssh.

    Examples:

    reconciler run --repo https://github.com/acme/deployments --path shop --namespace shop

    reconciler run --only rollouts --namespace shop
    """
    from reconciler.config.alone import alone
    from reconciler.config.flags import settings_from_flags
    from reconciler.config.load import load_settings
    from reconciler.config.model import Kubernetes, RolloutsEngine

    engine = RolloutsEngine(only is Part.ROLLOUTS, instance_id, shards, tuple(disable_step_plugin or ()))
    of_git = {"--config": config, "--repo": repo, "--forge-api": forge_api, "--forge-repo": forge_repo, "--name": name}
    given = [flag for flag, value in of_git.items() if value]
    if engine.only:
        _refuse(given)
        where = Kubernetes(kubeconfig, context, watch_namespace=namespace)
        settings = alone(engine, where, prometheus, listen or DEFAULT_LISTEN, os.environ)
    elif (config is None) == (not repo):
        what = "--config and --repo exclude each other" if repo else "neither --config nor --repo is given"
        fix = "give --config FILE, or --repo URL with the flags that go with it, or --only rollouts"
        raise UserError(Problem(what, fix))
    elif config is not None:
        _refuse_beside_a_file(engine)
        settings = load_settings(config, os.environ)
        settings = replace(settings, listen=listening(listen)) if listen else settings
    else:
        settings = settings_from_flags(
            repo, path, branch, namespace or "default", kubeconfig, context, prometheus, forge_api, forge_repo, poll,
            listen or DEFAULT_LISTEN, name, os.environ, insecure_http, engine,
        )  # fmt: skip
    serve(settings)


def _refuse(flags_of_git: list[str]) -> None:
    if flags_of_git:
        what = f"--only rollouts knows no repository: {', '.join(flags_of_git)} cannot go with it"
        raise UserError(Problem(what, "leave one or the other out"))


def _refuse_beside_a_file(engine: RolloutsEngine) -> None:
    if engine.instance_id or engine.shards or engine.disabled_step_plugins:
        what = "--instance-id, --shards and --disable-step-plugin do not go with --config"
        fix = "write rollouts.instanceID, rollouts.shards and rollouts.disabledStepPlugins there"
        raise UserError(Problem(what, fix))


def listening(listen: str) -> str:
    """The value of --listen. Raises `UserError` when it is no address."""
    from reconciler.config.load import check_listen

    try:
        return check_listen(listen)
    except ValueError as error:
        raise UserError(Problem(f"--listen: {error}")) from None


def serve(settings: Settings) -> None:
    """Runs the daemon until a signal asks it to end."""
    from reconciler.daemon import Daemon
    from reconciler.runtime.clock import SystemClock
    from reconciler.runtime.shutdown import on_signals
    from reconciler.telemetry import log

    log.configure(settings.log_format)
    stop = threading.Event()
    on_signals(stop)
    daemon = Daemon(settings, SystemClock())
    daemon.start()
    try:
        stop.wait()
    finally:
        daemon.stop()
