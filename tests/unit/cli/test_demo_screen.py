"""What the demo shows fits a terminal of 80 columns and says what matters."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType

from reconciler.cli.screen import Row, Scene, Users, board, line, releases, saw, traffic

SHA = "0123456789abcdef0123456789abcdef01234567"
FAILED = Row(
    SHA,
    "Talk to the new payment service",
    "1.2-failing",
    "failure",
    "p95-latency 1.16 s (must be < 400 ms): rolled back to shop:1.1",
    7.2,
    Users(1240, 62, 310),
)


def shown(what: RenderableType, width: int = 80, *, terminal: bool = False) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, no_color=not terminal, _environ={})
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return [part.rstrip() for part in console.file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [80, 120, 200])
def test_a_release_takes_three_lines_and_none_is_wrapped(width: int) -> None:
    assert shown(releases([FAILED]), width)[1:] == [
        "0123456  1.2-failing  Talk to the new payment service ✖ failure      7s",
        "         p95-latency 1.16 s (must be < 400 ms): rolled back to shop:1.1",
        "         users: 1,240 requests, 5.0% failed, 25.0% slower than half a second",
    ]


def test_a_narrow_terminal_loses_the_end_of_a_line_but_never_a_word_of_the_verdict() -> None:
    lines = shown(releases([FAILED]), 60)
    assert all(len(each) <= 60 for each in lines)
    assert "rolled back to shop:1.1" in " ".join(" ".join(lines).split())


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (
            (("stable", 80), ("canary", 20)),
            "traffic  stable ████████████████░░░░  80%   canary ████░░░░░░░░░░░░░░░░  20%",
        ),
        (
            (("stable", 0), ("canary", 100)),
            "traffic  stable ░░░░░░░░░░░░░░░░░░░░   0%   canary ████████████████████ 100%",
        ),
        ((), "traffic"),
    ],
)
def test_weights_are_bars_that_fit_80_columns(weights: tuple[tuple[str, int], ...], expected: str) -> None:
    assert shown(traffic(weights)) == [expected]


def test_a_running_release_shows_what_its_commit_will_hear_next() -> None:
    running = Row(SHA, "Show prices", "1.1", "pending", "applying 4/5 objects", 3)
    text = "\n".join(shown(board([FAILED, running], Scene("canary 20%, step 1/6"))))
    assert "canary 20%, step 1/6" in text and "applying" not in text
    assert "rolled back to shop:1.1" in text


def test_a_verdict_is_shown_as_it_was_written() -> None:
    assert "canary" not in "\n".join(shown(board([FAILED], Scene("canary 20%, step 1/6"))))


def test_users_are_counted_from_the_push_on() -> None:
    assert saw(Users(300, 3, 30).since(Users(100, 1, 10))) == (
        "users: 200 requests, 1.0% failed, 10.0% slower than half a second"
    )


def test_no_users_is_no_share() -> None:
    assert saw(Users()) == "users: none yet"


def test_a_plain_line_has_no_colour_and_all_of_the_description() -> None:
    assert line(FAILED) == f"0123456 1.2-failing  failure  {FAILED.description}"


def test_colours_are_left_out_where_they_are_not_wanted() -> None:
    assert "\x1b" not in "".join(shown(board([FAILED], Scene())))
    assert "\x1b" in "".join(shown(board([FAILED], Scene()), terminal=True))
