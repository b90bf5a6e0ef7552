"""What every benchmark shares: a real control plane with the product on it, figures as a table and as JSON."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.testbed.controlplane import ControlPlane
from tests.testbed.daemon import Daemon

RESULTS = Path(__file__).parent / "results"
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Figure:
    """One line of a result: what was measured, in which unit, every sample, and the most that it should be."""

    name: str
    unit: str
    samples: Sequence[float]
    goal: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.samples)


@contextmanager
def control_plane() -> Iterator[ControlPlane]:
    """A fresh real control plane with our CRDs."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ControlPlane(Path(folder) / "cluster") as cluster:
        cluster.kubectl("apply", "--server-side", "-k", str(ROOT / "manifests" / "crds"))
        yield cluster


@contextmanager
def daemon(folder: Path, flags: dict[str, str], env: dict[str, str] | None = None) -> Iterator[Daemon]:
    """The product as a subprocess, ready."""
    running = Daemon(folder, flags, env)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def wait_for(what: str, holds, seconds: float = 300.0) -> None:  # type: ignore[no-untyped-def]
    """Returns once `holds()` is true. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} took longer than {seconds:g} s")
        time.sleep(0.1)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid: int) -> float:
    """Resident memory of a process now."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def family(pid: int) -> list[int]:
    """A process and all that it started, theirs included."""
    children = [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _text(task / "children").split()
    ]
    return [pid, *(each for child in children for each in family(child))]


def peak_rss_mib(pids: Sequence[int]) -> float:
    """The most resident memory that the kernel saw of each process, added up."""
    lines = (line for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _text(path: Path) -> str:
    """Of a thread that may have ended meanwhile."""
    try:
        return path.read_text()
    except OSError:
        return ""


def report(name: str, method: str, figures: Sequence[Figure]) -> None:
    """Prints a table and writes `benchmarks/results/NAME.json`."""
    print(f"\n{name}: {method}\n")
    print(f"{'figure':<46} {'median':>10} {'min':>10} {'max':>10}  {'unit':<12} goal")
    for figure in figures:
        goal = "" if figure.goal is None else f"≤ {figure.goal:g}"
        low, high = min(figure.samples), max(figure.samples)
        print(f"{figure.name:<46} {figure.median:>10.2f} {low:>10.2f} {high:>10.2f}  {figure.unit:<12} {goal}")
    RESULTS.mkdir(exist_ok=True)
    body = {
        "name": name,
        "method": method,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "figures": [
            {"name": f.name, "unit": f.unit, "median": f.median, "samples": list(f.samples), "goal": f.goal}
            for f in figures
        ],
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(body, indent=1))
