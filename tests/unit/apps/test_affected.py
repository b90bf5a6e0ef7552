from __future__ import annotations

import pytest

from reconciler.apps.affected import affected
from reconciler.config.model import Application, Source

REPO, OTHER = "https://example.com/a.git", "https://example.com/b.git"
APPS = [
    Application("shop", Source(REPO, "shop")),
    Application("billing", Source(REPO, "billing")),
    Application("elsewhere", Source(OTHER, "shop")),
]


class Below:
    def __init__(self, path: str) -> None:
        self.path = path

    def affected_by(self, changed: frozenset[str]) -> bool:
        return any(path.startswith(self.path) for path in changed)


INPUTS = {"shop": Below("shop/"), "billing": Below("billing/"), "elsewhere": Below("shop/")}


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"shop/web.yaml"}, ["shop"]),
        ({"shop/web.yaml", "billing/x.yaml"}, ["shop", "billing"]),
        ({"README.md"}, []),
        (None, ["shop", "billing"]),
    ],
)
def test_a_push_concerns_those_whose_inputs_changed(changed: set[str] | None, names: list[str]) -> None:
    assert affected(APPS, REPO, None if changed is None else frozenset(changed), INPUTS) == names


def test_one_that_was_never_rendered_is_always_looked_at() -> None:
    assert affected(APPS, REPO, frozenset({"README.md"}), {**INPUTS, "billing": None}) == ["billing"]
