"""A real Kubernetes: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and kwok playing the nodes.

    with ControlPlane(directory) as control_plane:
        control_plane.kubectl("get", "nodes")

Usable in about five seconds. Ports are free ones, everything else is in `directory`, so many can run side by side.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import urllib.error
from pathlib import Path

from tests.testbed import kubeconfig
from tests.testbed.access import ADMIN, DAEMON, NAMESPACES, USERS, Access
from tests.testbed.binaries import find
from tests.testbed.network import HOST, NODE_ADDRESS, POD_CIDR, Network
from tests.testbed.processes import Process, free_ports

_GROUPS = {ADMIN: "system:masters", DAEMON: "system:serviceaccounts"}
_MANIFESTS = Path(__file__).parent / "manifests"


class ControlPlane(Access):
    """Up between `start()` and `stop()`; `nodes` fake nodes with room for thousands of pods each."""

    def __init__(self, directory: Path, *, network: Network = HOST, nodes: int = 2, client_qps: int = 200) -> None:
        self._etcd_port, self._peer_port, self._port = free_ports(3)
        super().__init__(directory, f"https://127.0.0.1:{self._port}", network)
        self._nodes = nodes
        self._qps = client_qps
        self._processes: list[Process] = []

    def start(self) -> ControlPlane:
        self.directory.mkdir(parents=True, exist_ok=True)
        try:
            self._start_etcd()
            self._start_apiserver()
            self._start_controllers()
            self._start_nodes()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End everything at once: the data is thrown away, so nobody has to say goodbye."""
        while self._processes:
            self._processes.pop().kill()

    def __enter__(self) -> ControlPlane:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self, program: str, *flags: str) -> Process:
        argv = [*self.network.prefix, str(find(program)), *flags]
        process = Process(program, argv, self.directory / "logs" / f"{program}.log", env={"HOME": str(self.directory)})
        self._processes.append(process)
        return process

    def _start_etcd(self) -> None:
        client, peer = (f"http://127.0.0.1:{port}" for port in (self._etcd_port, self._peer_port))
        self._run(
            "etcd",
            "--name=testbed",
            f"--data-dir={self.directory / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=testbed={peer}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        )

    def _start_apiserver(self) -> None:
        key = self.directory / "service-accounts.key"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
        tokens = {user: secrets.token_hex(16) for user in USERS}
        token_file = self.directory / "tokens.csv"
        token_file.touch(0o600)
        token_file.write_text("".join(f'{token},{user},{user},"{_GROUPS[user]}"\n' for user, token in tokens.items()))
        server = self._run(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
            f"--cert-dir={self.directory / 'certificates'}",
            f"--secure-port={self._port}",
            "--bind-address=127.0.0.1",
            f"--advertise-address={NODE_ADDRESS}",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.0.0.0/16",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://testbed.invalid",
            f"--token-auth-file={token_file}",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",
            f"--audit-policy-file={_MANIFESTS / 'audit-policy.yaml'}",
            f"--audit-log-path={self.audit_log}",
        )
        server.wait_until(self.certificate.exists, 60)
        for user, token in tokens.items():
            kubeconfig.write(self.kubeconfig_of(user), self.url, token, self.certificate, NAMESPACES[user])
        server.wait_until(self._answers, 90)

    def _start_controllers(self) -> None:
        self._run(
            "kube-controller-manager",
            f"--kubeconfig={self.kubeconfig}",
            "--leader-elect=false",
            "--use-service-account-credentials=false",
            "--secure-port=0",
            "--controllers=*,-nodeipam,-cloud-node-lifecycle",
            f"--kube-api-qps={self._qps}",
            f"--kube-api-burst={self._qps}",
        )
        self._run("kube-scheduler", f"--kubeconfig={self.kubeconfig}", "--leader-elect=false", "--secure-port=0")

    def _start_nodes(self) -> None:
        for number in range(self._nodes):
            self.kubectl("create", "-f", "-", stdin=json.dumps(_node(f"node-{number}")))
        kwok = self._run(
            "kwok",
            f"--kubeconfig={self.kubeconfig}",
            "--manage-all-nodes=true",
            f"--config={_MANIFESTS / 'kwok-stages.yaml'}",
            f"--cidr={POD_CIDR}",
            f"--node-ip={NODE_ADDRESS}",
            "--node-lease-duration-seconds=40",
        )
        kwok.wait_until(self._nodes_are_ready, 60)

    def _answers(self) -> bool:
        try:
            self.get("/api/v1/namespaces/default")
        except (urllib.error.URLError, OSError):
            return False
        return True

    def _nodes_are_ready(self) -> bool:
        ready = self.kubectl("get", "nodes", "-o", 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}')
        return ready.split().count("True") == self._nodes


def _node(name: str) -> dict[str, object]:
    resources = {"cpu": "64", "memory": "256Gi", "pods": "2000"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "status": {"allocatable": resources, "capacity": resources},
    }
