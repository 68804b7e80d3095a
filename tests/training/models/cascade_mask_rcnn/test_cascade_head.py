"""Three stages of boxes, against one box at a time."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from models.mask_rcnn.slow_boxes import (
    Array,
    random_boxes,
    slow_area,
    slow_clipped,
    slow_deltas,
    slow_iou,
    slow_moved,
)
from models.mask_rcnn.truths import NO_OBJECTS, truth_of

from instseg_train.models.cascade_mask_rcnn.cascade_head import CascadeHead, StageHeads
from instseg_train.models.mask_rcnn.box_head import TwoLayerHead
from instseg_train.models.mask_rcnn.ground_truth import GroundTruth
from instseg_train.models.mask_rcnn.roi_pooling import RoIPooling, box_counts
from instseg_train.models.mask_rcnn.sampling import FirstSampler

CLASSES = 3
SIZES = [(64.0, 96.0), (48.0, 80.0)]
FACTORS = ((10, 10, 5, 5), (20, 20, 10, 10), (30, 30, 15, 15))
Outputs = tuple[Array, Array]


def cascade() -> CascadeHead:
    """Its deltas move boxes by some pixels, and some of them out of the image."""
    paddle.seed(0)
    heads = StageHeads([TwoLayerHead(4, 3, 16) for _ in range(3)])
    head = CascadeHead(heads, RoIPooling(3, (8,)), CLASSES)
    random = np.random.default_rng(0)
    for scores, deltas in zip(head.scores, head.deltas, strict=True):
        scores.weight.set_value(random.normal(0, 0.5, scores.weight.shape).astype(np.float32))
        deltas.weight.set_value(random.normal(0, 2, deltas.weight.shape).astype(np.float32))
    return head


def maps() -> list[paddle.Tensor]:
    random = np.random.default_rng(1)
    return [paddle.to_tensor(random.normal(size=[2, 4, 8, 12]).astype(np.float32))]


def proposals() -> list[Array]:
    random = np.random.default_rng(2)
    return [random_boxes(random, count, (40, 60), (8, 40)) for count in (15, 9)]


def stage_outputs(head: CascadeHead, stage: int, boxes: list[Array]) -> Outputs:
    """Logits and deltas of all boxes, by the stage's own layers."""
    tensors = [paddle.to_tensor(np.asarray(image, np.float32)) for image in boxes]
    features = head.head(head.pooling(maps(), tensors, box_counts(tensors)), stage)
    logits, deltas = head.scores[stage](features), head.deltas[stage](features)
    return logits.numpy().astype(np.float64), deltas.numpy()


def slow_refined(boxes: list[Array], deltas: Array, stage: int) -> list[Array]:
    rows = iter(deltas)
    return [
        np.array(
            [slow_clipped(slow_moved(box, next(rows), FACTORS[stage]), *size) for box in image]
        )
        for image, size in zip(boxes, SIZES, strict=True)
    ]


def softmax(logits: Array) -> Array:
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


def test_prediction_moves_boxes_twice_and_averages_the_scores() -> None:
    head, boxes = cascade(), proposals()
    tensors = [paddle.to_tensor(image) for image in boxes]
    with paddle.no_grad():
        (deltas, scores), moved = head(
            maps(), tensors, box_counts(tensors), paddle.to_tensor(SIZES)
        )
        expected = []
        for stage in range(3):
            logits, stage_deltas = stage_outputs(head, stage, boxes)
            expected.append(softmax(logits))
            if stage < 2:
                boxes = slow_refined(boxes, stage_deltas, stage)
    np.testing.assert_allclose(deltas.numpy(), stage_deltas, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(scores.numpy(), sum(expected) / 3, rtol=1e-3, atol=1e-4)
    for found, wanted in zip(moved, boxes, strict=True):
        np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-3, atol=1e-3)
    assert head.factors == FACTORS[2]


def slow_stage_losses(
    outputs: Outputs, boxes: list[Array], truths: list[GroundTruth], foreground_iou: float
) -> tuple[float, float]:
    """Cross entropy and L1 of one stage where all its boxes are examples, a third of each."""
    logits, deltas = outputs
    score = delta = 0.0
    row = 0
    for image, truth in zip(boxes, truths, strict=True):
        objects, classes = truth.boxes.numpy(), truth.classes.tolist()
        for box in image:
            overlaps = [slow_iou(box, target) for target in objects]
            wanted = CLASSES
            if overlaps and max(overlaps) >= foreground_iou:
                best = int(np.argmax(overlaps))
                wanted = classes[best]
                own = slow_deltas(box, objects[best], stage_factors(foreground_iou))
                delta += np.abs(deltas[row] - own).sum()
            score -= np.log(softmax(logits[row : row + 1])[0, wanted])
            row += 1
    return score / row / 3, delta / row / 3


def stage_factors(foreground_iou: float) -> tuple[int, int, int, int]:
    return FACTORS[{0.5: 0, 0.6: 1, 0.7: 2}[foreground_iou]]


def test_losses_of_the_stages_equal_the_loops() -> None:
    head, boxes = cascade(), proposals()
    for layer in head.deltas:  # so that later stages have foreground too
        layer.weight.set_value(layer.weight * 0.05)
    objects = [boxes[0][[2, 7]] + np.float32(1), boxes[1][[4]] - np.float32(1)]
    truths = [truth_of(objects[0], [2, 0]), truth_of(objects[1], [1])]
    tensors = [paddle.to_tensor(image) for image in boxes]
    losses, examples, _ = head.losses(
        maps(), tensors, paddle.to_tensor(SIZES), truths, FirstSampler()
    )
    # The first stage's boxes are the sampled ones; the later ones' are theirs, moved.
    boxes = [image.boxes.numpy() for image in examples]
    with paddle.no_grad():
        for stage, foreground_iou in enumerate((0.5, 0.6, 0.7)):
            outputs = stage_outputs(head, stage, boxes)
            score, delta = slow_stage_losses(outputs, boxes, truths, foreground_iou)
            assert delta > 0
            assert float(losses[f"loss_bbox_cls_stage{stage}"]) == pytest.approx(score, rel=1e-3)
            assert float(losses[f"loss_bbox_reg_stage{stage}"]) == pytest.approx(delta, rel=1e-3)
            boxes = [
                np.array([box for box in image if slow_area(box) > 0])
                for image in slow_refined(boxes, outputs[1], stage)
            ]
    assert len(losses) == 6


def test_a_stage_does_not_teach_the_one_before_it() -> None:
    head = cascade()
    tensors = [paddle.to_tensor(image) for image in proposals()]
    truths = [truth_of(image.numpy()[:1]) for image in tensors]
    losses, _, _ = head.losses(maps(), tensors, paddle.to_tensor(SIZES), truths, FirstSampler())
    (losses["loss_bbox_cls_stage2"] + losses["loss_bbox_reg_stage2"]).backward()
    for name, parameter in head.named_parameters():
        own = name.startswith(("head.2", "bbox_score_stage2", "bbox_delta_stage2"))
        assert (parameter.grad is not None and bool(parameter.grad.numpy().any())) == own, name


def test_an_image_keeps_one_box_where_all_were_moved_out() -> None:
    head = cascade()
    head.deltas[0].bias.set_value(paddle.to_tensor([1e4, 0.0, 0.0, 0.0]))
    tensors = [paddle.to_tensor(image) for image in proposals()]
    truths = [truth_of(NO_OBJECTS), truth_of(NO_OBJECTS)]
    losses, _, features = head.losses(
        maps(), tensors, paddle.to_tensor(SIZES), truths, FirstSampler()
    )
    assert len(features) == 2
    assert all(np.isfinite(float(value)) for value in losses.values())
