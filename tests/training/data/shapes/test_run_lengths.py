"""COCO's compressed run lengths against masks."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from instseg.errors import InvalidArgument
from instseg_train.data.shapes.run_lengths import run_lengths


def test_lengths_are_those_of_the_masks_runs() -> None:
    random = np.random.default_rng(0)
    for density in (0.0, 0.001, 0.1, 0.5, 0.999, 1.0):
        for _ in range(30):
            mask = (random.random(random.integers(1, 90, 2)) < density).astype(np.uint8)
            flat = mask.ravel(order="F")
            ends = np.flatnonzero(np.diff(flat)) + 1
            expected = np.diff([0, *([0] if flat[0] else []), *ends, flat.size])
            counts = coco_mask.encode(np.asfortranarray(mask))["counts"]
            assert run_lengths(counts).tolist() == expected.tolist()


@pytest.mark.parametrize("counts", [b"", b"P", b"~0", b"\xff", b"PPPPPPPP1"])
def test_other_text_is_refused(counts: bytes) -> None:
    with pytest.raises(InvalidArgument, match="run lengths"):
        run_lengths(counts)
