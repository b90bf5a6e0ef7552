"""A small world for a whole daemon: the sandbox, a repository of files and a forge that remembers statuses."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

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
from reconciler.daemon import Daemon
from reconciler.git.commits import commit_files, create_repository
from reconciler.runtime.clock import SystemClock
from reconciler.sandbox.controllers.settings import Timing
from reconciler.sandbox.demo import forge_api
from reconciler.sandbox.demo.serving import LocalServer
from reconciler.sandbox.server import Sandbox

PATIENCE_SECONDS = 30.0
HOOK_SECRET = "hook-secret"
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers: [{{name: app, image: "shop:{version}"}}]
"""


class World:
    """A context manager. Daemons that it made are stopped at its end."""

    def __init__(self, directory: Path, *, ready_seconds: float = 0.1) -> None:
        self._directory, self._open = directory, ExitStack()
        self.sandbox = Sandbox(timing=Timing(ready_seconds=ready_seconds))
        self.book = forge_api.StatusBook("forge-token")

    def __enter__(self) -> World:
        self._open.enter_context(self.sandbox)
        forge = LocalServer(forge_api.application(self.book))
        self._forge_url = forge.start()
        self._open.callback(forge.stop)
        self._repository = self._directory / "shop.git"
        create_repository(self._repository)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def settings(self, *, poll_seconds: float = 0.5, apps: tuple[str, ...] = ("web",), server: str = "") -> Settings:
        """`server` is another API server's URL than the sandbox's."""
        config = self._directory / f"kubeconfig-{server[-5:]}"
        self.sandbox.kubeconfig(config)
        if server:
            config.write_text(config.read_text().replace(self.sandbox.url, server))
        url = str(self._repository)
        forge = Forge("github", self._forge_url, "acme/shop", Secret("forge-token"), None, Secret(HOOK_SECRET))
        return Settings(
            repositories=(Repository(url, poll_seconds=poll_seconds, forge=forge),),
            applications=tuple(
                Application(app, Source(url, app), Destination("default"), SyncPolicy(Automated(True, True)))
                for app in apps
            ),
            kubernetes=Kubernetes(str(config), namespace="default"),
            listen="127.0.0.1:0",
            cache_dir=str(self._directory / "cache"),
        )

    def daemon(self, settings: Settings | None = None) -> Daemon:
        """One that runs."""
        daemon = Daemon(settings or self.settings(), SystemClock())
        self._open.callback(daemon.stop)
        daemon.start()
        return daemon

    def push(self, version: str, app: str = "web", manifest: str = WEB) -> str:
        files = {f"{app}/web.yaml": manifest.format(version=version).replace("name: web", f"name: {app}").encode()}
        return commit_files(self._repository, files, f"{app} {version}")

    def announce(self, daemon: Daemon, sha: str, secret: str = HOOK_SECRET) -> int:
        """A push webhook as GitHub sends it; the HTTP status of the answer."""
        body = json.dumps({"ref": "refs/heads/main", "after": sha, "repository": {"full_name": "acme/shop"}}).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": sha[:8],
            "X-Hub-Signature-256": f"sha256={signature}",
            "Content-Type": "application/json",
        }
        return ask(urllib.request.Request(f"{daemon.url}/hooks/github", body, headers))[0]

    def state(self, sha: str, context: str = "reconciler/web") -> str:
        of_context = [status.state for status in self.book.of(sha) if status.context == context]
        return of_context[-1] if of_context else ""

    def wait_for(self, what: str, check: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not check():
            said = [f"{status.sha[:7]} {status.state} {status.description}" for status in self.book.posted]
            assert time.monotonic() < deadline, f"never saw {what}; statuses: {said}"
            time.sleep(0.02)

    def ends_with(self, sha: str, state: str, context: str = "reconciler/web") -> None:
        self.wait_for(f"{state} for {sha[:7]}", lambda: self.state(sha, context) == state)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.sandbox.url + path, timeout=10) as answer:
            return json.load(answer)


def ask(request: urllib.request.Request | str) -> tuple[int, str]:
    """Status and text of an answer, whatever it is."""
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
