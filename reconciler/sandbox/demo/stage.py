"""Everything around the daemon in the demo: a cluster, a repository, users with their metrics, and a forge.

Nothing leaves this machine: all servers listen on loopback, and the repository lives in the given directory.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from reconciler.git.commits import commit_files, create_repository
from reconciler.kube.api import Cluster, Resource
from reconciler.kube.client import HttpCluster
from reconciler.runtime.clock import Clock
from reconciler.sandbox.demo import forge_api, manifests, prometheus_api, scrape
from reconciler.sandbox.demo.real_prometheus import LocalPrometheus
from reconciler.sandbox.demo.series import SeriesStore
from reconciler.sandbox.demo.serving import LocalServer
from reconciler.sandbox.demo.shoppers import Shoppers
from reconciler.sandbox.server import Sandbox

APP = "shop"
NAMESPACE = "shop"
FORGE_REPO = "demo/shop"
TOKEN = "demo-token"  # noqa: S105 - opens nothing but the stand-in on loopback

DEFINITIONS = Resource(
    "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False
)
NAMESPACES = Resource("", "v1", "Namespace", "namespaces", namespaced=False)


@dataclass(frozen=True, slots=True)
class Release:
    """One push of the story, and the state that its commit ends with."""

    tag: str
    subject: str
    ends: str = "success"

    @property
    def image(self) -> str:
        return f"registry.example/shop:{self.tag}"


RELEASES = (
    Release("1.0", "Open the shop"),
    Release("1.1", "Show prices in euros"),
    Release("1.2-failing", "Talk to the new payment service", "failure"),
    Release("1.3-slow", "Recommend what others bought", "failure"),
)


class Stage:
    """A context manager; inside it all servers run and the attributes hold their addresses."""

    def __init__(
        self, directory: Path, clock: Clock, *, prometheus: Callable[[Path, str], LocalPrometheus] | None = None
    ) -> None:
        self.repository = directory / "shop.git"
        self.kubeconfig = directory / "kubeconfig"
        self.book = forge_api.StatusBook(TOKEN)
        self._directory = directory
        self._clock = clock
        self._start_prometheus = prometheus
        self._samples = SeriesStore()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._raise_curtain()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def push(self, release: Release) -> str:
        """Commits the sample shop at this release on main; returns the sha."""
        files = {f"shop/{name}": content for name, content in manifests.sample(release.image).items()}
        return commit_files(self.repository, files, release.subject)

    def _raise_curtain(self) -> None:
        sandbox = Sandbox()
        self.cluster_url = sandbox.start()
        self._open.callback(sandbox.stop)
        sandbox.kubeconfig(self.kubeconfig)
        cluster = HttpCluster.for_url(self.cluster_url)
        _prepare(cluster)
        create_repository(self.repository)
        self.forge_url = self._serve(LocalServer(forge_api.application(self.book), name="forge"))
        self.shoppers = Shoppers(cluster, self._samples, self._clock, namespace=NAMESPACE, route=APP)
        self.shoppers.start()
        self._open.callback(self.shoppers.stop)
        self.prometheus_url = self._prometheus()

    def _prometheus(self) -> str:
        if self._start_prometheus is None:
            return self._serve(LocalServer(prometheus_api.application(self._samples), name="prometheus"))
        metrics = self._serve(LocalServer(scrape.application(self.shoppers.counters), name="metrics"))
        real = self._start_prometheus(self._directory / "prometheus", metrics)
        self._open.callback(real.stop)
        return real.url

    def _serve(self, server: LocalServer) -> str:
        url = server.start()
        self._open.callback(server.stop)
        return url


def _prepare(cluster: Cluster) -> None:
    for definition in manifests.definitions():
        cluster.create(DEFINITIONS, None, definition)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    cluster.create(NAMESPACES, None, namespace)
