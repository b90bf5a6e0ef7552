"""Kinds of names that Kubernetes knows: each rule says what is wrong with a text, or nothing.

Source: Kubernetes API, `apimachinery` validation of names; RFC 1123.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from reconciler.workloads.field_errors import invalid

Rule = Callable[[str], str]

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"{_LABEL.pattern}(\.{_LABEL.pattern})*")
_NAME_PART = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_VARIABLE = re.compile(r"[ -<>-~]+")  # printable ASCII but "="
_PORT_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])*")
_HEADER = re.compile(r"[-A-Za-z0-9]+")


def label(text: str) -> str:
    """Of containers, volumes, hosts."""
    if len(text) > 63:
        return "must have at most 63 characters"
    return _unless(_LABEL.fullmatch(text), "must be lower-case letters, digits and '-', as in my-name")


def subdomain(text: str) -> str:
    """Of most objects."""
    if len(text) > 253:
        return "must have at most 253 characters"
    return _unless(_SUBDOMAIN.fullmatch(text), "must be lower-case letters, digits, '-' and '.', as in my-name.example")


def qualified(text: str) -> str:
    """Of labels, annotations, resources: `name` or `example.com/name`."""
    prefix, slash, name = text.rpartition("/")
    if slash and (why := subdomain(prefix)):
        return f"the part before the slash {why}"
    if len(name) > 63:
        return "must have at most 63 characters after the slash"
    return _unless(_NAME_PART.fullmatch(name), "must be letters, digits, '-', '_' and '.', as in example.com/my-name")


def label_value(text: str) -> str:
    if len(text) > 63:
        return "must have at most 63 characters"
    fits = not text or _NAME_PART.fullmatch(text)
    return _unless(fits, "must be letters, digits, '-', '_' and '.', with a letter or digit at both ends")


def config_key(text: str) -> str:
    """Of entries in ConfigMaps and Secrets."""
    if len(text) > 253:
        return "must have at most 253 characters"
    fits = _CONFIG_KEY.fullmatch(text) and text != "." and not text.startswith("..")
    return _unless(fits, "must be letters, digits, '-', '_' and '.'")


def variable(text: str) -> str:
    return _unless(_VARIABLE.fullmatch(text), "must be printable ASCII characters other than '='")


def port(text: str) -> str:
    if len(text) > 15:
        return "must have at most 15 characters"
    fits = _PORT_NAME.fullmatch(text) and "--" not in text and re.search("[a-z]", text)
    return _unless(fits, "must be lower-case letters, digits and '-', with at least one letter")


def header(text: str) -> str:
    return _unless(_HEADER.fullmatch(text), "must be letters, digits and '-', as in X-My-Header")


def check(rule: Rule, text: str | None, path: str) -> Iterator[str]:
    """The problem of an optional text, if it has one."""
    if text and (why := rule(text)):
        yield invalid(path, text, why)


def _unless(fits: object, why: str) -> str:
    return "" if fits else why
