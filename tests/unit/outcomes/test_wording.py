"""Figures, names and durations as they read in one line."""

from __future__ import annotations

import pytest

from reconciler.outcomes.wording import cut, duration, fit, image, quantity


@pytest.mark.parametrize(
    ("metric", "value", "limit", "text"),
    [
        ("error-rate", 0.34, 0.1, "34%"),
        ("error-rate", 0.4028, 0.1, "40.3%"),
        ("error-rate", 0.002, 0.1, "0.2%"),
        ("error-rate", 0.0, 0.1, "0%"),
        ("error-rate", 0.10004, 0.1, "10.004%"),
        ("success-rate", 1.0, 0.95, "100%"),
        ("success-rate", 0.9994, 0.9995, "99.9%"),
        ("success-rate", 0.9995, 0.9995, "99.95%"),
        ("request-rate", 1234.5, 1000, "1234"),
        ("errors-percent", 3.5, 5, "3.5%"),
        ("p95-latency", 0.13375, 0.4, "134 ms"),
        ("p95-latency", 1.15, 0.4, "1.15 s"),
        ("p95-latency", 512, 400, "512"),
        ("latency-ms", 133.75, 400, "134 ms"),
        ("restarts", 17, 3, "17"),
        ("error-rate", float("nan"), 0.1, "NaN"),
        ("queue", 1e-7, None, "0"),
    ],
)
def test_a_value_reads_with_the_unit_that_its_name_and_limit_suggest(
    metric: str, value: float, limit: float | None, text: str
):
    assert quantity(metric, value, limit) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0s"), (0, "0s"), (45.2, "45s"), (70, "1m10s"), (120, "2m"), (7500, "2h5m"), (3605, "1h"), (288000, "3d8h")],
)
def test_a_duration_shows_its_two_largest_units(seconds: float, text: str):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("registry.test:5000/team/shop:v2", "shop:v2"),
        ("shop", "shop"),
        ("r/shop@sha256:" + "1a2b3c4d" * 8, "shop@1a2b3c4"),
        ("r/shop:v2@sha256:" + "1a2b3c4d" * 8, "shop:v2"),
    ],
)
def test_an_image_is_named_as_people_know_it(reference: str, text: str):
    assert image(reference) == text


def test_a_text_is_cut_to_one_line_with_an_ellipsis():
    assert cut("a\n\tb \x1b[31m c") == "a b [31m c"
    assert cut("x" * 200) == "x" * 139 + "…"
    assert cut("é" * 140) == "é" * 140


def test_only_parts_that_fit_are_added():
    assert fit("canary 40%", ["error-rate 1% ok", "p95 120 ms ok"], room=30) == "canary 40%, error-rate 1% ok"
