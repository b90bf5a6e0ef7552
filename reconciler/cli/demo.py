"""`reconciler demo`: the whole way from push to commit status, on this machine alone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.live import Live

from reconciler.cli.screen import Row, Users, board, line, table

if TYPE_CHECKING:
    from reconciler.config.model import Settings
    from reconciler.sandbox.demo.stage import Release, Stage

VERDICT_SECONDS = 60.0
FINAL = ("success", "failure", "error")


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running, to push versions of your own.")] = False,
    prometheus: Annotated[bool, typer.Option("--prometheus", help="Judge with the `prometheus` on PATH.")] = False,
    listen: Annotated[str, typer.Option(help="Where the page is served.")] = "127.0.0.1:0",
) -> None:
    """Watch three releases being judged: a good, a failing and a slow one. No cluster, no root, no internet.

    The real daemon runs against an in-memory Kubernetes API server, a git repository in a temporary directory, a sample
    shop with simulated users, and a stand-in for GitHub's commit statuses.
    """
    console = Console()
    console.print("[bold]reconciler demo[/bold]  starting a cluster, a repository, a forge and 80 requests a second …")
    with (
        tempfile.TemporaryDirectory(prefix="reconciler-demo-") as folder,
        _playing(Path(folder), listen, prometheus) as (stage, page),
    ):
        play = _Play(stage, page, console)
        fine = play.run()
        console.print()
        console.print(table(play.rows))
        if keep:
            _keep(console, stage, page)
    raise typer.Exit(0 if fine else 1)


@contextmanager
def _playing(folder: Path, listen: str, prometheus: bool) -> Iterator[tuple[Stage, str]]:
    """The stage with the daemon on it, and the page's address."""
    from reconciler.daemon import Daemon
    from reconciler.runtime.clock import SystemClock
    from reconciler.sandbox.demo.real_prometheus import LocalPrometheus
    from reconciler.sandbox.demo.stage import Stage
    from reconciler.telemetry import log

    log.configure("json", stream=(folder / "daemon.log").open("w"))
    clock = SystemClock()
    with Stage(folder, clock, prometheus=LocalPrometheus if prometheus else None) as stage:
        daemon = Daemon(_settings(stage, folder, listen), clock)
        daemon.start()
        try:
            yield stage, daemon.url
        finally:
            daemon.stop()


def _settings(stage: Stage, folder: Path, listen: str) -> Settings:
    from reconciler.config.model import (
        Application,
        Automated,
        Destination,
        Forge,
        Kubernetes,
        Repository,
        Secret,
        Settings,
        Source,
        SyncPolicy,
    )
    from reconciler.sandbox.demo.stage import APP, FORGE_REPO, NAMESPACE, TOKEN

    forge = Forge(api_url=stage.forge_url, repo=FORGE_REPO, token=Secret(TOKEN))
    url = str(stage.repository)
    application = Application(
        name=APP,
        source=Source(repo_url=url, path="shop"),
        destination=Destination(namespace=NAMESPACE),
        sync_policy=SyncPolicy(automated=Automated(prune=True, self_heal=True)),
    )
    return Settings(
        repositories=(Repository(url=url, poll_seconds=1.0, forge=forge),),
        applications=(application,),
        kubernetes=Kubernetes(kubeconfig=str(stage.kubeconfig), namespace=NAMESPACE),
        listen=listen,
        prometheus_url=stage.prometheus_url,
        cache_dir=str(folder / "cache"),
    )


class _Play:
    """Pushes the releases one after another and shows what happens until each has its verdict."""

    def __init__(self, stage: Stage, page: str, console: Console) -> None:
        self.rows: list[Row] = []
        self._stage, self._page, self._console = stage, page, console
        self._seen_requests = self._seen_failed = 0

    def run(self) -> bool:
        """True when every release ended as the story says."""
        from reconciler.sandbox.demo.stage import RELEASES

        live = Live(console=self._console, refresh_per_second=8, transient=True)
        if not self._console.is_terminal:
            return self._releases(RELEASES, None)
        with live:
            return self._releases(RELEASES, live)

    def _releases(self, releases: Iterable[Release], live: Live | None) -> bool:
        ended = [self._release(release, live) for release in releases]
        return all(ended)

    def _release(self, release: Release, live: Live | None) -> bool:
        from reconciler.runtime.clock import SystemClock

        clock = SystemClock()
        self._seen_requests, self._seen_failed = self._stage.shoppers.counters.totals()
        started = clock.monotonic()
        self.rows.append(Row(self._stage.push(release), release.subject, release.tag))
        while self.rows[-1].state not in FINAL and clock.monotonic() - started < VERDICT_SECONDS:
            self._update(clock.monotonic() - started, live)
            clock.sleep(0.1)
        return self.rows[-1].state == ("failure" if "-" in release.tag else "success")

    def _update(self, seconds: float, live: Live | None) -> None:
        row = self.rows[-1]
        status = self._stage.book.latest(row.sha)
        if status and (status.state, status.description) != (row.state, row.description):
            row = replace(row, state=status.state, description=status.description, seconds=seconds)
            self.rows[-1] = row
            if live is None:
                self._console.print(line(row), highlight=False, soft_wrap=True)
        if live is not None:
            live.update(board(self.rows, self._users(), self._page))

    def _users(self) -> Users:
        requests, failed = self._stage.shoppers.counters.totals()
        weights = tuple((backend.service, backend.weight) for backend in self._stage.shoppers.backends())
        return Users(requests - self._seen_requests, failed - self._seen_failed, weights)


def _keep(console: Console, stage: Stage, page: str) -> None:
    """Says how to push, and waits to be interrupted."""
    import threading

    console.print(
        f"\nStill running. The page: {page}\n\n"
        f"  git clone {stage.repository} /tmp/shop && cd /tmp/shop\n"
        "  sed -i 's|shop:.*|shop:1.4|' shop/rollout.yaml      # any tag; …-failing and …-slow behave so\n"
        "  git commit -am 'Release 1.4' && git push\n\n"
        f"  kubectl --kubeconfig {stage.kubeconfig} -n shop get rollouts,pods -w\n\n"
        "Ctrl-C ends it and removes everything.",
        highlight=False,
        soft_wrap=True,
    )
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        console.print("bye")
