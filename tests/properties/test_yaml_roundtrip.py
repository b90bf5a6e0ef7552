"""Laws of the YAML loader over generated values: JSON is YAML, and places are true."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.yaml.loader import load

PRINTABLE = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Co"), exclude_characters="\ufeff\u2028\u2029")
)
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | PRINTABLE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PRINTABLE, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_json_is_read_as_the_same_value(value: Any) -> None:
    text = json.dumps({"top": value}, ensure_ascii=False)
    assert load(text.encode(), "f.yaml")[0].value == {"top": value}


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{2,8}", fullmatch=True).filter(
            lambda key: key not in ("on", "off", "no", "yes", "true", "null", "false")
        ),
        st.integers(0, 9),
        min_size=1,
    )
)
def test_the_place_of_every_key_is_where_it_is_written(value: dict[str, int]) -> None:
    text = "".join(f"{key}: {number}\n" for key, number in value.items())
    positions = load(text.encode(), "f.yaml")[0].positions
    assert [positions.of((key,)) for key in value] == [(line, 1) for line in range(1, len(value) + 1)]
