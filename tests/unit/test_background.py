"""A program in the background says what it says into a file, and is gone when it is stopped."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from reconciler.process import Background, ProcessFailed

ENV = {"PATH": os.environ["PATH"]}


def start(code: str, folder: Path) -> Background:
    """Runs once its log says `up`."""
    log = folder / "log"
    found = Background([sys.executable, "-uc", code], cwd=folder, env=ENV, log=log)
    deadline = time.monotonic() + 20
    while not log.read_text().endswith("up\n"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_it_is_asked_to_end_and_may_say_a_last_word(tmp_path: Path) -> None:
    handler = "lambda *_: (print('bye'), sys.exit())"
    code = f"import signal, sys, time\nsignal.signal(15, {handler})\nprint('up')\ntime.sleep(60)"
    start(code, tmp_path).stop()
    assert (tmp_path / "log").read_text() == "up\nbye\n"


def test_what_does_not_want_to_end_is_killed_with_its_children(tmp_path: Path) -> None:
    code = (
        "import signal, subprocess, sys, time\nsignal.signal(15, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid)\nprint('up')\ntime.sleep(60)"
    )
    background = start(code, tmp_path)
    child = int((tmp_path / "log").read_text().split()[0])
    assert runs(child)
    background.stop(timeout=0.2)
    deadline = time.monotonic() + 5
    while runs(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not runs(child)


def test_its_environment_is_what_was_given(tmp_path: Path) -> None:
    start("import os\nprint(sorted(set(os.environ) - {'LC_CTYPE'}), 'up')", tmp_path).stop()
    assert (tmp_path / "log").read_text() == "['PATH'] up\n"


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProcessFailed, match="no-such-program"):
        Background(["no-such-program"], cwd=tmp_path, env=ENV, log=tmp_path / "log")
