"""What one can do with a control plane that is up, whoever started it."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from tests.testbed import kubeconfig
from tests.testbed.binaries import find
from tests.testbed.network import HOST, Network

ADMIN = "admin"
DAEMON = "system:serviceaccount:reconciler:reconciler"
USERS = (ADMIN, DAEMON)
NAMESPACES = {ADMIN: "default", DAEMON: "reconciler"}
"""The current namespace of each user's kubeconfig."""


class Access:
    """`kubeconfig` is a cluster admin's; `kubeconfig_of(DAEMON)` may only what the RBAC that a test installs allows."""

    def __init__(self, directory: Path, url: str, network: Network = HOST) -> None:
        self.directory = directory
        self.url = url
        self.network = network

    @property
    def kubeconfig(self) -> Path:
        return self.kubeconfig_of(ADMIN)

    def kubeconfig_of(self, user: str) -> Path:
        return self.directory / f"kubeconfig-{user.rpartition(':')[2]}"

    @property
    def env(self) -> dict[str, str]:
        """For programs that find their cluster by themselves."""
        return {"KUBECONFIG": str(self.kubeconfig)}

    @property
    def audit_log(self) -> Path:
        return self.directory / "audit.log"

    @property
    def certificate(self) -> Path:
        return self.directory / "certificates" / "apiserver.crt"

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """kubectl's standard output. Raises CalledProcessError, whose `stderr` says why."""
        done = subprocess.run(
            [*self.network.prefix, str(find("kubectl")), "--kubeconfig", str(self.kubeconfig), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "HOME": str(self.directory)},
        )
        if done.returncode:
            error = subprocess.CalledProcessError(done.returncode, list(arguments), done.stdout, done.stderr)
            error.add_note(done.stderr)
            raise error
        return done.stdout

    def get(self, path: str) -> dict[str, Any]:
        """The admin's GET of an API path, decoded. Raises urllib.error.HTTPError."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        headers = {"Authorization": f"Bearer {kubeconfig.token(self.kubeconfig)}", "User-Agent": "testbed"}
        request = urllib.request.Request(self.url + path, headers=headers)
        with self.network.entered(), urllib.request.urlopen(request, timeout=5, context=context) as response:
            answer: dict[str, Any] = json.loads(response.read() or "{}")
        return answer

    def requests(self, user_agent: str) -> Counter[str]:
        """Finished requests of clients whose user agent starts so, as "verb resource" → count."""
        counts: Counter[str] = Counter()
        for line in self.audit_log.read_text().splitlines():
            entry = json.loads(line)
            if entry.get("userAgent", "").startswith(user_agent):
                counts[f"{entry['verb']} {entry.get('objectRef', {}).get('resource', '')}"] += 1
        return counts
