import pytest
from harness.threshold import choose_threshold
from hypothesis import given
from hypothesis import strategies as st

scores = st.lists(st.floats(0, 1, width=32), min_size=27, max_size=100, unique=True)


@given(scores)
def test_keeps_fifteen_to_twenty_five_in_the_widest_gap(values: list[float]) -> None:
    threshold = choose_threshold(values)
    kept = sum(value > threshold for value in values)
    assert 15 <= kept <= 25

    ordered = sorted(values, reverse=True)
    gaps = {k: ordered[k - 1] - ordered[k] for k in range(15, 26)}
    assert gaps[kept] == max(gaps.values())


def test_sixteen_scores_are_just_enough() -> None:
    values = [1 - i / 100 for i in range(16)]
    assert sum(value > choose_threshold(values) for value in values) == 15


def test_too_few_scores_say_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"found 15 instances.*busier image"):
        choose_threshold([0.5] * 15)
