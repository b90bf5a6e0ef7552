"""The developer's side: a clone of the shop's repository, commits and pushes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.testbed.network import Network

_APP = Path(__file__).parent / "app"
_IDENTITY = {
    "GIT_AUTHOR_NAME": "Founder",
    "GIT_AUTHOR_EMAIL": "founder@testbed.invalid",
    "GIT_COMMITTER_NAME": "Founder",
    "GIT_COMMITTER_EMAIL": "founder@testbed.invalid",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
}


class Clone:
    """A working copy whose `deploy/` holds the manifests of `app/`, with the image tag that was pushed last."""

    def __init__(self, directory: Path, remote: str, network: Network) -> None:
        self._directory = directory
        self._network = network
        self._remote = remote
        directory.mkdir(parents=True)
        self._git("init", "-q", "-b", "main")
        shutil.copytree(_APP, directory / "deploy")

    def push(self, tag: str) -> str:
        """Commit the image tag and push to main; returns the commit's id."""
        self.edit("rollout.yaml", r"(image: \S+:)\S+", rf"\g<1>{tag}")
        return self._commit(f"Release {tag}")

    def edit(self, file: str, pattern: str, replacement: str) -> None:
        """Change a manifest for the next push."""
        path = self._directory / "deploy" / file
        path.write_text(re.sub(pattern, replacement, path.read_text()))

    def remove(self, *files: str) -> str:
        """Delete manifests and push."""
        for file in files:
            (self._directory / "deploy" / file).unlink()
        return self._commit(f"Remove {', '.join(files)}")

    def _commit(self, message: str) -> str:
        self._git("add", "-A")
        self._git("commit", "-q", "-m", message)
        self._git("push", "-q", self._remote, "HEAD:main")
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._network.prefix, "git", "-C", str(self._directory), *arguments],
            env={**os.environ, **_IDENTITY, "HOME": str(self._directory)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"git {arguments[0]} failed: {done.stderr}")
        return done.stdout
