from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from reconciler.telemetry import log


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(log, "_hidden", set())
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_record_is_one_line_of_json_with_its_fields(out: io.StringIO) -> None:
    log.configure("auto", stream=out, env={})
    log.logger("reconciler.sync").info("synced", app="shop", waves=3, sha=None)
    (line,) = lines(out)
    assert {key: line[key] for key in ("level", "logger", "message", "app", "waves")} == {
        "level": "info",
        "logger": "reconciler.sync",
        "message": "synced",
        "app": "shop",
        "waves": 3,
    }
    assert "sha" not in line


def test_records_of_the_standard_library_come_the_same_way(out: io.StringIO) -> None:
    log.configure("json", stream=out, env={})
    logging.getLogger("below").warning("retry of %s", "a", extra={"fields": {"seconds": 1.5}})
    assert lines(out)[0]["message"] == "retry of a"
    assert lines(out)[0]["seconds"] == 1.5


@pytest.mark.parametrize("form", ["human", "json"])
def test_a_hidden_value_is_in_no_part_of_a_line(out: io.StringIO, form: log.Format) -> None:
    secret = 'k3y "with"\nlines'
    log.hide(secret)
    log.configure(form, stream=out, env={})
    try:
        raise ValueError(f"bad {secret}")
    except ValueError:
        log.logger("x").exception(f"with {secret}", field=secret, deep={"a": [secret]})
    assert "k3y" not in out.getvalue()
    assert "lines" not in out.getvalue().replace("splitlines", "")
    assert log.MASK in out.getvalue()


@pytest.mark.parametrize("form", ["human", "json"])
def test_text_from_outside_cannot_forge_a_line_or_drive_the_terminal(out: io.StringIO, form: log.Format) -> None:
    log.configure(form, stream=out, env={})
    log.logger("x").info("pushed", subject="fix\n12:00:00 INFO all good \x1b[2J\udcff")
    assert len(out.getvalue().splitlines()) == 1
    assert "\x1b" not in out.getvalue()


def test_people_get_words_and_pairs(out: io.StringIO) -> None:
    log.configure("human", stream=out, env={})
    log.logger("x").warning("waiting", app="shop", why="no pods yet")
    assert out.getvalue().split(" ", 1)[1] == 'WARNING waiting  app=shop  why="no pods yet"\n'


@pytest.mark.parametrize(("level", "shown"), [("", False), ("debug", True), ("nonsense", False), ("ERROR", False)])
def test_the_environment_sets_the_level(out: io.StringIO, level: str, shown: bool) -> None:
    log.configure("json", stream=out, env={log.LEVEL_VARIABLE: level})
    log.logger("x").debug("detail")
    assert bool(out.getvalue()) is shown
