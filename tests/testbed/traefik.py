"""A real Traefik that reads IngressRoutes and TraefikServices from the cluster."""

from __future__ import annotations

import json
from pathlib import Path

from tests.testbed.access import Access
from tests.testbed.binaries import find
from tests.testbed.processes import Process, free_ports
from tests.testbed.web import answers, text

_BUCKETS = "0.01,0.025,0.05,0.1,0.15,0.2,0.3,0.4,0.5,1,2"
_KINDS = {
    "IngressRoute": "ingressroutes",
    "IngressRouteTCP": "ingressroutetcps",
    "IngressRouteUDP": "ingressrouteudps",
    "Middleware": "middlewares",
    "MiddlewareTCP": "middlewaretcps",
    "ServersTransport": "serverstransports",
    "ServersTransportTCP": "serverstransporttcps",
    "TLSOption": "tlsoptions",
    "TLSStore": "tlsstores",
    "TraefikService": "traefikservices",
}


class Traefik:
    """`url` is where users come in; `metrics` is what Prometheus scrapes ("host:port")."""

    def __init__(self, control_plane: Access, directory: Path) -> None:
        self._control_plane = control_plane
        self._directory = directory
        self._web_port, self._metrics_port = free_ports(2)
        self._process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._web_port}"

    @property
    def metrics(self) -> str:
        return f"127.0.0.1:{self._metrics_port}"

    def counters(self) -> str:
        """What it counts, in Prometheus' format."""
        return text(self._control_plane.network, f"http://{self.metrics}/metrics")

    def start(self) -> Traefik:
        network = self._control_plane.network
        define(self._control_plane)
        argv = [*network.prefix, str(find("traefik")), *self._flags()]
        self._process = Process("traefik", argv, self._directory / "traefik.log", env=self._control_plane.env)
        self._process.wait_until(lambda: answers(network, f"http://{self.metrics}/metrics"), 30)
        return self

    def stop(self) -> None:
        if self._process:
            self._process.stop(1)

    def __enter__(self) -> Traefik:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _flags(self) -> list[str]:
        return [
            f"--entrypoints.web.address=127.0.0.1:{self._web_port}",
            f"--entrypoints.metrics.address={self.metrics}",
            "--providers.kubernetescrd=true",
            "--providers.providersthrottleduration=500ms",
            "--metrics.prometheus=true",
            "--metrics.prometheus.entrypoint=metrics",
            "--metrics.prometheus.addserviceslabels=true",
            f"--metrics.prometheus.buckets={_BUCKETS}",
            "--global.checknewversion=false",
            "--global.sendanonymoususage=false",
            "--log.level=INFO",
        ]


def define(cluster: Access) -> None:
    """Installs the definitions of its kinds and waits until they are served: also for tests without the proxy."""
    definitions = {"apiVersion": "v1", "kind": "List", "items": [_definition(kind) for kind in _KINDS]}
    cluster.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(definitions))
    names = [f"crd/{plural}.traefik.io" for plural in _KINDS.values()]
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", *names)


def _definition(kind: str) -> dict[str, object]:
    """A definition that accepts any object of the kind: the proxy validates what it reads by itself."""
    plural = _KINDS[kind]
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.traefik.io"},
        "spec": {
            "group": "traefik.io",
            "scope": "Namespaced",
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "versions": [version],
        },
    }
