"""Examples of the box head, against loops over boxes."""

from __future__ import annotations

import numpy as np
import paddle
from models.mask_rcnn.slow_boxes import Array, random_boxes, slow_iou
from models.mask_rcnn.truths import NO_OBJECTS, truth_of

from instseg_train.models.mask_rcnn.box_examples import BoxExamples, BoxSampling, label_all
from instseg_train.models.mask_rcnn.ground_truth import GroundTruth
from instseg_train.models.mask_rcnn.sampling import FirstSampler

CLASSES = 7
Example = tuple[list[float], int, int, list[float]]


def slow_examples(boxes: Array, truth: GroundTruth, foreground_iou: float) -> list[Example]:
    """Box, class, object, target of every box."""
    objects, classes = truth.boxes.numpy(), truth.classes.tolist()
    found = []
    for box in boxes:
        overlaps = [slow_iou(box, target) for target in objects]
        best = int(np.argmax(overlaps)) if overlaps else 0
        is_object = bool(overlaps) and overlaps[best] >= foreground_iou
        target = objects[best].tolist() if overlaps else [0.0] * 4
        found.append((box.tolist(), classes[best] if is_object else CLASSES, best, target))
    return found


def slow_chosen(found: list[Example], samples: int, most_foreground: int) -> list[Example]:
    foreground = [item for item in found if item[1] < CLASSES][:most_foreground]
    background = [item for item in found if item[1] == CLASSES]
    return foreground + background[: samples - len(foreground)]


def rows(examples: BoxExamples) -> list[Example]:
    parts = (examples.boxes, examples.classes, examples.objects, examples.targets)
    return list(zip(*(part.tolist() for part in parts), strict=True))


def batch() -> tuple[list[Array], list[GroundTruth]]:
    """Two images with objects, and one without."""
    random = np.random.default_rng(0)
    proposals, truths = [], []
    for count in (4, 1, 0):
        objects = random_boxes(random, count, (60, 90), (15, 40))
        near = objects.repeat(6, 0) + random.normal(0, 3, [6 * count, 4]).astype(np.float32)
        proposals.append(np.concatenate([random_boxes(random, 60, (60, 90), (5, 50)), near]))
        truths.append(truth_of(objects, random.integers(0, CLASSES, count)))
    return proposals, truths


def test_sampled_examples_equal_the_loops() -> None:
    proposals, truths = batch()
    tensors = [paddle.to_tensor(boxes) for boxes in proposals]
    for samples, fraction, iou in [(32, 0.25, 0.5), (512, 0.25, 0.5), (10, 0.5, 0.7)]:
        found = BoxSampling(samples, fraction, iou)(tensors, truths, CLASSES, FirstSampler())
        for image, boxes, truth in zip(found, proposals, truths, strict=True):
            candidates = np.concatenate([boxes, truth.boxes.numpy()])
            everything = slow_examples(candidates, truth, iou)
            assert rows(image) == slow_chosen(everything, samples, int(samples * fraction))
        assert [bool((image.classes < CLASSES).any()) for image in found] == [True, True, False]


def test_all_labelled_examples_equal_the_loops() -> None:
    proposals, truths = batch()
    tensors = [paddle.to_tensor(boxes) for boxes in proposals]
    found = label_all(tensors, truths, CLASSES, foreground_iou=0.6)
    for image, boxes, truth in zip(found, proposals, truths, strict=True):
        assert rows(image) == slow_examples(boxes, truth, 0.6)


def test_an_objects_own_box_is_an_example_but_a_crowds_is_background() -> None:
    objects = np.array([[10, 10, 40, 40], [50, 5, 80, 50]], np.float32)
    truth = truth_of(objects, [3, 5], crowd=[0, 1])
    far = paddle.to_tensor([[0.0, 50, 5, 60]])
    [found] = BoxSampling()([far], [truth], CLASSES, FirstSampler())
    assert found.boxes.tolist() == [objects[0].tolist(), far[0].tolist(), objects[1].tolist()]
    assert found.classes.tolist() == [3, CLASSES, CLASSES]


def test_without_objects_all_is_background() -> None:
    boxes = paddle.to_tensor([[0.0, 0, 9, 9], [5, 5, 9, 9]])
    [found] = BoxSampling(1)([boxes], [truth_of(NO_OBJECTS)], CLASSES, FirstSampler())
    assert rows(found) == [([0, 0, 9, 9], CLASSES, 0, [0, 0, 0, 0])]
