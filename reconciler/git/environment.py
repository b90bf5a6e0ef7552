"""libgit2's process-wide settings: made safe once, before the first use.

The user's and the system's git configuration are not read (a `url.insteadOf`, a proxy or a hook there would change
what we fetch). ssh finds known_hosts only through the process's home directory, so all repositories share one file in
a private directory. Timeouts are per read; `deadlines.py` bounds the whole.
"""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import pygit2
from pygit2.enums import ConfigLevel

_LEVELS = (ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL, ConfigLevel.PROGRAMDATA)


class _Environment:
    """The private home directory with the lines of every repository's known_hosts."""

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="reconciler-git-")  # made with mode 0700
        self._known: dict[str, None] = {}
        self._file = Path(self._home.name, ".ssh", "known_hosts")
        self._file.parent.mkdir(mode=0o700)
        self._file.touch(mode=0o600)
        pygit2.settings.homedir = self._home.name
        for level in _LEVELS:
            pygit2.settings.search_path[level] = self._home.name
        pygit2.settings.enable_strict_hash_verification(True)
        self._connect_timeout = self._read_timeout = 0.0

    def trust(self, known_hosts: str) -> None:
        lines = [line.strip() for line in known_hosts.splitlines()]
        fresh = [line for line in lines if line and not line.startswith("#") and line not in self._known]
        if not fresh:
            return
        self._known.update(dict.fromkeys(fresh))
        partial = self._file.with_name("known_hosts.partial")
        partial.write_text("".join(f"{line}\n" for line in self._known))
        partial.replace(self._file)  # a connection that opens right now sees the old file or the new one, whole

    def limit(self, connect_timeout: float, read_timeout: float) -> None:
        self._connect_timeout = max(self._connect_timeout, connect_timeout)
        self._read_timeout = max(self._read_timeout, read_timeout)
        pygit2.settings.server_connect_timeout = int(self._connect_timeout * 1000)
        pygit2.settings.server_timeout = int(self._read_timeout * 1000)


_lock = threading.Lock()
_environment: _Environment | None = None


def prepare(*, connect_timeout: float, read_timeout: float, known_hosts: str = "") -> None:
    """Hardens libgit2 for this process and adds `known_hosts` (the file's text) to what ssh trusts.

    Timeouts are in seconds and process-wide: the longest that anyone asked for holds.
    """
    global _environment
    with _lock:
        _environment = _environment or _Environment()
        _environment.trust(known_hosts)
        _environment.limit(connect_timeout, read_timeout)
