"""Looking again and again: live views, and waiting for an end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TypeVar

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from reconciler.cli.printing import clean, console, plain
from reconciler.errors import Transient
from reconciler.rollouts.views.overview import Overview

T = TypeVar("T")
LOOK_SECONDS = 1.0
"""How often is asked: a person does not read faster."""


def live(
    look: Callable[[], RenderableType], limit: timedelta | None = None, *, facts: Callable[[], object] | None = None
) -> Iterator[None]:
    """Shows what `look` gives, anew every second, until the caller stops asking or for `limit`. The last view stays.

    Where nobody looks at a terminal, each view whose `facts` differ from the one before is printed below it; by default
    its text, in which ages grow. A server that does not answer for a while is told of below the last view.
    """
    ends = time.monotonic() + limit.total_seconds() if limit else None
    shown: RenderableType = Text()
    with _screen(facts) as update:
        while ends is None or time.monotonic() < ends:
            try:
                shown = look()
                update(shown)
            except Transient as error:
                update(Group(shown, clean(f"trying again: {error}", "yellow")))
            else:
                yield
            time.sleep(LOOK_SECONDS)


@contextmanager
def _screen(facts: Callable[[], object] | None) -> Iterator[Callable[[RenderableType], None]]:
    """How to show a view in place of the one before."""
    if not console().is_terminal:
        yield _Changes(facts)
        return
    with Live(console=console(), auto_refresh=False, vertical_overflow="ellipsis") as screen:
        yield lambda view: screen.update(view, refresh=True)


class _Changes:
    """Prints a view if it says something else than the last one."""

    def __init__(self, facts: Callable[[], object] | None) -> None:
        self._facts, self._last = facts, object()

    def __call__(self, view: RenderableType) -> None:
        text = plain(view)
        facts = self._facts() if self._facts else text
        if facts != self._last:
            self._last = facts
            typer.echo(text)


def repeatedly(look: Callable[[], T]) -> Iterator[T]:
    """What `look` gives, every second, but for seconds in which the server does not answer."""
    while True:
        with suppress(Transient):
            yield look()
        time.sleep(LOOK_SECONDS)


def changes(found: Sequence[Overview], said: dict[tuple[str, str], str], now: datetime) -> Iterator[str]:
    """A line with its time for every Rollout that reads differently than what was `said`, which is kept up to date."""
    lines = {(each.namespace, each.name): f"{each.namespace}/{each.name}  {sentence(each)}" for each in found}
    lines |= {key: f"{'/'.join(key)}  is gone" for key in said if key not in lines}
    for key, line in lines.items():
        if said.get(key) != line:
            said[key] = line
            yield f"{now:%Y-%m-%dT%H:%M:%SZ}  {line}"


def wait(
    look: Callable[[], Overview],
    limit: timedelta | None,
    *,
    now: Callable[[], datetime],
    say: Callable[[str], None] = typer.echo,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Says each change on a line until the Rollout is Healthy (0), Degraded (1) or `limit` has passed (1)."""
    ends, said = (now() + limit) if limit is not None else None, ""
    while True:
        found = look()
        if (line := sentence(found)) != said:
            say(line)
            said = line
        if found.ended:
            return 0 if found.phase == "Healthy" else 1
        if ends is not None and now() >= ends:
            say(f"gave up waiting: {found.name} is still {found.phase}")
            return 1
        sleep(LOOK_SECONDS)


def sentence(found: Overview) -> str:
    """`Paused - CanaryPauseStep (step 1/4, weight 20)`."""
    step = [f"step {found.progress}"] if found.progress and not found.ended else []
    weight = [f"weight {found.actual_weight}"] if step and found.actual_weight is not None else []
    where = f" ({', '.join((*step, *weight))})" if step else ""
    return clean(f"{found.phase}{f' - {found.message}' if found.message else ''}{where}").plain


def length(text: str, option: str) -> timedelta:
    """A duration as users give it to an option: seconds, or a text such as 5m. Raises `typer.BadParameter`."""
    from reconciler.rollouts.quantities import pause_length

    try:
        found = pause_length(text)
    except (ValueError, OverflowError):
        found = timedelta(seconds=-1)
    if found < timedelta():
        raise typer.BadParameter(f"{text!r} is no duration such as 60s or 5m", param_hint=option)
    return found
