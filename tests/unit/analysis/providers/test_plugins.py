"""Packages of third parties: the example of docs/examples, installed as its users would, and broken ones."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from reconciler.analysis import providers
from reconciler.analysis.model import Phase
from tests.unit.analysis.providers.vendor import Vendor, failed

EXAMPLE = Path(__file__).parents[4] / "docs" / "examples" / "metric-provider-statuspage"
TEMPLATE = yaml.safe_load((EXAMPLE / "analysis-template.yaml").read_text())
(METRIC,) = TEMPLATE["spec"]["metrics"]
((NAME, SETTINGS),) = METRIC["provider"]["plugin"].items()
INCIDENTS = (
    b'{"page": {}, "incidents": [{"name": "Cards fail", "components": [{"name": "Card payments"}]}, {"name": "Slow"}]}'
)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation"]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run([*pip, "--target", str(target), str(EXAMPLE)], check=True, timeout=120, env=environment)
    return target


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    providers.find.cache_clear()
    yield
    providers.find.cache_clear()


@pytest.fixture
def page(vendor: Vendor, installed: Path, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    monkeypatch.syspath_prepend(str(installed))
    vendor.answers(INCIDENTS)
    return vendor


def settings(page: Vendor, **more: str) -> dict[str, dict[str, str]]:
    return {NAME: {**SETTINGS, "url": page.url, **more}}


def test_the_example_measures_with_its_own_template(page: Vendor) -> None:
    measured = page.measure("plugin", settings(page), METRIC["successCondition"])
    (asked,) = page.asked
    assert (asked.method, asked.path) == ("GET", "/api/v2/summary.json")
    assert (measured.phase, measured.value, measured.metadata) == (Phase.FAILED, "1", {"incidents": "Cards fail"})


def test_its_token_comes_from_a_secret_of_the_run_and_does_not_show(page: Vendor) -> None:
    page.keeps("page", {"token": "t0ken-of-ours"}, "shop")
    page.answers(b"<html>", 403)
    measured = page.measure("plugin", settings(page, tokenSecret="page"))
    assert page.asked[0].headers["authorization"] == "OAuth t0ken-of-ours"
    assert failed(measured, "the page answered 403")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"incidents": [1]}'])
def test_its_errors_are_those_of_the_measurement(page: Vendor, body: bytes) -> None:
    page.answers(body)
    assert failed(page.measure("plugin", settings(page)), "acme/statuspage: the answer is not that of a status page")


def a_package(site: Path, package: str, source: str, name: str = "acme/x") -> None:
    (site / f"{package}.py").write_text(source)
    info = site / f"{package}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[reconciler.metric_providers]\n{name} = {package}\n")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 / 0", "plugin acme/x of broken_one cannot be loaded: division by zero"),
        ("import not_there", "cannot be loaded: No module named 'not_there'"),
        ("def request(): ...", "has neither request and value, nor measure, nor advance and terminate"),
        ("def measure(*_): 1 / 0", "internal error while measuring"),
    ],
)
def test_a_broken_package_is_an_error_of_its_metric_alone(
    vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, message: str
) -> None:
    a_package(tmp_path, "broken_one", source)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "broken_one", raising=False)
    assert failed(vendor.measure("plugin", {"acme/x": {}}), message)


def test_two_packages_of_one_name_are_not_chosen_from(
    vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("one_x", "other_x"):
        a_package(tmp_path, package, "def measure(*_): ...")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert failed(vendor.measure("plugin", {"acme/x": {}}), "several", "one_x, other_x")


def test_a_plugin_that_is_not_installed_is_named(vendor: Vendor) -> None:
    assert failed(vendor.measure("plugin", {"acme/none": {}}), "no installed package provides", "acme/none")
