"""The demo as people run it: its story, what it tells them to try, and how it ends."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).with_name("reconciler"))
PATIENCE_SECONDS = 150
VERDICT = re.compile(r"^(?P<sha>[0-9a-f]{7}) (?P<tag>\S*)\s+(?P<state>success|failure|error) +(?P<said>.+)$", re.M)


class Demo:
    """A running `reconciler demo` whose output is read as it comes."""

    def __init__(self, folder: Path, *options: str) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.text = folder, ""
        environment = {**os.environ, "TMPDIR": str(folder), "HOME": str(folder)}
        self.process = subprocess.Popen(
            [COMMAND, "demo", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, what: str, check: Callable[[str], bool] | None = None) -> None:
        """Until `what` was printed, or `check` holds for all that was."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (check(self.text) if check else what in self.text):
            assert time.monotonic() < deadline, f"never saw {what}:\n{self.text}"
            assert self._reader.is_alive(), f"ended without {what}:\n{self.text}"
            time.sleep(0.1)

    def end(self) -> int:
        self.process.wait(PATIENCE_SECONDS)
        self._reader.join(10)
        return self.process.returncode

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.end()

    def verdicts(self) -> dict[str, tuple[str, str]]:
        """State and description by tag, of the lines printed while it ran."""
        return {found["tag"]: (found["state"], found["said"]) for found in VERDICT.finditer(self.text)}

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.end()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.text += line


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo after its story, left running."""
    demo = Demo(tmp_path_factory.mktemp("kept"), "--keep")
    try:
        demo.wait_for("Ctrl-C ends it")
        yield demo
    finally:
        demo.close()


def test_a_good_version_is_promoted_and_a_failing_and_a_slow_one_are_rolled_back(kept: Demo) -> None:
    assert {tag: state for tag, (state, _) in kept.verdicts().items()} == {
        "1.0": "success",
        "1.1": "success",
        "1.2-failing": "failure",
        "1.3-slow": "failure",
    }


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("1.1", r"5 objects healthy in \d+s, images shop:1\.1"),
        ("1.2-failing", r"error-rate \d\d(\.\d)?% \(must be < 10%\): rolled back to shop:1\.1"),
        ("1.3-slow", r"p95-latency [\d.]+ m?s \(must be < 400 ms\): rolled back to shop:1\.1"),
    ],
)
def test_the_commit_says_which_metric_decided(kept: Demo, tag: str, said: str) -> None:
    assert re.fullmatch(said, kept.verdicts()[tag][1])


def test_the_page_is_named_before_the_first_status(kept: Demo) -> None:
    assert re.search(r"page  http://127\.0\.0\.1:\d+", kept.text.partition(" pending ")[0])


def test_the_table_at_the_end_says_what_users_saw(kept: Demo) -> None:
    table = kept.text[kept.text.index("commit   release") :]
    failing = table[table.index("1.2-failing") : table.index("1.3-slow")]
    found = re.search(r"users: [\d,]+ requests, ([\d.]+)% failed", failing)
    assert found and 1 < float(found[1]) < 30


def test_no_colour_goes_where_no_terminal_is(kept: Demo) -> None:
    assert "\x1b" not in kept.text


def test_what_it_says_about_pushing_works_word_for_word(kept: Demo) -> None:
    block = kept.text[kept.text.index("  git clone") : kept.text.index("  kubectl")]
    typed = subprocess.run(["bash", "-e"], input=block, text=True, capture_output=True, env=_shell(kept), timeout=60)
    assert typed.returncode == 0, typed.stderr
    clone = next(kept.folder.glob("*/my-shop"))
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=clone, text=True, capture_output=True, check=True)
    sha = head.stdout[:7]
    kept.wait_for(f"{sha} … success", lambda text: re.search(rf"^{sha} +success .*shop:1\.4$", text, re.M) is not None)


def test_kubectl_works_as_it_says(kept: Demo) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not on PATH")
    command = next(line for line in kept.text.splitlines() if line.startswith("  kubectl"))
    typed = subprocess.run(["bash"], input=command, text=True, capture_output=True, env=_shell(kept), timeout=60)
    assert typed.returncode == 0, typed.stderr
    assert "rollout.argoproj.io/shop" in typed.stdout and "pod/shop-" in typed.stdout


def test_ctrl_c_removes_everything(kept: Demo) -> None:
    started = time.monotonic()
    assert kept.interrupt() == 0
    assert time.monotonic() - started < 15
    assert list(kept.folder.glob("reconciler-demo-*")) == []
    assert "Traceback" not in kept.text


def test_ctrl_c_in_the_middle_of_the_story_ends_it_cleanly(tmp_path: Path) -> None:
    demo = Demo(tmp_path / "cut")
    try:
        demo.wait_for("the first status", lambda text: " pending " in text)
        assert demo.interrupt() == 130
    finally:
        demo.close()
    assert list(demo.folder.glob("reconciler-demo-*")) == []
    assert "Traceback" not in demo.text


def test_an_impossible_address_is_an_error_with_exit_code_2(tmp_path: Path) -> None:
    demo = Demo(tmp_path / "deaf", "--listen", "nowhere")
    assert demo.end() == 2
    assert "HOST:PORT" in demo.text and "Traceback" not in demo.text


def test_a_real_prometheus_judges_the_same(tmp_path: Path) -> None:
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not on PATH")
    demo = Demo(tmp_path / "real", "--prometheus")
    try:
        assert demo.end() == 0, demo.text
    finally:
        demo.close()
    said = {tag: text for tag, (_, text) in demo.verdicts().items()}
    assert "error-rate" in said["1.2-failing"] and "p95-latency" in said["1.3-slow"]


def _shell(demo: Demo) -> dict[str, str]:
    """A person's shell, without any git identity of this machine."""
    return {"PATH": os.environ["PATH"], "HOME": str(demo.folder)}
