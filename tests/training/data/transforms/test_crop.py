from __future__ import annotations

import numpy as np
from made_samples import made_sample, masks_of

from instseg_train.data.sample import Sample
from instseg_train.data.transforms.crop import RandomCrop, crop


def test_pixels_boxes_and_masks_are_those_of_the_part() -> None:
    random = np.random.default_rng(0)
    sample = made_sample(objects=12)
    masks = masks_of(sample)
    for _ in range(100):
        x1, y1 = random.integers(0, 60, 2)
        x2, y2 = x1 + random.integers(1, 60), y1 + random.integers(1, 30)
        part = crop(sample, (int(x1), int(y1), int(x2), int(y2)))
        assert np.array_equal(part.image, sample.image[y1:y2, x1:x2])
        kept = []
        for index, (bx1, by1, bx2, by2) in enumerate(sample.boxes):
            if x1 <= (bx1 + bx2) / 2 < x2 and y1 <= (by1 + by2) / 2 < y2:
                kept.append(index)
        assert part.class_ids.tolist() == kept
        for own, shape_mask, index in zip(part.boxes, masks_of(part), kept, strict=True):
            bx1, by1, bx2, by2 = sample.boxes[index]
            cut = [max(bx1, x1) - x1, max(by1, y1) - y1, min(bx2, x2) - x1, min(by2, y2) - y1]
            assert np.allclose(own, cut, atol=1e-4)
            if index % 2:  # bitmaps; polygons may round a tie otherwise
                assert np.array_equal(shape_mask, masks[index, y1:y2, x1:x2])


def part_of(sample: Sample, cropped: Sample) -> tuple[int, int, int, int]:
    """Where the crop lies: the image's red and green say column and row."""
    (left, top), (height, width) = cropped.image[0, 0, :2].tolist(), cropped.size
    assert np.array_equal(cropped.image, sample.image[top : top + height, left : left + width])
    return left, top, left + width, top + height


def iou(box: np.ndarray, part: tuple[int, int, int, int]) -> float:
    width = min(box[2], part[2]) - max(box[0], part[0])
    height = min(box[3], part[3]) - max(box[1], part[1])
    common = max(width, 0) * max(height, 0)
    areas = (box[2] - box[0]) * (box[3] - box[1]) + (part[2] - part[0]) * (part[3] - part[1])
    return float(common / (areas - common))


def test_a_threshold_is_kept() -> None:
    random, sample = np.random.default_rng(0), made_sample(objects=12)
    step = RandomCrop(thresholds=(0.1,), scaling=(0.3, 0.6))
    cropped = [result for _ in range(60) if (result := step(sample, random)) is not sample]
    assert len(cropped) > 10
    for result in cropped:
        part = part_of(sample, result)
        assert max(iou(box, part) for box in sample.boxes) >= 0.1
        assert len(result)
        height, width = result.size
        assert 0.3 - 0.02 < (height * width / (90 * 120)) ** 0.5 < 0.6  # sides are cut to pixels
        assert 0.5 - 0.04 < (width / 120) / (height / 90) < 2 + 0.2


def test_chances_of_staying_whole() -> None:
    """One of seven turns leaves the image as it is; so do 20 % of images before that."""
    random, sample = np.random.default_rng(0), made_sample(objects=12)
    easy = RandomCrop(0.8, thresholds=(0.0,) * 6)
    whole = sum(easy(sample, random) is sample for _ in range(700))
    expected, deviation = 700 * (0.2 + 0.8 / 7), (700 * 0.314 * 0.686) ** 0.5
    assert abs(whole - expected) < 4 * deviation
    empty = made_sample(objects=0)
    assert RandomCrop()(empty, random) is empty


def test_what_cannot_be_had_leaves_the_image_whole() -> None:
    sample = made_sample(objects=1)
    step = RandomCrop(thresholds=(0.9,))
    results = [step(sample, np.random.default_rng(seed)) for seed in range(20)]
    assert all(result is sample for result in results)
