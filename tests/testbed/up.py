"""`python -m tests.testbed up`: the components for a person, with what they need to know printed as it comes up."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.testbed.controlplane import ControlPlane
from tests.testbed.forward import Forward
from tests.testbed.gitea import Gitea
from tests.testbed.network import HOST, Namespace, Network
from tests.testbed.pods import Pods
from tests.testbed.prometheus import Prometheus
from tests.testbed.traefik import Traefik


def up(full: bool) -> None:
    """Start, print where everything is, wait for Ctrl-C, end everything."""
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
def _network(full: bool) -> Iterator[Network]:
    network: Network = Namespace() if full else HOST
    network.start()
    try:
        yield network
    finally:
        network.stop()


def _reachable(stack: ExitStack, network: Network, name: str, url: str) -> tuple[str, str]:
    """The same URL works outside the namespace too."""
    if network.isolated:
        stack.enter_context(Forward(network, int(url.rpartition(":")[2])))
    return name, url
