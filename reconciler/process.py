"""Door 4: runs a binary with its time, memory, output, environment and network bounded.

The environment is exactly what is given; there is no shell. Limits are set by `prlimit` before the binary starts, and
without network it runs in namespaces of its own (`unshare`), where nothing outlives it either. Where those tools or
rights are missing, limits are set right after the start and the proxy variables point nowhere: that keeps honest
programs off the network, not hostile ones, so `Finished.isolation` says which it was.

RLIMIT_NPROC is left alone: it counts all processes of the user, ours included.
"""

from __future__ import annotations

import os
import resource
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path
from typing import IO, Literal

from reconciler.errors import Problem, Transient, UserError

MAX_FILE_BYTES = 256 << 20
CHUNK_BYTES = 64 << 10
TICK_SECONDS = 0.1

Isolation = Literal["namespace", "proxy", "none"]

_NAMESPACES = (
    ("--user", "--map-current-user", "--net", "--pid", "--fork", "--kill-child"),
    ("--net", "--pid", "--fork", "--kill-child"),
)
_NOWHERE = "http://127.0.0.1:9"
_NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), _NOWHERE)


class ProcessFailed(UserError):
    """The binary is not there, or wrote more than it may."""


class ProcessTimedOut(Transient):
    """It and all its children were killed."""


@dataclass(frozen=True, slots=True)
class Finished:
    """`code` is negative for the signal that ended it. `isolation` says how it was kept off the network."""

    code: int
    stdout: bytes
    stderr: bytes
    isolation: Isolation = "none"


def run(
    argv: Sequence[str],
    *,
    cwd: str | Path,
    stdin: bytes = b"",
    env: Mapping[str, str],
    timeout: float,
    max_output: int,
    memory_bytes: int | None = None,
    network: bool = False,
) -> Finished:
    """Runs `argv` to its end and returns what it said, whatever its exit code.

    `timeout` is in seconds of wall time; `max_output` bounds stdout and stderr each, in bytes; `memory_bytes` bounds
    the address space of each process. A name without a slash is looked up on the PATH of `env`. Raises `ProcessFailed`
    and `ProcessTimedOut`; in both cases nothing of it runs any more.
    """
    binary = shutil.which(argv[0], path=env.get("PATH", os.defpath))
    if binary is None:
        raise ProcessFailed(Problem(f"the program {argv[0]!r} was not found", "install it, or put it on PATH"))
    isolation: Isolation = "none" if network else "namespace" if _namespaces() else "proxy"
    limits = _limits(timeout, memory_bytes)
    command = [*_prlimit(limits), *(_namespaces() if isolation == "namespace" else ()), binary, *argv[1:]]
    child = subprocess.Popen(
        command,
        cwd=cwd,
        env={**env, **(_NO_NETWORK if isolation == "proxy" else {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    with child:
        try:
            if not _prlimit(limits):
                _limit(child.pid, limits)
            stdout, stderr = _Conversation(child, stdin, max_output, argv[0]).until(time.monotonic() + timeout)
            _kill_group(child)  # what it left behind
            return Finished(child.returncode, stdout, stderr, isolation)
        except TimeoutError:
            raise ProcessTimedOut(f"{argv[0]} did not finish within {timeout:g} s and was killed") from None
        finally:
            _kill_group(child)


class _Conversation:
    """Feeds stdin and collects both outputs without ever blocking on one of them."""

    def __init__(self, child: subprocess.Popen[bytes], stdin: bytes, max_output: int, name: str) -> None:
        assert child.stdin and child.stdout and child.stderr
        self._child, self._name, self._max_output = child, name, max_output
        self._stdin, self._unsent = child.stdin, memoryview(stdin)
        self._outputs: dict[IO[bytes], bytearray] = {child.stdout: bytearray(), child.stderr: bytearray()}
        self._selector = selectors.DefaultSelector()
        for output in self._outputs:
            self._selector.register(output, selectors.EVENT_READ)
        os.set_blocking(child.stdin.fileno(), False)
        self._selector.register(child.stdin, selectors.EVENT_WRITE)

    def until(self, deadline: float) -> tuple[bytes, bytes]:
        """Both outputs once the process has ended. Raises `TimeoutError` at the deadline (monotonic seconds)."""
        with self._selector:
            while self._selector.get_map():
                for key, _ in self._selector.select(TICK_SECONDS):
                    self._advance(key.fileobj)  # type: ignore[arg-type]  # only files are registered
                if time.monotonic() >= deadline:
                    raise TimeoutError
                if _has_ended(self._child.pid):
                    _signal_group(self._child.pid)  # stragglers would keep the pipes open
        while not _has_ended(self._child.pid):  # it closed its outputs and goes on
            if time.monotonic() >= deadline:
                raise TimeoutError
            time.sleep(0.01)
        stdout, stderr = map(bytes, self._outputs.values())
        return stdout, stderr

    def _advance(self, file: IO[bytes]) -> None:
        if file is self._stdin:
            self._feed()
            return
        chunk = os.read(file.fileno(), CHUNK_BYTES)
        collected = self._outputs[file]
        collected += chunk
        if not chunk:
            self._selector.unregister(file)
        if len(collected) > self._max_output:
            raise ProcessFailed(f"{self._name} wrote more than {self._max_output} bytes and was stopped")

    def _feed(self) -> None:
        try:
            sent = os.write(self._stdin.fileno(), self._unsent[:CHUNK_BYTES]) if self._unsent else 0
        except BrokenPipeError:
            sent = len(self._unsent)
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self._selector.unregister(self._stdin)
            with suppress(BrokenPipeError):
                self._stdin.close()


def _has_ended(pid: int) -> bool:
    """Without reaping it, so that its group's number stays ours."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _signal_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    if child.returncode is None:  # once it is reaped, the number may be somebody else's
        _signal_group(child.pid)
        child.wait()


def _limits(timeout: float, memory_bytes: int | None) -> dict[str, int]:
    cores = os.cpu_count() or 1
    limits = {"CPU": ceil(timeout * cores) + 1, "FSIZE": MAX_FILE_BYTES, "CORE": 0}
    return limits | ({"AS": memory_bytes} if memory_bytes is not None else {})


def _prlimit(limits: Mapping[str, int]) -> list[str]:
    tool = shutil.which("prlimit")
    return [tool, *(f"--{name.lower()}={value}" for name, value in limits.items())] if tool else []


def _limit(pid: int, limits: Mapping[str, int]) -> None:
    for name, value in limits.items() if hasattr(resource, "prlimit") else ():  # Linux only
        with suppress(ProcessLookupError):
            resource.prlimit(pid, getattr(resource, f"RLIMIT_{name}"), (value, value))


@cache
def _namespaces() -> tuple[str, ...]:
    """The command in front that gives a process namespaces of its own; empty when the machine does not allow it."""
    tool = shutil.which("unshare")
    for options in _NAMESPACES if tool else ():
        command = (str(tool), *options)
        with suppress(OSError, subprocess.TimeoutExpired):
            if subprocess.run([*command, "true"], capture_output=True, timeout=10).returncode == 0:
                return command
    return ()


class Background:
    """A binary that runs until it is stopped. What it says goes to the file `log`."""

    def __init__(self, argv: Sequence[str], *, cwd: str | Path, env: Mapping[str, str], log: Path) -> None:
        """Starts it. Raises `ProcessFailed` when there is no such program."""
        binary = shutil.which(argv[0], path=env.get("PATH", os.defpath))
        if binary is None:
            raise ProcessFailed(Problem(f"the program {argv[0]!r} was not found", "install it, or put it on PATH"))
        with log.open("wb") as output:
            self._child = subprocess.Popen(
                [binary, *argv[1:]],
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def stop(self, timeout: float = 10.0) -> None:
        """Asks it to end, and kills it with its children when it has not within `timeout` seconds."""
        self._child.terminate()
        try:
            self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            _kill_group(self._child)
