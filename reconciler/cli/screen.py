"""What the demo shows: one row per release with its newest commit status, and what users see meanwhile.

Pure: it renders data that it is given, for a live terminal and as plain lines.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

MARKS = {"pending": ("●", "yellow"), "success": ("✔", "green"), "failure": ("✖", "red"), "error": ("!", "magenta")}


@dataclass(frozen=True, slots=True)
class Row:
    """One pushed release; `state` is empty until its first status. `seconds` from push to the newest status."""

    sha: str
    subject: str
    tag: str
    state: str = ""
    description: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Users:
    """What the simulated users saw since the last release was pushed. Weights are percent by Service."""

    requests: int = 0
    failed: int = 0
    weights: tuple[tuple[str, int], ...] = ()


def board(rows: list[Row], users: Users, page: str) -> RenderableType:
    """The whole live display."""
    return Group(table(rows), traffic(users), Text(f"page  {page}", style="dim"))


def table(rows: list[Row]) -> Table:
    """Commits and what is written on them."""
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("commit", "release", "after", "status", "what the commit says"):
        shown.add_column(title, style="bold" if title == "status" else "", overflow="fold")
    for row in rows:
        mark, colour = MARKS.get(row.state, ("…", "dim"))
        after = f"{row.seconds:.0f}s" if row.state else ""
        state = Text(f"{mark} {row.state or 'pushed'}", style=colour)
        shown.add_row(row.sha[:7], f"{row.tag}  {row.subject}", after, state, row.description)
    return shown


def traffic(users: Users) -> Text:
    """Weights as bars, and the share of failed requests."""
    parts = [
        f"{service} {'█' * (weight // 5)}{'░' * (20 - weight // 5)} {weight}%" for service, weight in users.weights
    ]
    share = 100 * users.failed / users.requests if users.requests else 0.0
    parts.append(f"{users.requests:,} requests, {share:.1f}% failed")
    return Text("users " + "   ".join(parts), style="cyan")


def line(row: Row) -> str:
    """One change, for a terminal that is none."""
    return f"{row.sha[:7]} {row.tag:<12} {row.state:<8} {row.description}"
