"""A network of the run's own: a Linux network namespace where every pod address is this machine.

Kubernetes refuses loopback addresses in EndpointSlices, so pods need real-looking ones; in a namespace they collide
with nobody, and traffic to them cannot leave it. Needs root. Without one (`HOST`) components run on plain loopback.
"""

from __future__ import annotations

import ctypes
import functools
import os
import secrets
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.testbed.binaries import Missing, find

POD_CIDR = "10.244.0.0/16"
NODE_ADDRESS = "10.244.255.1"
_NETNS = Path("/run/netns")
_CLONE_NEWNET = 0x40000000


class Network:
    """Where components run. `prefix` goes before a command's argv; `entered()` moves the calling thread."""

    prefix: tuple[str, ...] = ()
    isolated = False

    def start(self) -> None:
        """Make the network."""

    def stop(self) -> None:
        """Remove it."""

    @contextmanager
    def entered(self) -> Iterator[None]:
        """What the calling thread opens or starts inside the block is in this network."""
        yield


HOST = Network()


class Namespace(Network):
    """A network namespace that exists between `start()` and `stop()`."""

    isolated = True

    def __init__(self) -> None:
        self.name = f"testbed-{os.getpid()}-{secrets.token_hex(4)}"

    @property
    def prefix(self) -> tuple[str, ...]:  # type: ignore[override]
        return (str(find("nsenter")), f"--net={_NETNS / self.name}", "--")

    def start(self) -> None:
        if problem := why_not():
            raise Missing(problem)
        _remove_orphans()
        _ip("netns", "add", self.name)
        try:
            _ip("-n", self.name, "link", "set", "lo", "up")
            _ip("-n", self.name, "route", "add", "local", POD_CIDR, "dev", "lo")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if (_NETNS / self.name).exists():
            _ip("netns", "del", self.name)

    @contextmanager
    def entered(self) -> Iterator[None]:
        home = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)
        away = os.open(_NETNS / self.name, os.O_RDONLY)
        try:
            _setns(away)
            yield
        finally:
            _setns(home)
            os.close(away)
            os.close(home)


@functools.cache
def why_not() -> str:
    """Empty when this user can make network namespaces, else what stands in the way."""
    if os.geteuid() != 0:
        return "network namespaces need root: run the tests as root, or leave these to CI"
    try:
        name = f"testbed-probe-{os.getpid()}"
        _ip("netns", "add", name)
        _ip("netns", "del", name)
    except (Missing, subprocess.CalledProcessError) as error:
        return f"network namespaces are not possible here: {error}"
    return ""


def _remove_orphans() -> None:
    """Namespaces of runs that were killed: their name says which process made them."""
    for path in _NETNS.glob("testbed-*-*"):
        owner = path.name.split("-")[1]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            _ip("netns", "del", path.name)


def _ip(*arguments: str) -> None:
    subprocess.run([str(find("ip")), *arguments], check=True, capture_output=True, timeout=10)


def _setns(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns failed")
