from datetime import timedelta

import pytest

from reconciler.kube.durations import parse_go_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("1.5h", 5400),
        (".5m", 30),
        ("2h45m30.5s", 9930.5),
        ("-5m", -300),
        ("+5m", 300),
        ("0", 0),
        ("-0", 0),
        ("10us", 0.00001),
        ("10µs", 0.00001),
        ("1500ns", 0.0000015),
    ],
)
def test_a_go_duration_has_its_length(text: str, seconds: float) -> None:
    assert abs(parse_go_duration(text) - timedelta(seconds=seconds)) <= timedelta(microseconds=1)


@pytest.mark.parametrize("text", ["", "5", "s", "5 s", "1d", "1h-5m", "٣s", "1..5s", "5m ", "9" * 20 + "h", "1s" * 200])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_go_duration(text)
