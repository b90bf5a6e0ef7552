"""The testbed for people: `up` gives a cluster to play with, `build` only builds its programs."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.testbed import binaries
from tests.testbed.components import CONTROL_PLANE, GO_MODULES, TRAEFIK
from tests.testbed.controlplane import ControlPlane
from tests.testbed.forward import Forward
from tests.testbed.gitea import Gitea
from tests.testbed.network import HOST, Namespace
from tests.testbed.pods import Pods
from tests.testbed.processes import ComponentFailed
from tests.testbed.prometheus import Prometheus
from tests.testbed.traefik import Traefik


def main() -> int:
    options = _options()
    try:
        _build(everything=options.command == "build" or options.full)
        if options.command == "up":
            _up(full=options.full)
    except (binaries.Missing, ComponentFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.testbed", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build or install every program into the cache and stop")
    up = commands.add_parser("up", help="start a real control plane with fake nodes, until Ctrl-C")
    up.add_argument("--full", action="store_true", help="also Traefik, traffic to pods, Prometheus, Gitea (needs root)")
    parser.set_defaults(full=False)
    return parser.parse_args()


def _build(everything: bool) -> None:
    for module in GO_MODULES if everything else (CONTROL_PLANE,):
        if not binaries.directory(module).exists():
            print(f"building {module.name} {module.version} (minutes, once)", flush=True)
        binaries.build(module)
    if everything:
        binaries.install(TRAEFIK)


def _up(full: bool) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="testbed-") as directory, ExitStack() as stack:
        Path(directory).chmod(0o755)
        for name, value in _started(Path(directory), stack, full):
            print(f"{name:<12} {value}", flush=True)
        print("Ctrl-C ends it", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("stopping")


def _started(directory: Path, stack: ExitStack, full: bool) -> Iterator[tuple[str, object]]:
    network = stack.enter_context(_network(full))
    control_plane = stack.enter_context(ControlPlane(directory / "control-plane", network=network))
    yield "kubeconfig", control_plane.kubeconfig
    yield "logs", directory
    yield _reachable(stack, network, "api server", control_plane.url)
    if not full:
        return
    stack.enter_context(Pods(network, control_plane.get))
    traefik = stack.enter_context(Traefik(control_plane, directory))
    yield _reachable(stack, network, "traefik", traefik.url)
    prometheus = stack.enter_context(Prometheus(directory / "prometheus", network, {"traefik": traefik.metrics}))
    yield _reachable(stack, network, "prometheus", prometheus.url)
    gitea = stack.enter_context(Gitea(directory / "gitea", network))
    yield _reachable(stack, network, "gitea", gitea.url)
    yield "gitea token", gitea.token


@contextmanager
def _network(full: bool) -> Iterator[Namespace]:
    network = Namespace() if full else HOST
    network.start()
    try:
        yield network  # type: ignore[misc]
    finally:
        network.stop()


def _reachable(stack: ExitStack, network: Namespace, name: str, url: str) -> tuple[str, str]:
    """The same URL works outside the namespace too."""
    if network.isolated:
        stack.enter_context(Forward(network, int(url.rpartition(":")[2])))
    return name, url


if __name__ == "__main__":
    sys.exit(main())
