"""Classes of a model and categories of a data set."""

from __future__ import annotations

import pytest

from instseg.errors import InvalidArgument
from instseg_train.evaluate.class_matching import match_classes

CATEGORIES = {40: "coin", 7: "cell"}


def test_names_count_and_not_their_order() -> None:
    assert dict(match_classes(["coin", "cell"], CATEGORIES).category_ids) == {0: 40, 1: 7}
    assert dict(match_classes(["cell", "coin"], CATEGORIES).category_ids) == {0: 7, 1: 40}


def test_classes_that_are_no_category_are_left_out() -> None:
    match = match_classes(["person", "cell", "dog", "coin"], CATEGORIES)
    assert dict(match.category_ids) == {1: 7, 3: 40}
    assert match.left_out == ("person", "dog")


def test_a_model_without_names_has_the_order_of_the_ids() -> None:
    assert dict(match_classes(["class 0", "class 1"], CATEGORIES).category_ids) == {0: 7, 1: 40}


def test_names_that_occur_twice_need_the_same_lists() -> None:
    twice = {3: "coin", 5: "coin"}
    assert dict(match_classes(["coin", "coin"], twice).category_ids) == {0: 3, 1: 5}
    with pytest.raises(InvalidArgument, match="the data set has several classes of the name"):
        match_classes(["coin", "cell"], twice)
    with pytest.raises(InvalidArgument, match="the model has several classes of the name 'coin'"):
        match_classes(["coin", "coin", "cell"], CATEGORIES)


@pytest.mark.parametrize("names", [["coin", "blob"], ["coin"], ["class 0"], ["Coin", "Cell"]])
def test_an_unknown_category_is_an_error(names: list[str]) -> None:
    with pytest.raises(InvalidArgument, match="categories that the model does not know: 'c"):
        match_classes(names, CATEGORIES)


def test_long_lists_are_cut_in_messages() -> None:
    with pytest.raises(InvalidArgument, match="'c11' and 68 more; the data set's"):
        match_classes([f"c{i}" for i in range(80)], CATEGORIES)
