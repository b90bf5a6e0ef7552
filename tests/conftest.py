"""What all tests share: the real control plane, and honesty about components that are not here.

A test marked `cluster`, `e2e` or `browser` is skipped where a program is missing, with the advice how to get it. With
`CI=true` nothing may be skipped: there a missing program, or a skip of any other reason, is a failure.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import scheduling
from tests.e2e import report
from tests.testbed import binaries, network, shared
from tests.testbed.access import Access
from tests.testbed.components import CONTROL_PLANE, GO_MODULES, KUSTOMIZE, PLUGIN

_PROGRAMS: dict[str, tuple[str, ...]] = {
    "cluster": (*CONTROL_PLANE.programs, *PLUGIN.programs, *KUSTOMIZE.programs),
    "e2e": (*CONTROL_PLANE.programs, "gitea", "traefik", "prometheus", "nsenter", "git", "ip"),
    "browser": ("chromium",),
}
_STARTED = time.time()
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")  # how fast a machine draws examples is no property of ours
_IN_CI = os.environ.get("CI") == "true"


def pytest_configure(config: pytest.Config) -> None:
    """Programs that the testbed built are found by tests that look on the PATH, after the system's own."""
    if config.pluginmanager.has_plugin("dsession"):
        config.pluginmanager.register(scheduling, "scheduling")
    built = [str(binaries.directory(module)) for module in GO_MODULES if binaries.directory(module).exists()]
    os.environ["PATH"] = os.pathsep.join([os.environ["PATH"], *built])


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, programs in _PROGRAMS.items():
        if item.get_closest_marker(marker) and (problem := _missing(marker, programs)):
            pytest.fail(problem, pytrace=False) if _IN_CI else pytest.skip(problem)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if _IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def control_plane() -> Iterator[Access]:
    """A real Kubernetes control plane with fake nodes, one for the whole run: use your own namespaces in it."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    run = os.environ["PYTEST_XDIST_TESTRUNUID"] if worker else str(os.getpid())
    yield shared.control_plane(run, owner=os.getppid() if worker else os.getpid())


@pytest.fixture(scope="session")
def real_api_server(control_plane: Access) -> Access:
    """The real kube-apiserver, for suites that also run on the sandbox: `.url`, `.kubeconfig`."""
    return control_plane


@pytest.fixture(scope="session")
def kubectl() -> Path:
    """The kubectl program, for tests that are marked `cluster`."""
    return binaries.find("kubectl")


@pytest.fixture(scope="session")
def rollouts_plugin() -> Path:
    """The established `kubectl argo rollouts` client, for tests that are marked `cluster`."""
    return binaries.find("kubectl-argo-rollouts")


@functools.cache
def _missing(marker: str, programs: tuple[str, ...]) -> str:
    try:
        for program in programs:
            binaries.find(program)
    except binaries.Missing as error:
        return str(error)
    return network.why_not() if marker == "e2e" else ""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the founding story measured, when it was told in this run."""
    if report.RESULTS.exists() and report.RESULTS.stat().st_mtime > _STARTED:
        terminalreporter.section("the founding story")
        for line in report.table():
            terminalreporter.write_line(line)


def pytest_report_header() -> list[str]:
    """Say at the top what of the real components is here."""
    return [f"{marker}: {_missing(marker, programs) or 'here'}" for marker, programs in _PROGRAMS.items()]
