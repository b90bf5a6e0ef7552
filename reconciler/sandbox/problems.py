"""The answers of an API server that are not successes: `Status` objects with the reasons that clients act on.

Source: Kubernetes API conventions, "Response Status Kind"; shapes compared with the real server in tests/sandbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Cause:
    """One wrong field: `kind` is the reason (FieldValueInvalid, …), `field` its path."""

    kind: str
    message: str
    field: str

    def encoded(self) -> dict[str, str]:
        return {"reason": self.kind, "message": self.message, "field": self.field}


@dataclass
class ApiProblem(Exception):
    """A request that is answered with a failure Status."""

    code: int
    reason: str
    message: str
    details: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code} {self.reason}: {self.message}"

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            found["reason"] = self.reason
        if self.details:
            found["details"] = self.details
        return found | {"code": self.code}


def details(group: str, kind: str, name: str) -> dict[str, Any]:
    found = {"name": name, "group": group, "kind": kind}
    return {key: value for key, value in found.items() if value}


def qualified(group: str, kind: str) -> str:
    return f"{kind}.{group}" if group else kind


def bad_request(message: str) -> ApiProblem:
    return ApiProblem(400, "BadRequest", message)


def not_found(group: str, plural: str, name: str) -> ApiProblem:
    return ApiProblem(404, "NotFound", f'{qualified(group, plural)} "{name}" not found', details(group, plural, name))


def no_such_resource() -> ApiProblem:
    return ApiProblem(404, "NotFound", "the server could not find the requested resource")


def already_exists(group: str, plural: str, name: str) -> ApiProblem:
    message = f'{qualified(group, plural)} "{name}" already exists'
    return ApiProblem(409, "AlreadyExists", message, details(group, plural, name))


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(group: str, plural: str, name: str, why: str = MODIFIED) -> ApiProblem:
    message = f'Operation cannot be fulfilled on {qualified(group, plural)} "{name}": {why}'
    return ApiProblem(409, "Conflict", message, details(group, plural, name))


def forbidden(group: str, plural: str, name: str, why: str, causes: Sequence[Cause] = ()) -> ApiProblem:
    found = details(group, plural, name)
    if causes:
        found["causes"] = [cause.encoded() for cause in causes]
    return ApiProblem(403, "Forbidden", f'{qualified(group, plural)} "{name}" is forbidden: {why}', found)


def invalid(group: str, kind: str, name: str, causes: Sequence[Cause]) -> ApiProblem:
    """422 with every wrong field at once."""
    lines = [f"{cause.field}: {cause.message}" for cause in causes]
    text = lines[0] if len(lines) == 1 else f"[{', '.join(lines)}]"
    found = details(group, kind, name) | {"causes": [cause.encoded() for cause in causes]}
    return ApiProblem(422, "Invalid", f'{qualified(group, kind)} "{name}" is invalid: {text}', found)


def unprocessable() -> ApiProblem:
    """What a JSON patch that does not fit gets."""
    return ApiProblem(422, "Invalid", "the server rejected our request due to an error in our request")


def method_not_allowed() -> ApiProblem:
    return ApiProblem(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def unsupported_media_type(message: str = "415: Unsupported Media Type") -> ApiProblem:
    return ApiProblem(415, "UnsupportedMediaType", message)


def expired(message: str, metadata: dict[str, Any] | None = None) -> ApiProblem:
    return ApiProblem(410, "Expired", message, metadata=metadata or {})


def untypable(message: str) -> ApiProblem:
    """What the real server answers when an applied configuration does not fit the schema: 500 without a reason."""
    return ApiProblem(500, "", message)


def internal(message: str) -> ApiProblem:
    return ApiProblem(500, "InternalError", message)


def too_large(limit: int) -> ApiProblem:
    message = f"Request entity too large: limit is {limit}"
    return ApiProblem(413, "RequestEntityTooLarge", message)


def not_implemented(what: str) -> ApiProblem:
    """Honesty: what the sandbox cannot do is refused, never answered with something that looks right."""
    return ApiProblem(501, "NotImplemented", f"the sandbox does not implement {what}")


def required(path: str, detail: str = "") -> Cause:
    return Cause("FieldValueRequired", "Required value" + (f": {detail}" if detail else ""), path)


def invalid_value(path: str, shown: str, detail: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {shown}: {detail}", path)


def type_invalid(path: str, shown: str, detail: str) -> Cause:
    return Cause("FieldValueTypeInvalid", f"Invalid value: {shown}: {detail}", path)


def not_supported(path: str, shown: str, allowed: Sequence[str]) -> Cause:
    choices = ", ".join(f'"{choice}"' for choice in allowed)
    return Cause("FieldValueNotSupported", f"Unsupported value: {shown}: supported values: {choices}", path)
