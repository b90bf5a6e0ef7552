"""Canonical spelling of quantities, as the API server stores them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.kube.quantity import canonical, value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.5", "500m"),
        (0.5, "500m"),
        (1, "1"),
        ("1000m", "1"),
        ("100000", "100k"),
        ("1500", "1500"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("0.5Ki", "512"),
        ("0.1Gi", "107374182400m"),
        ("1e3", "1e3"),
        ("1E", "1E"),
        ("12e-1", "1200e-3"),
        ("0Mi", "0"),
        ("-1.5", "-1500m"),
        ("0.0000000001", "1n"),
        ("+3", "3"),
    ],
)
def test_canonical_spelling(text: str | float, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize("text", ["", "one", "1 Gi", "1KiB", "--1", "1\n", " 1", "1..2", "1e999999999", "1" * 101])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"quantity|literal|Invalid"):
        canonical(text)


@given(st.integers(-(10**15), 10**15), st.sampled_from(["", "m", "k", "M", "Ki", "Mi", "Gi", "u"]))
def test_spelling_keeps_the_amount_and_is_stable(number: int, suffix: str) -> None:
    text = f"{number}{suffix}"
    assert value(canonical(text)) == value(text)
    assert canonical(canonical(text)) == canonical(text)
