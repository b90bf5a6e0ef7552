"""What the demo shows: every release with what its commit says, and where its users are meanwhile.

Pure: it renders data that it is given, for a live terminal of 60 columns or more and as plain lines.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

MARKS = {"pending": ("●", "yellow"), "success": ("✔", "green"), "failure": ("✖", "red"), "error": ("!", "magenta")}
BAR_CELLS = 20
INDENT = 9


@dataclass(frozen=True, slots=True)
class Users:
    """What the simulated users saw: all requests, those that failed, and those that took longer than half a second."""

    requests: int = 0
    failed: int = 0
    slow: int = 0

    def since(self, before: Users) -> Users:
        return Users(self.requests - before.requests, self.failed - before.failed, self.slow - before.slow)


@dataclass(frozen=True, slots=True)
class Row:
    """One pushed release; `state` is empty until its first status. `seconds` from push to the newest status."""

    sha: str
    subject: str
    tag: str
    state: str = ""
    description: str = ""
    seconds: float = 0.0
    users: Users = Users()


@dataclass(frozen=True, slots=True)
class Scene:
    """What moves: the newest release's situation in words, and percent of traffic by the Service's role."""

    now: str = ""
    weights: tuple[tuple[str, int], ...] = ()


def board(rows: list[Row], scene: Scene) -> RenderableType:
    """The whole live display."""
    shown = [*rows[:-1], *(_live(row, scene.now) for row in rows[-1:])]
    return Group(releases(shown), Text(), traffic(scene.weights))


def _live(row: Row, now: str) -> Row:
    """A commit hears of progress every ten seconds at most; who watches the terminal sees it at once."""
    if not now or row.state not in ("", "pending"):
        return row
    return Row(row.sha, row.subject, row.tag, "pending", now, row.seconds, row.users)


def releases(rows: list[Row]) -> RenderableType:
    """Commits, what is written on them, and what their users saw."""
    header = Text(f"{'commit':<{INDENT}}{'release':<45}{'outcome':<12}after", style="bold", no_wrap=True)
    return Group(header, *(part for row in rows for part in _release(row)))


def _release(row: Row) -> list[RenderableType]:
    mark, colour = MARKS.get(row.state, ("…", "dim"))
    first = Text(f"{row.sha[:7]:<{INDENT}}", no_wrap=True, overflow="ellipsis")
    first.append(f"{row.tag:<13}", style="bold").append(f"{row.subject:<32}")
    first.append(f"{mark} {row.state or 'pushed':<10}", style=colour).append(f"{row.seconds:4.0f}s")
    said = Text(row.description or "waiting for its first status", style=colour if row.state else "dim")
    return [first, Padding(said, (0, 0, 0, INDENT)), Padding(Text(saw(row.users), style="dim"), (0, 0, 0, INDENT))]


def saw(users: Users) -> str:
    """`users: 960 requests, 0.3% failed, 0.1% slower than half a second`."""
    if not users.requests:
        return "users: none yet"
    failed, slow = (100 * part / users.requests for part in (users.failed, users.slow))
    return f"users: {users.requests:,} requests, {failed:.1f}% failed, {slow:.1f}% slower than half a second"


def traffic(weights: tuple[tuple[str, int], ...]) -> Text:
    """Weights as bars."""
    bars = []
    for name, weight in weights:
        full = round(weight * BAR_CELLS / 100)
        bars.append(f"{name} {'█' * full}{'░' * (BAR_CELLS - full)} {weight:3d}%")
    return Text("traffic  " + "   ".join(bars), style="cyan", no_wrap=True, overflow="ellipsis")


def line(row: Row) -> str:
    """One change, for a terminal that is none."""
    return f"{row.sha[:7]} {row.tag:<12} {row.state:<8} {row.description}"
