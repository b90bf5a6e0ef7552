"""Finds the programs of `components`, building what is missing into a cache outside the checkout.

A cache directory's name holds the version and a digest of everything the build reads, so a changed go.mod builds anew
and an unchanged one never does. Two runs that build at once wait for each other.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.testbed.components import GO_MODULES, SYSTEM, TRAEFIK, GoModule, Wheel

_GO = Path(__file__).parent / "go"
_BUILD_SECONDS = 1800


class Missing(RuntimeError):
    """A program is not here; the message says how to get it."""


def cache() -> Path:
    """Where built programs are kept, shared by all checkouts of a user."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "reconciler-testbed"


def find(program: str) -> Path:
    """The path of a program that is here already. Raises Missing."""
    for candidate in _candidates(program):
        if candidate.exists():
            return candidate
    raise Missing(f"{program} is missing: {_advice(program)}")


def build(module: GoModule) -> Path:
    """Build a module's programs unless they are cached; return their directory. Raises Missing without Go."""
    target = directory(module)
    with _locked(target):
        if not target.exists():
            _build(module, target)
    return target


def install(wheel: Wheel) -> Path:
    """Unpack a wheel into the cache unless it is there; return its directory."""
    target = directory(wheel)
    with _locked(target):
        if not target.exists():
            with _staged(target) as staging:
                _run([*_pip(), "--no-deps", "--target", str(staging), f"{wheel.name}=={wheel.version}"], Path.cwd())
    return target


def directory(component: GoModule | Wheel) -> Path:
    digest = hashlib.sha256(repr(component).encode())
    if isinstance(component, GoModule):
        digest.update((_GO / component.name / "go.mod").read_bytes())
        digest.update((_GO / component.name / "go.sum").read_bytes())
    return cache() / f"{component.name}-{component.version}-{digest.hexdigest()[:12]}"


def module_source(module: GoModule, path: str) -> Path:
    """Where the Go module cache keeps the source of one required module, e.g. for data files that it ships."""
    argv = [_go(), "list", "-m", "-f", "{{.Dir}}", path]
    return Path(_run(argv, _GO / module.name, {"GOFLAGS": "-mod=readonly"}).strip())


def _candidates(program: str) -> Iterator[Path]:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets and program in ("kube-apiserver", "etcd", "kubectl"):
        yield Path(assets) / program
    for module in GO_MODULES:
        if program in module.programs:
            yield directory(module) / program
    if program == Path(TRAEFIK.program).name:
        yield directory(TRAEFIK) / TRAEFIK.program
    if program in SYSTEM and (found := shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")):
        yield Path(found)


def _advice(program: str) -> str:
    if program in SYSTEM:
        return f"install the system package {SYSTEM[program].package}"
    return "run `python -m tests.testbed build`" + ("" if shutil.which("go") else " (needs Go 1.26 or newer)")


def _build(module: GoModule, target: Path) -> None:
    with _staged(target) as staging, tempfile.TemporaryDirectory() as work:
        # The copy keeps the go command from editing the checkout's files.
        shutil.copytree(_GO / module.name, work, dirs_exist_ok=True)
        env = {"GOBIN": str(staging), "GOFLAGS": "-mod=mod -buildvcs=false", "CGO_ENABLED": str(int(module.cgo))}
        _run([_go(), "install", "-trimpath", *module.flags, "tool"], Path(work), env)
        for built, name in module.renames.items():
            (staging / built).rename(staging / name)


def _go() -> str:
    if found := shutil.which("go"):
        return found
    raise Missing("the Go toolchain is missing: install Go 1.26 or newer, then run `python -m tests.testbed build`")


def _pip() -> list[str]:
    """`pip install` of this interpreter, or uv's where the environment has no pip."""
    has_pip = (
        subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
    )
    return [sys.executable, "-m", "pip", "install", "-q"] if has_pip else ["uv", "pip", "install", "-q"]


def _run(argv: list[str], cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        argv,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=_BUILD_SECONDS,
        check=False,
    )
    if done.returncode:
        raise Missing(f"`{' '.join(argv[:4])} …` failed with code {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _staged(target: Path) -> Iterator[Path]:
    """A directory that takes the target's place only when all went well."""
    staging = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    try:
        yield staging
        staging.chmod(0o755)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
