"""The ground of the end-to-end tests: a cluster whose pods serve, a real proxy before them, and users who come in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.users import Users
from tests.testbed.controlplane import ControlPlane
from tests.testbed.network import Namespace
from tests.testbed.pods import Pods
from tests.testbed.traefik import Traefik

NAMESPACE = "shop"
_INSTALL = Path(__file__).parents[2] / "manifests" / "install" / "base"


@dataclass(frozen=True)
class Ground:
    """All of it, running."""

    directory: Path
    network: Namespace
    cluster: ControlPlane
    traefik: Traefik
    users: Users


@contextmanager
def ground(rate: float, linger_seconds: float = 0) -> Iterator[Ground]:
    """Start everything, with users sending `rate` requests a second, and end it. Pods linger as in `Pods`."""
    network = Namespace()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="e2e-")))
        directory.chmod(0o755)  # a forge, which is not root, lives below it
        network.start()
        stack.callback(network.stop)
        cluster = stack.enter_context(ControlPlane(directory / "control-plane", network=network))
        cluster.kubectl("create", "namespace", NAMESPACE)
        _install(cluster)
        stack.enter_context(Pods(network, cluster.get, linger_seconds))
        traefik = stack.enter_context(Traefik(cluster, directory))
        users = stack.enter_context(Users(network, traefik.url, rate))
        yield Ground(directory, network, cluster, traefik, users)


def _install(cluster: ControlPlane) -> None:
    """What a user installs, but for the daemon's own Deployment: here it is a process that the tests can kill."""
    cluster.kubectl("apply", "--server-side", "-f", str(_INSTALL / "namespace.yaml"))
    cluster.kubectl("apply", "--server-side", "-k", str(_INSTALL))
    cluster.kubectl("-n", "reconciler", "delete", "deployment", "--all")
    # Started on one line, the daemon keeps its lease and records in the namespace that it delivers to.
    cluster.kubectl("-n", NAMESPACE, "apply", "--server-side", "-f", str(_INSTALL / "rbac-daemon.yaml"))
