"""What an API server's refusal means: from a status code and a `Status` body to the taxonomy of `errors.py`.

Some answers do not mean what their code says. Server-side apply reports fields that the schema does not have, or values
of a wrong type, as 500: that is the user's manifest, and repeating it cannot help. A namespace that is being deleted
answers 403 to a create: that passes. A JSON patch that cannot be applied, because a `test` fails or a path is not
there, is 422: what it was made for has changed, so it is a conflict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from reconciler.errors import (
    AlreadyExists,
    Conflict,
    Gone,
    NotFound,
    Problem,
    ReconcilerError,
    Refused,
    Transient,
    UserError,
)

_USERS_FAULT = (
    "failed to create typed patch object",
    "field not declared in schema",
    "unable to convert unstructured object",
)
_FIELD_ERROR = re.compile(r"(?:^|\s)(\.[^\s:]+): ((?:field not declared in schema|expected [^\n]*|duplicate [^\n]*))")
_FAILED_TEST = "the server rejected our request due to an error in our request"
_ECHOES_VALUES = (400, 422, 500)
LONGEST_MESSAGE = 2000


class Cause(msgspec.Struct, frozen=True):
    reason: str = ""
    message: str = ""
    field: str = ""


class Details(msgspec.Struct, frozen=True, rename="camel"):
    causes: tuple[Cause, ...] = ()
    retry_after_seconds: float = 0


class Status(msgspec.Struct, frozen=True):
    """The `Status` object that a failed request is answered with (Kubernetes API conventions)."""

    message: str = ""
    reason: str = ""
    code: int = 0
    details: Details | None = None

    @property
    def causes(self) -> tuple[Cause, ...]:
        return self.details.causes if self.details else ()


def parse_status(body: bytes) -> Status:
    """The server's `Status`; for any other body one that carries the start of its text."""
    try:
        status = msgspec.json.decode(body, type=Status)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Status(message=body[:200].decode(errors="replace").strip())
    return status if status.message or status.reason else Status(message="the server gave no reason")


def error_for(
    code: int, status: Status, act: str, *, headers: Mapping[str, str] | None = None, withhold: bool = False
) -> ReconcilerError:
    """The error to raise for an answer other than 2xx.

    `act` says what was asked, e.g. "apply Deployment shop/web". `withhold` leaves the server's words out of answers
    that may quote the request: for Secrets.
    """
    transient = _is_transient(code, status)
    if withhold and code in _ECHOES_VALUES:
        status = _withheld(status)
    text = f"{act}: {status.message[:LONGEST_MESSAGE] or f'the server answered {code}'}"
    if transient:
        return Transient(text, retry_after(status, headers or {}))
    if code in (401, 403):
        return Refused(text)
    if code == 404:
        return NotFound(text)
    if code == 409:
        return AlreadyExists(text) if status.reason == "AlreadyExists" else Conflict(text)
    if code == 410:
        return Gone(text)
    return UserError(_problems(status, act, text))


def is_failed_test(code: int, status: Status) -> bool:
    """Whether the answer to a JSON patch says that one of its `test` operations did not hold."""
    return code == 422 and not status.causes and _FAILED_TEST in status.message


def retry_after(status: Status, headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: the header if it is a number, else the Status's own field."""
    asked = headers.get("Retry-After", "")
    if asked.isdecimal():
        return float(asked)
    return (status.details.retry_after_seconds or None) if status.details else None


def _is_transient(code: int, status: Status) -> bool:
    if code == 403:
        return any(cause.reason == "NamespaceTerminating" for cause in status.causes)
    if code == 500:
        return not any(phrase in status.message for phrase in _USERS_FAULT)
    return code in (408, 425, 429) or code > 500


def _problems(status: Status, act: str, text: str) -> list[Problem]:
    found = [f"{cause.field}: {cause.message}" for cause in status.causes if cause.field and cause.message]
    found = found or [f"{field}: {what}" for field, what in _FIELD_ERROR.findall(status.message)]
    return [Problem(f"{act}: {line[:LONGEST_MESSAGE]}") for line in found] or [Problem(text)]


def _withheld(status: Status) -> Status:
    causes = tuple(Cause(cause.reason, cause.reason, cause.field) for cause in status.causes)
    what = "a value under data is not base64" if "illegal base64" in status.message else "rejected"
    message = f"{what} (the server's words are withheld: they may quote secret values)"
    return Status(message, status.reason, status.code, Details(causes))
