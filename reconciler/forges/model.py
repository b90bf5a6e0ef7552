"""What every forge has in common: pushes that come in, commit statuses that go out, and the answers to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from reconciler.http.model import Request, Response

DESCRIPTION_LIMIT = 140
"""Characters of a description that GitHub accepts (spec gitops §6.1)."""


class State(StrEnum):
    """States of a commit status, as GitHub and Gitea name them."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """One line next to a commit. `sha` is the full hexadecimal id; `context` tells our lines apart from others'."""

    sha: str
    context: str
    state: State
    description: str
    target_url: str = ""


@dataclass(frozen=True, slots=True)
class StatusTarget:
    """Where statuses of one repository go. `repo` is OWNER/NAME; `api_url` has no trailing slash."""

    kind: str
    api_url: str
    repo: str
    token: str = ""

    def __repr__(self) -> str:
        return f"StatusTarget({self.kind!r}, {self.api_url!r}, {self.repo!r})"


@dataclass(frozen=True, slots=True)
class Push:
    """A branch moved, says a webhook. Only a hint to look: `sha` is empty when the branch was deleted."""

    repo_urls: tuple[str, ...]
    full_name: str
    branch: str
    sha: str


@dataclass(frozen=True, slots=True)
class Ping:
    """The forge tries out a new webhook."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The forge has the status."""


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Not now. `seconds` None leaves the delay to the sender; `whole_forge` also holds back every other status."""

    seconds: float | None
    reason: str
    whole_forge: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """Sending this status again cannot help; `reason` says what a person can do."""

    reason: str


Answer = Delivered | RetryAfter | Rejected


class Forge(Protocol):
    """What a module of this package offers; see `forges.github` for the reference."""

    @staticmethod
    def recognises(headers: Mapping[str, str]) -> bool:
        """Whether a webhook with these (lower-cased) headers was sent by this forge."""
        ...

    @staticmethod
    def verify(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the raw body was signed with the secret; constant time."""
        ...

    @staticmethod
    def delivery_id(headers: Mapping[str, str]) -> str: ...

    @staticmethod
    def parse_push(headers: Mapping[str, str], body: bytes) -> Push | Ping | None:
        """None for everything that is not a push to a branch, odd shapes included; never raises."""
        ...

    @staticmethod
    def status_request(target: StatusTarget, status: CommitStatus) -> Request: ...

    @staticmethod
    def status_answer(response: Response, now: datetime) -> Answer: ...
