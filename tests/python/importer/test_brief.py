"""Values from untrusted files in messages: short, whatever they are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instseg.importer.brief import brief

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=50,
)


@given(JSON)
def test_any_json_is_short(value: Any) -> None:
    assert len(brief(value)) < 20_000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, "7"),
        ("abc", "'abc'"),
        ([640, 640.5, True], "[640, 640.5, True]"),
        (None, "None"),
    ],
)
def test_small_values_are_shown_whole(value: Any, expected: str) -> None:
    assert brief(value) == expected


def test_large_values_are_cut() -> None:
    assert brief(-(1 << 20_000)) == "<a whole number of 20001 bits>"
    assert len(brief("x" * 1_000_000)) == 80
    assert len(brief(list(range(1_000_000)))) < 100
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    assert brief(nested) == "[[[[...]]]]"
    while nested:  # taken apart from the outside: no deep recursion at the end
        nested = nested[0]
    doubling: list[Any] = ["x"]
    for _ in range(60):
        doubling = [doubling, doubling]
    assert len(brief(doubling)) < 200
    itself: list[Any] = []
    itself.append(itself)
    assert brief(itself) == "[[[[...]]]]"
