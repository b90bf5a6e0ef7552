"""Looking again and again: live views, and waiting for an end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from reconciler.cli.printing import clean, console
from reconciler.errors import Transient
from reconciler.rollouts.overview import Overview

LOOK_SECONDS = 1.0
"""How often is asked: a person does not read faster."""


def live(look: Callable[[], RenderableType]) -> Iterator[None]:
    """Shows what `look` gives, anew every second, until the caller stops asking. The last view stays.

    A server that does not answer for a while is told of below the last view.
    """
    shown: RenderableType = Text()
    with Live(console=console(), auto_refresh=False, vertical_overflow="crop") as screen:
        while True:
            try:
                shown = look()
                screen.update(shown, refresh=True)
            except Transient as error:
                screen.update(Group(shown, clean(f"trying again: {error}", "yellow")), refresh=True)
            else:
                yield
            time.sleep(LOOK_SECONDS)


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
