from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from reconciler import process
from reconciler.process import Finished, ProcessFailed, ProcessTimedOut, run

ENV = {"PATH": os.environ["PATH"]}


def python(code: str, tmp_path: Path, **given: Any) -> Finished:
    options = {"env": ENV, "timeout": 20.0, "max_output": 1 << 20} | given
    return run([sys.executable, "-c", code], cwd=tmp_path, **options)


def without_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where namespaces are not allowed and prlimit is not installed."""
    monkeypatch.setattr(process, "_namespaces", lambda: ())
    monkeypatch.setattr(process, "_prlimit", lambda _limits: [])


@pytest.fixture(params=["with tools", "without tools"])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "without tools":
        without_tools(monkeypatch)


@pytest.mark.usefixtures("machine")
def test_what_a_program_says_and_its_exit_code_come_back(tmp_path: Path) -> None:
    code = "import sys; d = sys.stdin.read(); print(d.upper(), end=''); print('oops', file=sys.stderr); sys.exit(3)"
    done = python(code, tmp_path, stdin=b"abc" * 100_000)
    assert (done.code, done.stdout, done.stderr) == (3, b"ABC" * 100_000, b"oops\n")


def test_the_environment_is_what_was_given_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "t0p")
    done = run(["/usr/bin/env"], cwd=tmp_path, env={"MINE": "1"}, timeout=10, max_output=1000, network=True)
    assert done.stdout == b"MINE=1\n"


@pytest.mark.usefixtures("machine")
def test_a_program_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    child = f"import time, pathlib; time.sleep(2); pathlib.Path({str(mark)!r}).touch()"
    code = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    started = time.monotonic()
    with pytest.raises(ProcessTimedOut, match=r"did not finish within 0\.7 s"):
        python(code, tmp_path, timeout=0.7)
    assert time.monotonic() - started < 5
    time.sleep(2)
    assert not mark.exists()


@pytest.mark.usefixtures("machine")
def test_a_child_that_stays_behind_holding_the_output_delays_nothing(tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.Popen(['sleep', '60']); print('done')"
    started = time.monotonic()
    assert python(code, tmp_path).stdout == b"done\n"
    assert time.monotonic() - started < 5


def test_a_program_that_ignores_its_input_does_not_block(tmp_path: Path) -> None:
    assert python("print('no')", tmp_path, stdin=b"x" * 10_000_000).stdout == b"no\n"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_endless_output_is_stopped(tmp_path: Path, stream: str) -> None:
    with pytest.raises(ProcessFailed, match="more than 100000 bytes"):
        python(f"import sys\nwhile True: sys.{stream}.write('y' * 1000)", tmp_path, max_output=100_000)


@pytest.mark.usefixtures("machine")
def test_memory_is_bounded(tmp_path: Path) -> None:
    # The pause lets limits arrive where they can only be set after the start.
    done = python("import time; time.sleep(0.3); b'x' * (600 << 20)", tmp_path, memory_bytes=400 << 20)
    assert done.code != 0
    assert b"MemoryError" in done.stderr


def test_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MAX_FILE_BYTES", 1 << 20)
    done = python("open('big', 'wb').write(b'x' * (4 << 20))", tmp_path)
    assert done.code != 0
    assert (tmp_path / "big").stat().st_size <= 1 << 20


def test_without_network_nothing_can_be_reached(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
        assert python(code, tmp_path, network=True).code == 0
        done = python(code, tmp_path)
        if done.isolation != "namespace":
            pytest.skip("this machine allows no network namespaces")
        assert done.code != 0


def test_where_namespaces_are_not_allowed_the_proxies_point_nowhere_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_tools(monkeypatch)
    done = python("import os; print(os.environ['https_proxy'])", tmp_path)
    assert (done.isolation, done.stdout) == ("proxy", b"http://127.0.0.1:9\n")


def test_a_program_that_is_not_there_is_the_users_to_install(tmp_path: Path) -> None:
    with pytest.raises(ProcessFailed, match="'kustomize-9' was not found"):
        run(["kustomize-9"], cwd=tmp_path, env=ENV, timeout=5, max_output=100)


def test_arguments_are_no_shell(tmp_path: Path) -> None:
    done = run(["echo", "$HOME; ls `id`"], cwd=tmp_path, env=ENV, timeout=5, max_output=100)
    assert done.stdout == b"$HOME; ls `id`\n"
