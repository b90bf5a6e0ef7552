"""`reconciler diff`: what git declares against what the cluster runs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.printing import Output, as_json, console
from reconciler.errors import NotFound, Refused, UserError

if TYPE_CHECKING:
    from reconciler.apps.record import Entry
    from reconciler.apps.repositories import Repositories
    from reconciler.config.model import Application, Settings
    from reconciler.kube.api import Cluster
    from reconciler.sync.declared import Desired
    from reconciler.sync.differences import Difference

ONE_LINE = "On one line, without a file"


def diff(
    application: Annotated[str, typer.Argument(help="Only this one; default: all.")] = "",
    config: Annotated[
        Path | None, typer.Option(help="Repositories and applications; excludes the flags below.")
    ] = None,
    repo: Annotated[str, typer.Option(help="URL or path of the git repository.", rich_help_panel=ONE_LINE)] = "",
    path: Annotated[str, typer.Option(help="Directory with the manifests.", rich_help_panel=ONE_LINE)] = ".",
    branch: Annotated[str, typer.Option(help="The branch to compare.", rich_help_panel=ONE_LINE)] = "main",
    namespace: Annotated[str, typer.Option(help="Where objects without one go.", rich_help_panel=ONE_LINE)] = "default",
    name: Annotated[str, typer.Option(help="Application; default: from --path.", rich_help_panel=ONE_LINE)] = "",
    kubeconfig: Annotated[str, typer.Option(help="Default: KUBECONFIG or ~/.kube/config.")] = "",
    context: Annotated[str, typer.Option(help="Context of the kubeconfig.")] = "",
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print.")] = Output.TABLE,
) -> None:
    """Compare the newest commit with the cluster: images first, then objects, field by field.

    Nothing is changed: the server is asked by dry run. Values of Secrets are masked. Exit code 0: no difference,
    1: an object differs or pods run another image (old ones that still drain too), 2: it could not be told.

    Example: reconciler diff --repo . --path deploy/shop --namespace shop
    """
    settings = _settings(config, repo, path, branch, namespace, name, kubeconfig, context)
    found = compare(settings, application)
    _print(found, output)
    if any(item.unknown for item in found):
        raise typer.Exit(2)
    raise typer.Exit(1 if any(item.differs for item in found) else 0)


def compare(settings: Settings, only: str = "") -> list[Difference]:
    """Fetches, renders and asks the server. Raises `UserError` when git or the manifests are wrong."""
    from reconciler import __version__
    from reconciler.apps.repositories import Repositories
    from reconciler.kube.client import connect
    from reconciler.runtime.clock import SystemClock

    apps = [app for app in settings.applications if only in ("", app.name)]
    if not apps:
        raise UserError(f"no Application is called {only!r}")
    where = settings.kubernetes
    cluster = connect(where.kubeconfig, where.context, user_agent=f"reconciler-diff/{__version__}")
    with tempfile.TemporaryDirectory(prefix="reconciler-diff-") as cache:
        repositories = Repositories(settings.repositories, Path(cache), SystemClock(), lambda repository: None)
        used = {(app.source.repo_url, app.source.target_revision) for app in apps}
        for key in repositories.keys():  # noqa: SIM118 - not a mapping
            repository = repositories.repository(key)
            if (repository.url, repository.branch) in used:
                repositories.refresh(key)
        return [_compare(cluster, repositories, app) for app in apps]


def _compare(cluster: Cluster, repositories: Repositories, app: Application) -> Difference:
    from reconciler.render.app import render
    from reconciler.sync.declared import declare
    from reconciler.sync.desired import is_namespaced
    from reconciler.sync.differences import differences

    source = app.source
    sha = repositories.head(source.repo_url, source.target_revision)
    if sha is None:
        raise UserError(f"{source.repo_url} has no commit on {source.target_revision}")
    tree = repositories.tree(source.repo_url, source.target_revision, sha)
    rendered = render(tree, source, app.destination.namespace, lambda api, kind: is_namespaced(cluster, api, kind))
    desired = declare(app, rendered.targets)
    return differences(cluster, app.name, sha, desired, _inventory(cluster, app.name), steered(desired))


def _inventory(cluster: Cluster, app: str) -> tuple[Entry, ...]:
    """What the daemon applied before; empty where it never ran or its records may not be read."""
    from reconciler.apps.record import load_records

    try:
        records = load_records(cluster, None)
    except (Refused, NotFound):
        return ()
    return next((found.record.inventory for found in records if found.record.app == app), ())


def steered(desired: Desired) -> frozenset[tuple[str, str, str]]:
    """(kind, namespace, name) of objects whose weights belong to a Rollout of the same commit."""
    import orjson

    from reconciler.rollouts.model import decode_rollout
    from reconciler.rollouts.traffic import routers

    found = set()
    for item in desired.objects:
        if item.key.kind != "Rollout":
            continue
        canary = decode_rollout(orjson.dumps(item.body)).spec.strategy.canary
        routed = routers.objects(canary.traffic_routing, item.key.name) if canary else []
        found |= {(kind, item.key.namespace, name) for kind, name in routed}
    return frozenset(found)


def _settings(
    config: Path | None,
    repo: str,
    path: str,
    branch: str,
    namespace: str,
    name: str,
    kubeconfig: str,
    context: str,
) -> Settings:
    from dataclasses import replace

    from reconciler.config.flags import settings_from_flags
    from reconciler.config.load import load_settings

    if (config is None) == (not repo):
        raise UserError("give either --config FILE or --repo URL")
    if config is None:
        return settings_from_flags(repo, path, branch, namespace, kubeconfig, context, name=name, env=os.environ)
    settings = load_settings(config, os.environ)
    where = settings.kubernetes
    return replace(
        settings,
        kubernetes=replace(where, kubeconfig=kubeconfig or where.kubeconfig, context=context or where.context),
    )


def _print(found: list[Difference], output: Output) -> None:
    from reconciler.cli.diff_view import view

    if output is Output.JSON:
        print(as_json("differences", found))  # noqa: T201 - this is the answer
        return
    shown = console()
    for item in found:
        shown.print(view(item))
