"""Where events wait for company, so that a crowd of objects that change at once is not a flood of requests.

Warnings do not wait. The others wait longer the more objects have something to tell, so that there are about two Events
a second in all: a second when it is quiet, three minutes at most. An object that comes to rest is told of at once.

Of one object what is alike is told once: a repeat is a count, messages of one type and reason stand side by side. What
was told among a crowd is one Event with every message in order, each after its reason; its own reason is the latest.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce

from reconciler.kube.happenings import LONGEST_MESSAGE, EventType, Happening, ObjectRef, Tally

SHORTEST_SECONDS, LONGEST_SECONDS, SECONDS_PER_OBJECT = 1.0, 180.0, 0.5
CROWD = 10
"""From so many objects on what each has to tell is one Event, whatever the reasons."""

BETWEEN = "; "
LONGEST_STORY = 4 * LONGEST_MESSAGE

Sent = tuple[Happening, Tally]
_Part = tuple[str, str, Tally]
"""(reason, text, tally)"""


@dataclass(slots=True, eq=False)
class _Story:
    """What one object has to tell of one type, in order. `due`: a monotonic clock's time."""

    about: ObjectRef
    type: EventType
    since: float
    due: float | None = None
    crowded: bool = False
    rests: bool = False
    told: dict[tuple[str, str], Tally] = field(default_factory=dict)

    def add(self, reason: str, message: str, now: datetime) -> bool:
        """Whether that is more than a repeat."""
        known = self.told.get((reason, message))
        if known:
            known.last, known.count = now, known.count + 1
        else:
            self.told[reason, message] = Tally(now, now)
        return known is None

    def events(self) -> Iterator[Sent]:
        """As few Events as can say it all."""
        parts = [(reason, message, tally) for (reason, message), tally in self.told.items()]
        reasons = dict.fromkeys(reason for reason, _, _ in parts)
        if self.crowded and len(reasons) > 1:
            named = [(reason, f"{reason}: {message}", tally) for reason, message, tally in parts]
            return map(self._event, _fitting(named, LONGEST_STORY))
        alike = ([part for part in parts if part[0] == reason] for reason in reasons)
        return map(self._event, (chunk for each in alike for chunk in _fitting(each, LONGEST_MESSAGE)))

    def _event(self, parts: list[_Part]) -> Sent:
        happening = Happening(self.about, self.type, parts[-1][0], BETWEEN.join(text for _, text, _ in parts))
        return happening, reduce(Tally.joined, (tally for _, _, tally in parts))


def _fitting(parts: Iterable[_Part], longest: int) -> Iterator[list[_Part]]:
    """The parts in groups whose texts fit into one message; none is cut."""
    group: list[_Part] = []
    length = 0
    for part in parts:
        length += len(BETWEEN) + len(part[1])
        if group and length - len(BETWEEN) > longest:
            yield group
            group, length = [], len(BETWEEN) + len(part[1])
        group.append(part)
    if group:
        yield group


class Gathering:
    """Not safe to use from many threads. `now` is a monotonic clock's time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._messages = 0
        self._stories: dict[tuple[ObjectRef, EventType], _Story] = {}
        self._order = itertools.count()
        self._due: list[tuple[float, int, _Story]] = []
        """A heap; an entry counts only if its time is still that of its story."""

    def __len__(self) -> int:
        """Messages that wait, repeats not counted."""
        return self._messages

    def add(self, happening: Happening, at: datetime, now: float) -> bool:
        """False when no more may wait."""
        key = (happening.about, happening.type)
        story = self._stories.get(key)
        fits = self._messages < self._most
        if not fits and not (story and (happening.reason, happening.message) in story.told):
            return False
        if story is None:
            story = self._stories[key] = _Story(*key, since=now)
        story.rests = False
        self._put(story, self._due_at(story))
        self._messages += story.add(happening.reason, happening.message, at)
        return True

    def at_rest(self, about: ObjectRef, now: float) -> bool:
        """What the object has told is due now; whether there is anything."""
        story = self._stories.get((about, "Normal"))
        if story is not None:
            story.rests = True
            self._put(story, now)
        return story is not None

    def next_due(self) -> float | None:
        """When `pop` is to be called; None while nothing waits."""
        while self._due and self._due[0][0] != self._due[0][2].due:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def pop(self) -> list[Sent]:
        """What the next story has to tell; nothing when it waits longer after all, for a crowd that came since."""
        due = self.next_due()
        if due is None:
            return []
        story = self._due[0][2]
        if not story.rests:
            self._put(story, self._due_at(story))
        if story.due != due:
            return []
        heapq.heappop(self._due)
        story.due = None  # no other entry of the heap counts any more
        del self._stories[story.about, story.type]
        self._messages -= len(story.told)
        return list(story.events())

    def _due_at(self, story: _Story) -> float:
        """The larger the crowd was at any time while it waited, the later."""
        if story.type == "Warning":
            return story.since
        story.crowded = story.crowded or len(self._stories) >= CROWD
        patience = min(LONGEST_SECONDS, max(SHORTEST_SECONDS, SECONDS_PER_OBJECT * len(self._stories)))
        return max(story.due or 0.0, story.since + patience)

    def _put(self, story: _Story, due: float) -> None:
        if due != story.due:
            story.due = due
            heapq.heappush(self._due, (due, next(self._order), story))
