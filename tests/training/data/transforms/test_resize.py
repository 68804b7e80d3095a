from __future__ import annotations

import cv2
import numpy as np
import pytest
from made_samples import boxes_of, made_sample, masks_of

from instseg_train.data.sample import Sample
from instseg_train.data.transforms.resize import CUBIC, RandomResize, fitting_size, resize


def test_image_boxes_and_masks_scale_alike() -> None:
    sample = made_sample()
    scaled = resize(sample, (270, 240), CUBIC)
    assert np.array_equal(
        scaled.image, cv2.resize(sample.image, (240, 270), interpolation=cv2.INTER_CUBIC)
    )
    assert np.allclose(scaled.boxes, sample.boxes * np.float32([2, 3, 2, 3]), atol=1e-3)
    # A mask's pixels are whole: of a bitmap those of the small image, 2 x 3 pixels each.
    off = np.abs(boxes_of(masks_of(scaled)) - scaled.boxes)
    assert (off <= [2, 3, 2, 3]).all()
    ratio = masks_of(scaled).sum(axis=(1, 2)) / masks_of(sample).sum(axis=(1, 2))
    assert (np.abs(ratio - 6) < 0.5).all()  # a polygon's outline gains less than its inside


def with_boxes(boxes: list[list[float]]) -> Sample:
    from dataclasses import replace

    sample = made_sample(objects=len(boxes))
    return replace(sample, boxes=np.array(boxes, np.float32))


def test_boxes_are_cut_at_the_edge_and_objects_outside_left_out() -> None:
    sample = with_boxes([[-10, -10, 20, 30], [119, 89, 130, 100], [120, 10, 130, 20]])
    scaled = resize(sample, (180, 240), CUBIC)
    assert scaled.boxes.tolist() == [[0, 0, 40, 60], [238, 178, 240, 180]]
    assert scaled.class_ids.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("size", "target", "expected"),
    [
        ((480, 640), (800, 1333), (800, 1067)),
        ((640, 480), (800, 1333), (1067, 800)),
        ((100, 1000), (800, 1333), (133, 1333)),
        ((1080, 1920), (800, 1333), (750, 1333)),
        ((1, 1000), (100, 200), (1, 200)),
        ((2, 5), (3, 100), (3, 8)),  # 7.5 rounds up
    ],
)
def test_ratio_is_kept(
    size: tuple[int, int], target: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert fitting_size(size, target) == expected
    assert fitting_size(size, target[::-1]) == expected


def test_sizes_and_interpolations_are_chosen_evenly() -> None:
    random, sample = np.random.default_rng(0), made_sample(objects=0)
    sizes = [(32, 32), (64, 32), (64, 64)]
    step = RandomResize(sizes, keep_ratio=False, interpolations=(0, 1, 2))
    found = [step(sample, random) for _ in range(300)]
    counts = [sum(result.size == size for result in found) for size in sizes]
    assert all(67 < count < 133 for count in counts)  # 100, and four standard deviations
    pictures = {result.image.tobytes() for result in found if result.size == (32, 32)}
    assert len(pictures) == 3
