"""What verbs share in showing data: safe text, plain where nobody looks at a terminal, JSON with a version."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any

import msgspec
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

JSON_VERSION = 1
WIDTH_WITHOUT_TERMINAL = 200


class Output(StrEnum):
    TABLE = "table"
    JSON = "json"


def console() -> Console:
    """Standard output; rich leaves out colour by itself when it is no terminal or NO_COLOR is set."""
    found = Console(soft_wrap=False, highlight=False)
    return found if found.is_terminal else Console(width=WIDTH_WITHOUT_TERMINAL, highlight=False)


def show(what: RenderableType) -> None:
    """Prints; where nobody looks at a terminal, without the blanks that fill up lines."""
    out = console()
    if out.is_terminal:
        out.print(what)
    else:
        print(plain(what))  # noqa: T201 - this is the answer


def plain(what: RenderableType) -> str:
    """As it reads without a terminal."""
    out = Console(width=WIDTH_WITHOUT_TERMINAL, highlight=False, color_system=None)
    with out.capture() as caught:
        out.print(what)
    return "\n".join(line.rstrip() for line in caught.get().splitlines())


def clean(text: object, style: str = "") -> Text:
    """Text from git or the cluster: no markup, and no control characters that a terminal would obey."""
    return Text("".join(char if char.isprintable() or char == "\n" else "\ufffd" for char in str(text)), style=style)


def table(*titles: str) -> Table:
    """A table without lines, as kubectl's."""
    found = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in titles:
        found.add_column(title, overflow="fold")
    return found


def as_json(name: str, value: Any) -> str:
    """One JSON document: `{"version": 1, name: …}`."""
    return msgspec.json.format(msgspec.json.encode({"version": JSON_VERSION, name: value}), indent=2).decode()


def duration(length: timedelta) -> str:
    """`45s`, `1m30s`, `2h5m`."""
    seconds = int(length.total_seconds())
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
