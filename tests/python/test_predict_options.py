"""Thresholds, counts and classes as callers give them."""

from typing import Any

import numpy as np
import pytest

from instseg.errors import InvalidArgument
from instseg.predict_options import check_count, check_threshold, resolve_classes

NAMES = ["person", "bicycle", "traffic light"]


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float32(0.25), np.int64(1)])
def test_thresholds(value: Any) -> None:
    assert check_threshold(value) == float(value)
    assert type(check_threshold(value)) is float


def test_no_threshold_is_the_models_own() -> None:
    assert check_threshold(None) is None


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf"), 50])
def test_thresholds_out_of_range(value: float) -> None:
    with pytest.raises(InvalidArgument, match="out of range; expected a number from 0 to 1"):
        check_threshold(value)


@pytest.mark.parametrize("value", ["0.5", True, [0.5], {"person": 0.5}, 0.5j])
def test_thresholds_of_the_wrong_type(value: Any) -> None:
    with pytest.raises(InvalidArgument, match="expected a number"):
        check_threshold(value)


@pytest.mark.parametrize("value", [1, 7, np.int32(7)])
def test_counts(value: Any) -> None:
    assert check_count("batch_size", value) == int(value)


@pytest.mark.parametrize("value", [0, -1, 1.0, "1", True, None, 2**31])
def test_wrong_counts(value: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"batch_size=.*integer from 1"):
        check_count("batch_size", value)


@pytest.mark.parametrize(
    ("classes", "ids"),
    [
        (None, None),
        ("person", [0]),
        ("traffic light", [2]),
        (1, [1]),
        (["bicycle", "person"], [1, 0]),
        ([2, "person", np.int64(2), "traffic light"], [2, 0]),
        ({"bicycle"}, [1]),
        (np.array([0, 2]), [0, 2]),
        ((name for name in NAMES), [0, 1, 2]),
    ],
)
def test_classes(classes: Any, ids: list[int] | None) -> None:
    assert resolve_classes(classes, NAMES) == ids


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ("persn", "no class 'persn'. Did you mean 'person'"),
        (["cat"], "no class 'cat'. It has person, bicycle, traffic light"),
        ([3], "no class id 3; the model's are 0 to 2"),
        ([-1], "no class id -1"),
        ([True], "cannot be True of type bool"),
        ([1.0], "cannot be 1.0 of type float"),
        ([None], "cannot be None"),
        ([], "classes is empty"),
        (1.5, "classes=1.5 is of type float"),
    ],
)
def test_wrong_classes(classes: Any, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        resolve_classes(classes, NAMES)
