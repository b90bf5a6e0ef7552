"""One control plane for all processes of a test run.

Whoever needs it first starts a keeper process; the others read what it wrote. The keeper watches the run's main process
and ends, with everything that it started, when that process does: also after a crash or kill -9.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.testbed.access import Access
from tests.testbed.controlplane import ControlPlane
from tests.testbed.processes import ComponentFailed

_START_SECONDS = 180
_ROOT = Path(__file__).parents[2]


def control_plane(run: str, owner: int) -> Access:
    """The control plane of test run `run`, which lives as long as process `owner`. Raises ComponentFailed."""
    directory = Path(tempfile.gettempdir()) / f"testbed-{run}"
    directory.mkdir(mode=0o700, exist_ok=True)
    state = directory / "state.json"
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not state.exists():
            _start_keeper(directory, owner)
    answer = json.loads(state.read_text())
    if "error" in answer:
        raise ComponentFailed(answer["error"])
    return Access(Path(answer["directory"]), answer["url"])


def _start_keeper(directory: Path, owner: int) -> None:
    with (directory / "keeper.log").open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.testbed.shared", str(directory), str(owner)],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while not (directory / "state.json").exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            raise ComponentFailed(f"the testbed's keeper did not start:\n{(directory / 'keeper.log').read_text()}")
        time.sleep(0.05)


def keep(directory: Path, owner: int) -> None:
    """The keeper process: start, tell, wait for the owner's end, clean up."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="control-plane-", dir=directory) as home:
        cluster = ControlPlane(Path(home))
        try:
            cluster.start()
            _tell(directory, {"directory": home, "url": cluster.url})
            _wait_for_end_of(owner)
        except ComponentFailed as error:
            _tell(directory, {"error": str(error)})
        except KeyboardInterrupt:
            pass
        finally:
            cluster.stop()
    if not _alive(owner):
        shutil.rmtree(directory, ignore_errors=True)


def _tell(directory: Path, answer: dict[str, str]) -> None:
    draft = directory / "state.draft"
    draft.write_text(json.dumps(answer))
    draft.rename(directory / "state.json")


def _wait_for_end_of(process: int) -> None:
    while _alive(process):
        time.sleep(0.3)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    keep(Path(sys.argv[1]), int(sys.argv[2]))
