"""`reconciler demo`: the whole way from push to commit status, on this machine alone."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.live import Live

from reconciler.cli import INTERRUPTED
from reconciler.cli.run import listening
from reconciler.cli.screen import Row, Scene, Users, board, line, releases

if TYPE_CHECKING:
    from reconciler.daemon import Daemon
    from reconciler.sandbox.demo.stage import Release, Stage

VERDICT_SECONDS = 60.0
LOOK_SECONDS = 0.1
LOG_LINES = 20
FINAL = ("success", "failure", "error")


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running, to push versions of your own.")] = False,
    prometheus: Annotated[bool, typer.Option("--prometheus", help="Judge with the `prometheus` on PATH.")] = False,
    listen: Annotated[str, typer.Option(help="Where the page is served.")] = "127.0.0.1:0",
) -> None:
    """Watch three releases being judged: a good, a failing and a slow one. No cluster, no root, no internet.

    The real daemon runs against an in-memory Kubernetes API server, a git repository in a temporary directory, a sample
    shop with simulated users, and a stand-in for GitHub's commit statuses. Exit code 0: every release ended as told.
    """
    from reconciler.runtime.shutdown import on_signals

    listening(listen)
    stop = threading.Event()
    on_signals(stop, hang_up=True)
    console = Console()
    console.print("[bold]reconciler demo[/bold]  a cluster, a repository, users and a forge on this machine …")
    with (
        tempfile.TemporaryDirectory(prefix="reconciler-demo-") as folder,
        _playing(Path(folder), listen, prometheus) as (stage, daemon),
    ):
        console.print(f"page  {daemon.url}  (open it now: it is live)\n", highlight=False, soft_wrap=True)
        play = _Play(stage, daemon, console, stop)
        fine = play.run()
        if keep and not stop.is_set():
            _keep(console, stage, daemon.url, stop)
        if not (fine or stop.is_set()):
            console.print(_log_tail(Path(folder)), highlight=False, markup=False)
    if stop.is_set() and not (keep and fine):
        console.print("stopped, and everything removed")
        raise typer.Exit(INTERRUPTED)
    raise typer.Exit(0 if fine else 1)


@contextmanager
def _playing(folder: Path, listen: str, prometheus: bool) -> Iterator[tuple[Stage, Daemon]]:
    """The stage with the daemon on it."""
    from reconciler.daemon import Daemon
    from reconciler.runtime.clock import SystemClock
    from reconciler.sandbox.demo.real_prometheus import LocalPrometheus
    from reconciler.sandbox.demo.settings import settings_for
    from reconciler.sandbox.demo.stage import Stage
    from reconciler.telemetry import log

    clock = SystemClock()
    with (
        (folder / "daemon.log").open("w") as written,
        Stage(folder, clock, prometheus=LocalPrometheus if prometheus else None) as stage,
    ):
        log.configure("json", stream=written)
        daemon = Daemon(settings_for(stage, folder, listen), clock)
        daemon.start()
        try:
            yield stage, daemon
        finally:
            daemon.stop()
            log.configure("json")


class _Play:
    """Pushes the releases one after another and shows what happens until each has its verdict."""

    def __init__(self, stage: Stage, daemon: Daemon, console: Console, stop: threading.Event) -> None:
        self.rows: list[Row] = []
        self._stage, self._daemon, self._console, self._stop = stage, daemon, console, stop
        self._before = Users()

    def run(self) -> bool:
        """Plays the story and prints how it ended. True when every release ended as it should."""
        from reconciler.sandbox.demo.stage import RELEASES

        if self._console.is_terminal:
            with Live(console=self._console, refresh_per_second=8, transient=True) as live:
                ended = self._releases(RELEASES, live)
        else:
            ended = self._releases(RELEASES, None)
        if self.rows:
            self._console.print(releases(self.rows))
        for release, fine in ended.items():
            if not fine:
                self._console.print(f"[red]{release.tag} should have ended with {release.ends}[/red]")
        return len(ended) == len(RELEASES) and all(ended.values())

    def _releases(self, story: tuple[Release, ...], live: Live | None) -> dict[Release, bool]:
        """Which of the releases ended as they should; those never pushed are missing."""
        ended: dict[Release, bool] = {}
        for release in story:
            state = "" if self._stop.is_set() else self._release(release, live)
            if self._stop.is_set():
                break
            ended[release] = state == release.ends
        return ended

    def _release(self, release: Release, live: Live | None) -> str:
        """Pushes it and waits for its verdict; returns its last state."""
        from reconciler.runtime.clock import SystemClock

        clock = SystemClock()
        self._before = self._seen()
        started = clock.monotonic()
        self.rows.append(Row(self._stage.push(release), release.subject, release.tag))
        while self.rows[-1].state not in FINAL and clock.monotonic() - started < VERDICT_SECONDS:
            self._update(clock.monotonic() - started, live)
            if self._stop.wait(LOOK_SECONDS):
                break
        return self.rows[-1].state

    def _update(self, seconds: float, live: Live | None) -> None:
        known = self.rows[-1]
        row = replace(known, seconds=seconds, users=self._seen().since(self._before))
        status = self._stage.book.latest(row.sha)
        if status is not None:
            row = replace(row, state=status.state, description=status.description)
        self.rows[-1] = row
        if live is not None:
            live.update(board(self.rows, Scene(self._now(row.sha), self._stage.shoppers.weights())))
        elif (row.state, row.description) != (known.state, known.description):
            self._console.print(line(row), highlight=False, markup=False, soft_wrap=True)

    def _seen(self) -> Users:
        seen = self._stage.shoppers.counters.seen()
        return Users(seen.requests, seen.failed, seen.slow)

    def _now(self, sha: str) -> str:
        """What the commit will be told next, ten seconds early."""
        from reconciler.outcomes.project import project
        from reconciler.runtime.clock import SystemClock
        from reconciler.sandbox.demo.stage import APP

        delivery = self._daemon.delivery(APP)
        outcomes = project(delivery, SystemClock().now()) if delivery else ()
        return next((found.status.description for found in outcomes if found.status.sha == sha), "")


def _keep(console: Console, stage: Stage, page: str, stop: threading.Event) -> None:
    """Says how to push, and tells every status until it is interrupted."""
    clone = stage.repository.parent / "my-shop"
    console.print(
        f"\nStill running. The page: {page}\n\n"
        f"  git clone -c user.name=you -c user.email=you@example.com {stage.repository} {clone}\n"
        f"  cd {clone}\n"
        "  sed -i.before 's|shop:.*|shop:1.4|' shop/rollout.yaml   # any tag; …-failing and …-slow behave so\n"
        "  git commit -am 'Release 1.4' && git push\n\n"
        f"  kubectl --kubeconfig {stage.kubeconfig} -n shop get rollouts,analysisruns,pods\n\n"
        "Statuses of your commits appear below. Ctrl-C ends it and removes everything.\n",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    told = len(stage.book.posted)
    while not stop.wait(LOOK_SECONDS):
        for status in stage.book.posted[told:]:
            row = Row(status.sha, "", "", status.state, status.description)
            console.print(line(row), highlight=False, markup=False, soft_wrap=True)
            told += 1


def _log_tail(folder: Path) -> str:
    lines = (folder / "daemon.log").read_text().splitlines()
    return "\n".join(["the end of the daemon's log:", *lines[-LOG_LINES:]])
