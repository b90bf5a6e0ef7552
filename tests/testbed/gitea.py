"""A real git forge: Gitea with one user and a token, whose statuses API has GitHub's shape."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.testbed.binaries import find, module_source
from tests.testbed.components import GITEA
from tests.testbed.network import Network
from tests.testbed.processes import Process, free_ports
from tests.testbed.web import answers, ask

OWNER = "founder"
_INI = """
APP_NAME = testbed
RUN_USER = {user}
RUN_MODE = prod
WORK_PATH = {directory}
[server]
PROTOCOL = http
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
STATIC_ROOT_PATH = {directory}/static
DISABLE_SSH = true
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
PATH = {directory}/gitea.db
[repository]
ROOT = {directory}/repositories
DEFAULT_BRANCH = main
[security]
INSTALL_LOCK = true
SECRET_KEY = {secret}
PASSWORD_HASH_ALGO = pbkdf2_v1
[webhook]
ALLOWED_HOST_LIST = loopback
DELIVER_TIMEOUT = 5
[service]
DISABLE_REGISTRATION = true
[cron]
ENABLED = false
[log]
LEVEL = Warn
MODE = console
[indexer]
ISSUE_INDEXER_TYPE = db
[actions]
ENABLED = false
"""


class Gitea:
    """`directory` must be reachable by an unprivileged user, since Gitea refuses root."""

    def __init__(self, directory: Path, network: Network) -> None:
        self._directory = directory
        self._network = network
        self._user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        [self._port] = free_ports(1)
        self._process: Process | None = None
        self.token = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def api(self) -> str:
        return f"{self.url}/api/v1"

    def start(self) -> Gitea:
        self._lay_out()
        self._command("migrate")
        account = ["--username", OWNER, "--email", f"{OWNER}@testbed.invalid", "--password", secrets.token_hex(16)]
        self._command("admin", "user", "create", "--admin", "--must-change-password=false", *account)
        token = self._command("admin", "user", "generate-access-token", "--username", OWNER, "--scopes", "all", "--raw")
        self.token = token.split()[-1]
        self._process = Process("gitea", self._argv("web"), self._directory / "gitea.log", env=self._env())
        self._process.wait_until(lambda: answers(self._network, f"{self.url}/api/healthz"), 60)
        return self

    def stop(self) -> None:
        if self._process:
            self._process.kill()

    def __enter__(self) -> Gitea:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def create_repository(self, name: str) -> str:
        """A private, empty repository; returns its clone URL, without credentials."""
        self.ask("POST", "/user/repos", {"name": name, "private": True, "default_branch": "main"})
        return f"{self.url}/{OWNER}/{name}.git"

    def push_url(self, name: str) -> str:
        """The clone URL with the owner's credentials in it: for pushes of tests only."""
        return f"http://{OWNER}:{self.token}@127.0.0.1:{self._port}/{OWNER}/{name}.git"

    def add_webhook(self, name: str, url: str, secret: str) -> None:
        """Pushes to the repository are posted to `url`, signed with `secret` as GitHub does."""
        config = {"url": url, "content_type": "json", "secret": secret}
        hook = {"type": "gitea", "active": True, "events": ["push"], "config": config}
        self.ask("POST", f"/repos/{OWNER}/{name}/hooks", hook)

    def statuses(self, name: str, sha: str) -> list[dict[str, Any]]:
        """All statuses ever set on a commit, newest first."""
        found: list[dict[str, Any]] = self.ask("GET", f"/repos/{OWNER}/{name}/commits/{sha}/statuses?limit=50")
        return sorted(found, key=lambda status: int(status["id"]), reverse=True)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        return ask(self._network, method, self.api + path, body, self.token)

    def _lay_out(self) -> None:
        source = module_source(GITEA, "code.gitea.io/gitea")
        self._directory.mkdir(parents=True, exist_ok=True)
        for part in ("templates", "options", "public"):
            shutil.copytree(source / part, self._directory / "static" / part, copy_function=shutil.copyfile)
        shutil.copy(find("gitea"), self._directory / "gitea")
        ini = _INI.format(user=self._user, directory=self._directory, port=self._port, secret=secrets.token_hex(32))
        (self._directory / "app.ini").write_text(ini)
        if os.geteuid() == 0:
            for path in (self._directory, *self._directory.rglob("*")):
                shutil.chown(path, self._user)
                path.chmod(0o755)

    def _argv(self, *arguments: str) -> list[str]:
        identity: list[str] = []
        if os.geteuid() == 0:
            account = pwd.getpwnam(self._user)
            identity = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
            identity += ["--pdeathsig", "KILL", "--"]  # changing the user has cleared the one set before
        gitea, config = str(self._directory / "gitea"), f"{self._directory}/app.ini"
        return [*self._network.prefix, *identity, gitea, *arguments, "--config", config]

    def _env(self) -> dict[str, str]:
        return {"HOME": str(self._directory), "USER": self._user, "GITEA_WORK_DIR": str(self._directory)}

    def _command(self, *arguments: str) -> str:
        done = subprocess.run(
            self._argv(*arguments),
            env={**os.environ, **self._env()},
            cwd=self._directory,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"gitea {arguments[0]} failed: {done.stderr[-2000:]}{done.stdout[-2000:]}")
        return done.stdout
