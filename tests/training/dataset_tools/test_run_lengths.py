"""Run lengths against pycocotools."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from instseg_train.dataset_tools.run_lengths import RunLengthFault, foreground, read_counts


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32), st.floats(0, 1))
def test_compressed_counts_are_those_of_the_mask(h: int, w: int, seed: int, share: float) -> None:
    mask = np.asfortranarray(np.random.default_rng(seed).random((h, w)) < share, np.uint8)
    text = coco_mask.encode(mask)["counts"].decode()
    runs = read_counts(text, h * w)
    values = np.repeat(np.arange(len(runs)) % 2, runs).reshape((h, w), order="F")
    assert np.array_equal(values, mask)
    assert foreground(runs) == mask.sum()


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        runs = read_counts(text, 100)
    except RunLengthFault:
        return
    assert runs.sum() == 100
    assert (runs >= 0).all()


@pytest.mark.parametrize("counts", [None, 7, {"a": 1}])
def test_other_kinds_are_refused(counts: object) -> None:
    with pytest.raises(RunLengthFault, match="neither list nor text"):
        read_counts(counts, 100)
