"""`reconciler run` says what is wrong with its flags, all of it, with exit code 2 and no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from reconciler.sandbox.server import Sandbox

COMMAND = str(Path(sys.executable).with_name("reconciler"))
CONFIG = """
repositories: [{url: /nowhere/shop.git}]
applications:
  - name: shop
    source: {repoURL: /nowhere/shop.git, path: shop}
    destination: {namespace: shop}
"""


def run(*flags: str, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **env}
    return subprocess.run([COMMAND, "run", *flags], text=True, capture_output=True, env=environment, timeout=60)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        pytest.param([], "neither --config nor --repo is given", id="neither"),
        pytest.param(["--config", "a.yaml", "--repo", "/b"], "exclude each other", id="both"),
        pytest.param(["--config", "/nonexistent.yaml"], "/nonexistent.yaml cannot be read", id="no file"),
        pytest.param(["--repo", "/b", "--listen", "8080"], "HOST:PORT", id="listen without a host"),
        pytest.param(["--repo", "/b", "--listen", "[::1]:99999"], "HOST:PORT", id="no such port"),
        pytest.param(["--repo", "/b", "--poll", "soon"], "--poll", id="poll"),
        pytest.param(["--repo", "http://git.example/b.git"], "--insecure-http", id="plain http"),
        pytest.param(["--only", "sync"], "rollouts", id="no such part"),
        pytest.param(["--only", "rollouts", "--repo", "/b"], "--repo cannot go with it", id="only and a repository"),
        pytest.param(["--only", "rollouts", "--config", "a"], "--config cannot go with it", id="only and a file"),
        pytest.param(["--only", "rollouts", "--instance-id", "a b"], "value of a label", id="impossible id"),
        pytest.param(["--only", "rollouts", "--shards", "65"], "no number of shards", id="too many shards"),
        pytest.param(["--config", "a.yaml", "--shards", "2"], "rollouts.shards", id="shards beside a file"),
        pytest.param(["--config", "a.yaml", "--instance-id", "a"], "rollouts.instanceID", id="id beside a file"),
        pytest.param(
            ["--config", "a.yaml", "--disable-step-plugin", "x"], "disabledStepPlugins", id="plugin beside a file"
        ),
        pytest.param(["--repo", "/b", "--instance-id", "-"], "--instance-id", id="impossible id, with a repository"),
    ],
)
def test_wrong_flags_are_told_with_exit_code_2(flags: list[str], said: str) -> None:
    found = run(*flags)
    assert found.returncode == 2
    assert said in found.stderr and "Traceback" not in found.stderr


def test_every_problem_is_told_at_once() -> None:
    found = run("--repo", "/b", "--poll", "soon", "--listen", "x", "--namespace", "No Such")
    assert [flag for flag in ("--poll", "--listen", "--namespace") if flag in found.stderr] == [
        "--poll",
        "--listen",
        "--namespace",
    ]


def test_every_problem_of_the_engine_alone_is_told_at_once() -> None:
    wrong = {"--instance-id": "?", "--listen": "x", "--namespace": "No Such", "--prometheus": "nowhere"}
    found = run("--only", "rollouts", *(part for pair in wrong.items() for part in pair))
    assert [flag for flag in wrong if flag in found.stderr] == list(wrong)


def test_listen_is_checked_beside_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text(CONFIG)
    found = run("--config", str(tmp_path / "reconciler.yaml"), "--listen", "nowhere")
    assert (found.returncode, "HOST:PORT" in found.stderr) == (2, True)


def test_plain_http_is_taken_when_it_is_asked_for() -> None:
    found = run("--repo", "http://git.example/b.git", "--insecure-http", "--kubeconfig", "/nonexistent")
    assert "insecure" not in found.stderr and "kubeconfig" in found.stderr


def test_a_cluster_that_cannot_be_named_is_told_with_exit_code_2() -> None:
    found = run("--repo", "/b", "--kubeconfig", "/nonexistent")
    assert found.returncode == 2
    assert "/nonexistent" in found.stderr and "Traceback" not in found.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_within_seconds_and_gives_the_lease_back(tmp_path: Path, number: signal.Signals) -> None:
    with Sandbox() as sandbox:
        flags = ["--repo", str(tmp_path / "shop.git"), "--kubeconfig", str(sandbox.kubeconfig(tmp_path / "config"))]
        with subprocess.Popen(
            [COMMAND, "run", *flags, "--listen", "127.0.0.1:0"],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        ) as daemon:
            assert daemon.stderr
            leading = next(line for line in daemon.stderr if "leading" in line)
            daemon.send_signal(number)
            asked = time.monotonic()
            rest = daemon.stderr.read()
            assert daemon.wait(30) == 0, leading + rest
        assert time.monotonic() - asked < 5
        lease = urllib.request.urlopen(
            f"{sandbox.url}/apis/coordination.k8s.io/v1/namespaces/default/leases/reconciler"
        ).read()
    assert b'"holderIdentity":""' in lease or b'"holderIdentity"' not in lease
