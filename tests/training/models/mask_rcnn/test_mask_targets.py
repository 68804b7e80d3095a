"""Targets of the mask head, against loops over boxes and pixels."""

from __future__ import annotations

import math

import numpy as np
import paddle
from models.mask_rcnn.slow_boxes import Array, random_boxes
from models.mask_rcnn.truths import truth_of
from pycocotools import mask as coco_mask

from instseg_train.models.mask_rcnn.ground_truth import GroundTruth
from instseg_train.models.mask_rcnn.mask_targets import mask_targets

SIDE = 7
SIZE = (60, 90)


def slow_bitmap_target(box: Array, mask: Array) -> Array:
    """The pixel under the centre of each cell; outside, the nearest one of the image."""
    x1, y1, x2, y2 = (float(value) for value in box)
    target = np.zeros([SIDE, SIDE])
    for row in range(SIDE):
        for column in range(SIDE):
            y = math.floor(y1 + (row + 0.5) * (y2 - y1) / SIDE)
            x = math.floor(x1 + (column + 0.5) * (x2 - x1) / SIDE)
            inside = (min(max(y, 0), mask.shape[0] - 1), min(max(x, 0), mask.shape[1] - 1))
            target[row, column] = mask[inside]
    return target


def slow_polygon_target(box: Array, outlines: list[Array]) -> Array:
    width, height = max(box[2] - box[0], 0.1), max(box[3] - box[1], 0.1)
    moved = [
        ((outline.reshape(-1, 2) - box[:2]) * SIDE / [width, height]).flatten().tolist()
        for outline in outlines
    ]
    whole = coco_mask.merge(coco_mask.frPyObjects(moved, SIDE, SIDE))
    target: Array = coco_mask.decode(whole)
    return target


def found_targets(boxes: Array, objects: Array, truth: GroundTruth) -> Array:
    found = mask_targets(paddle.to_tensor(boxes), paddle.to_tensor(objects), truth, SIDE)
    assert found.dtype == paddle.float32
    array: Array = found.numpy()
    return array


def test_targets_of_masks_equal_the_loops() -> None:
    random = np.random.default_rng(0)
    masks = (random.uniform(size=[3, *SIZE]) < 0.5).astype(np.uint8)
    boxes = random_boxes(random, 40, SIZE, (2, 60))
    objects = random.integers(0, 3, 40)
    truth = truth_of(boxes[:3], masks=masks)
    expected = [slow_bitmap_target(box, masks[i]) for box, i in zip(boxes, objects, strict=True)]
    np.testing.assert_array_equal(found_targets(boxes, objects, truth), expected)


def test_targets_of_outlines_equal_cocos_tools() -> None:
    random = np.random.default_rng(1)
    # Objects of one, two and three outlines, of 3 to 8 corners.
    polygons = [
        [random.uniform(0, 60, 2 * random.integers(3, 9)) for _ in range(count)]
        for count in (1, 2, 3)
    ]
    boxes = random_boxes(random, 40, SIZE, (5, 60))
    objects = random.integers(0, 3, 40)
    truth = truth_of(boxes[:3], polygons=polygons)
    before = [[outline.copy() for outline in item] for item in polygons]
    found = found_targets(boxes, objects, truth)
    expected = [
        slow_polygon_target(box.astype(np.float64), polygons[i])
        for box, i in zip(boxes, objects, strict=True)
    ]
    # A corner that lies on one of the grid's points may round either way.
    assert (found != expected).mean() < 1e-3
    assert 0.1 < found.mean() < 0.9
    for item, old in zip(polygons, before, strict=True):
        np.testing.assert_array_equal(np.concatenate(item), np.concatenate(old))


def test_a_mask_and_its_outline_give_the_same_target() -> None:
    mask = np.zeros([1, *SIZE], np.uint8)
    mask[0, 10:40, 20:70] = 1
    boxes = np.array([[20, 10, 70, 40], [0, 0, 90, 60], [30, 5, 50, 33]], np.float32)
    objects = np.zeros(3, np.int64)
    outline = np.array([20.0, 10, 70, 10, 70, 40, 20, 40])
    of_mask = found_targets(boxes, objects, truth_of(boxes[:1], masks=mask))
    of_outline = found_targets(boxes, objects, truth_of(boxes[:1], polygons=[[outline]]))
    np.testing.assert_array_equal(of_mask, of_outline)
    assert of_mask[0].all()


def test_an_empty_box_has_a_target_nevertheless() -> None:
    boxes = np.array([[5, 5, 5, 5]], np.float32)
    objects = np.zeros(1, np.int64)
    mask = np.ones([1, *SIZE], np.uint8)
    assert found_targets(boxes, objects, truth_of(boxes, masks=mask)).all()
    outline = np.array([0.0, 0, 20, 0, 20, 20, 0, 20])
    found = found_targets(boxes, objects, truth_of(boxes, polygons=[[outline]]))
    assert np.isfinite(found).all()
