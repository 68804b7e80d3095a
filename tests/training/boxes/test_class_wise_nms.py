"""The operator as the models call it, against greedy suppression with loops."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import paddle

from instseg_train.boxes.class_wise_nms import class_wise_nms

Array = npt.NDArray[np.float32]


def iou(a: Array, b: Array) -> float:
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return float(width * height / (area - width * height))


def slow_nms(
    boxes: Array, scores: Array, threshold: float, overlap: float, most: int, most_before: int
) -> list[tuple[int, int]]:
    """Boxes [A, 4], scores [K, A] -> (class, box) by class and falling score."""
    found: list[tuple[float, int, int]] = []
    for class_id, row in enumerate(scores):
        order = [int(i) for i in np.argsort(-row, kind="stable") if row[i] > threshold]
        kept: list[int] = []
        for i in order[:most_before]:
            if all(iou(boxes[i], boxes[j]) <= overlap for j in kept):
                kept.append(i)
        found += [(float(row[i]), class_id, i) for i in kept]
    best = sorted(found, key=lambda item: -item[0])[:most]
    return [(c, i) for _, c, i in sorted(best, key=lambda item: (item[1], -item[0]))]


def test_equals_greedy_suppression() -> None:
    random = np.random.default_rng(5)
    for most, most_before in [(100, 1000), (7, 1000), (100, 4)]:
        corner = random.uniform(0, 60, [40, 2])
        boxes = np.concatenate([corner, corner + random.uniform(10, 40, [40, 2])], 1)
        boxes = boxes.astype("float32")
        scores = random.uniform(0, 1, [3, 40]).astype("float32")
        bbox, count, kept = class_wise_nms(
            paddle.to_tensor(boxes[None]),
            paddle.to_tensor(scores[None]),
            score_threshold=0.3,
            iou_threshold=0.5,
            most=most,
            most_before=most_before,
        )
        expected = slow_nms(boxes, scores, 0.3, 0.5, most, most_before)
        assert [
            (int(row[0]), int(i)) for row, i in zip(bbox.numpy(), kept.numpy().ravel(), strict=True)
        ] == expected
        assert count.tolist() == [len(expected)]
        np.testing.assert_array_equal(bbox.numpy()[:, 2:], boxes[kept.numpy().ravel()])


def test_nothing_above_the_threshold() -> None:
    bbox, count, kept = class_wise_nms(
        paddle.to_tensor([[[0.0, 0, 1, 1]]]),
        paddle.to_tensor([[[0.1]]]),
        score_threshold=0.5,
        iou_threshold=0.5,
        most=10,
    )
    assert count.tolist() == [0]
    assert bbox.shape[0] == kept.shape[0] == 0
