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
from functools import reduce

import msgspec

from reconciler.kube.happenings import LONGEST_MESSAGE, EventType, Happening, ObjectRef, Tally
from reconciler.runtime.texts import shared

SHORTEST_SECONDS, LONGEST_SECONDS, SECONDS_PER_OBJECT = 1.0, 180.0, 0.5
CROWD = 10
"""From so many objects on what each has to tell is one Event, whatever the reasons."""

FULL = 64
"""Messages of one object that wait for no more company: no Event could hold them all."""

BETWEEN = "; "
LONGEST_STORY = 4 * LONGEST_MESSAGE

Sent = tuple[Happening, Tally]


class _Message(msgspec.Struct, gc=False):
    """What one object told; thousands of them wait in a burst. Times are seconds since 1970."""

    reason: str
    text: str
    first: float
    last: float
    count: int = 1

    @property
    def tally(self) -> Tally:
        return Tally(self.first, self.last, self.count)


@dataclass(slots=True, eq=False)
class _Story:
    """What one object has to tell of one type, in order. `due`: a monotonic clock's time."""

    about: ObjectRef
    type: EventType
    since: float
    due: float | None = None
    crowded: bool = False
    rests: bool = False
    told: list[_Message] = field(default_factory=list)

    def find(self, reason: str, text: str) -> _Message | None:
        """The message that a further one repeats."""
        return next((each for each in self.told if each.text == text and each.reason == reason), None)

    def events(self) -> Iterator[Sent]:
        """As few Events as can say it all."""
        reasons = dict.fromkeys(each.reason for each in self.told)
        if self.crowded and len(reasons) > 1:
            named = [msgspec.structs.replace(each, text=f"{each.reason}: {each.text}") for each in self.told]
            return map(self._event, _fitting(named, LONGEST_STORY))
        alike = ([each for each in self.told if each.reason == reason] for reason in reasons)
        return map(self._event, (chunk for each in alike for chunk in _fitting(each, LONGEST_MESSAGE)))

    def _event(self, messages: list[_Message]) -> Sent:
        happening = Happening(self.about, self.type, messages[-1].reason, BETWEEN.join(m.text for m in messages))
        return happening, reduce(Tally.joined, (each.tally for each in messages))


def _fitting(messages: Iterable[_Message], longest: int) -> Iterator[list[_Message]]:
    """The messages in groups whose texts fit into one; none is cut."""
    group: list[_Message] = []
    length = 0
    for each in messages:
        length += len(BETWEEN) + len(each.text)
        if group and length - len(BETWEEN) > longest:
            yield group
            group, length = [], len(BETWEEN) + len(each.text)
        group.append(each)
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

    def add(self, happening: Happening, at: float, now: float) -> bool:
        """False when no more may wait. `at`: seconds since 1970."""
        key = (happening.about, happening.type)
        story = self._stories.get(key)
        known = story.find(happening.reason, happening.message) if story else None
        if known is None and self._messages >= self._most:
            return False
        if story is None:
            story = self._stories[key] = _Story(*key, since=now)
        if known is None:
            story.told.append(_Message(happening.reason, self._shared(happening), at, at))
            self._messages += 1
        else:
            known.last, known.count = at, known.count + 1
        story.rests = len(story.told) >= FULL
        self._put(story, now if story.rests else self._due_at(story))
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

    @staticmethod
    def _shared(happening: Happening) -> str:
        """What does not name its object is the same text for all that tell it."""
        return happening.message if happening.about.name in happening.message else shared(happening.message)

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
