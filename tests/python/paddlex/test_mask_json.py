"""The fast JSON text equals the standard library's."""

import json
from typing import Any

import numpy as np
import pytest

from instseg.paddlex.mask_json import json_with_masks

MASKS = [
    np.array([[0, 1, 1], [1, 0, 0]], np.uint8),
    np.ones((1, 1), np.uint8),
    np.zeros((0, 4), np.uint8),
    np.zeros((2, 0), np.uint8),
]


@pytest.mark.parametrize("indent", [None, 0, 1, 2, 4, "\t"])
@pytest.mark.parametrize("ensure_ascii", [False, True])
@pytest.mark.parametrize("masks", [[], MASKS[:1], MASKS])
def test_text_is_that_of_the_standard_library(indent: Any, ensure_ascii: bool, masks: Any) -> None:
    data = {"a": '猫 "q"', "boxes": [{"c": [1.5, 2]}, {}], "empty": [], "masks": None, "z": None}
    options = {"indent": indent, "ensure_ascii": ensure_ascii}
    expected = json.dumps({**data, "masks": [m.tolist() for m in masks]}, **options)
    assert json_with_masks(data, "masks", masks, **options) == expected


def test_masks_alone() -> None:
    assert json_with_masks({"m": 0}, "m", MASKS[:2]) == '{"m": [[[0, 1, 1], [1, 0, 0]], [[1]]]}'


def test_rows_of_a_part_of_an_array() -> None:
    whole = np.arange(30, dtype=np.uint8).reshape(5, 6) % 2
    part = whole[1:4, ::2]
    expected = json.dumps({"m": [part.tolist()]}, indent=2)
    assert json_with_masks({"m": 0}, "m", [part], indent=2) == expected
