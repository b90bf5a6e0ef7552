"""AnalysisRuns on the page: which are shown, what the script gets, and the SVG."""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.resources import files
from xml.etree import ElementTree as ET

import msgspec
import pytest

from reconciler.analysis.model import AnalysisRun
from reconciler.web.plot import pictures
from reconciler.web.runs import kind, of_the_update
from reconciler.web.svg import svg
from tests.browser.story import ERROR_RATE, LATENCY, RUNS, run
from tests.unit.web.serving import running

SVG = "{http://www.w3.org/2000/svg}"


def named(name: str, revision: str, created: str, **labels: str) -> AnalysisRun:
    annotations = {"rollout.argoproj.io/revision": revision}
    metadata = {"name": name, "labels": labels, "annotations": annotations, "creationTimestamp": created}
    return msgspec.convert({"metadata": metadata}, AnalysisRun)


def test_the_runs_of_the_newest_revision_are_shown_in_the_order_in_which_they_began() -> None:
    early, late = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"
    found = of_the_update([named("old", "9", late), named("second", "10", late), named("first", "10", early)])
    assert [each.name for each in found] == ["first", "second"]
    assert of_the_update([]) == ()


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"rollout-type": "Background"}, "Background"),
        ({"rollout-type": "Step", "step-index": "2"}, "Step 3"),
        ({"rollout-type": "Step", "step-index": "?"}, "Step"),
        ({"rollout-type": "PrePromotion"}, "Before promotion"),
        ({}, "by-hand"),
    ],
    ids=lambda value: str(value),
)
def test_a_run_is_called_by_what_it_is_for(labels: dict[str, str], expected: str) -> None:
    assert kind(named("by-hand", "1", "2026-01-01T00:00:00Z", **labels)) == expected


def test_the_script_gets_columns_with_a_gap_where_the_provider_was_broken() -> None:
    data = json.loads(pictures(run("r", "Background", "Failed", ERROR_RATE)).pictures[0].data)
    assert data["values"] == [[0.002, 0.004, None, 0.003, 0.31, 0.34]]
    assert data["phases"] == ["Successful", "Successful", "Error", "Successful", "Failed", "Failed"]
    assert (data["thresholds"], len(data["times"])) == ([{"value": 0.1, "of": "success"}], 6)


def test_what_passes_and_what_fails_are_told_apart_by_word_colour_and_dashes() -> None:
    found = run("r", "Background", "Running", LATENCY)
    limits = json.loads(pictures(found).pictures[0].data)["thresholds"]
    assert limits == [{"value": 0.25, "of": "success"}, {"value": 0.4, "of": "failure"}]
    root = ET.fromstring(svg(found))
    dashed = [path for path in root.findall(f"{SVG}path") if path.get("stroke-dasharray")]
    assert len({path.get("stroke") for path in dashed}) == len({path.get("stroke-dasharray") for path in dashed}) == 2
    assert {"success 0.25", "failure 0.4"} <= {text.text for text in root.findall(f"{SVG}text")}


def test_the_svg_has_a_dot_per_number_a_cross_per_error_and_the_threshold() -> None:
    root = ET.fromstring(svg(run("r", "Background", "Failed", ERROR_RATE, LATENCY)))
    assert len(root.findall(f"{SVG}circle")) == 5 + 5
    dashed = [path for path in root.findall(f"{SVG}path") if path.get("stroke-dasharray")]
    assert len(dashed) == 3
    titles = [title.text or "" for title in root.iter(f"{SVG}title")]
    assert sum("Error" in title for title in titles) == 1
    assert len(root.findall(f"{SVG}polyline")) == 3, "a gap where there was no number"


def test_names_and_messages_cannot_break_out_of_the_svg() -> None:
    evil = {"spec": {"name": "<script>alert(1)</script>&"}, "result": {"name": "x"}}
    text = svg(run('r"><script>', "Background", "Failed", evil))
    assert "<script" not in text
    ET.fromstring(text)


def test_a_run_that_was_not_measured_can_be_shown() -> None:
    later = {"spec": {"name": "later"}, "result": {"name": "other"}}
    assert "nothing measured yet" in svg(run("r", "Step", "", later))


def test_a_run_has_a_page_and_a_picture_and_an_unknown_one_is_not_found() -> None:
    with running(run=lambda namespace, name: RUNS.get(name) if namespace == "shop" else None) as site:
        page, picture = site.get("/runs/shop/shop-6f7d-2"), site.get("/runs/shop/shop-6f7d-2/analysis.svg")
        assert (page.status, "failureLimit (1)" in page.text, "data-plot=" in page.text) == (200, True, True)
        assert (picture.status, picture.headers["content-type"].split(";")[0]) == (200, "image/svg+xml")
        for path in ("/runs/other/shop-6f7d-2", "/runs/shop/none/analysis.svg"):
            assert site.get(path).status == 404


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("uplot.js", "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f"),
        ("uplot.css", "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04"),
    ],
)
def test_the_vendored_plotting_library_is_what_its_authors_published(name: str, digest: str) -> None:
    """uPlot 1.6.32, files `dist/uPlot.iife.min.js` and `dist/uPlot.min.css` of the npm package."""
    assert sha256((files("reconciler.web") / "static" / name).read_bytes()).hexdigest() == digest
