"""Detections against loops over boxes and pixels."""

from __future__ import annotations

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest

from instseg_train.models.ppyoloe_seg.anchors import anchor_points
from instseg_train.models.ppyoloe_seg.postprocess import detections

SIZE = (32, 64)


def dense(seed: int, scores: float) -> tuple[paddle.Tensor, ...]:
    """What the head returns for one image of SIZE, 2 classes, 4 prototypes."""
    random = np.random.default_rng(seed)
    points, steps = anchor_points([(1, 2), (2, 4), (4, 8)], (32, 16, 8))
    anchors = points.shape[0]
    arrays = (
        random.uniform(0, scores, [1, 2, anchors]),
        random.uniform(0.2, 3, [1, anchors, 4]),
        random.normal(0, 1, [1, 4, anchors]),
        random.normal(0, 2, [1, 4, 8, 16]),
    )
    return (*(paddle.to_tensor(a.astype("float32")) for a in arrays), points, steps)


@pytest.mark.parametrize("scale", [(1.0, 1.0), (0.4, 0.8), (1.7, 1.3)])
def test_masks_are_cut_to_boxes_and_resized_to_the_original(scale: tuple[float, float]) -> None:
    outputs = dense(0, scores=0.6)
    shape = paddle.to_tensor([[float(side) for side in SIZE]])
    factor = paddle.to_tensor([list(scale)])
    found = detections(outputs, SIZE, shape, factor)
    scores, distances, coefficients, prototypes, points, steps = outputs
    boxes = paddle.concat([points - distances[0, :, :2], points + distances[0, :, 2:]], 1) * steps
    boxes, x_y = boxes.numpy(), np.array([scale[1], scale[0]] * 2)
    original = [int(np.float32(side) / np.float32(s)) for side, s in zip(SIZE, scale, strict=True)]
    count = found["bbox_num"].item()
    assert found["bbox"].shape == [count, 6]
    assert found["mask"].shape == [count, *original]
    assert count > 5
    for row, mask in zip(found["bbox"].numpy(), found["mask"].numpy(), strict=True):
        anchor = int(np.abs(boxes / x_y - row[2:]).sum(1).argmin())
        np.testing.assert_allclose(row[2:], boxes[anchor] / x_y, rtol=1e-5, atol=1e-4)
        assert row[1] == float(scores[0, int(row[0]), anchor])
        logits = (coefficients[0, :, anchor].reshape([4, 1, 1]) * prototypes[0]).sum(0)
        large = F.interpolate(F.sigmoid(logits)[None, None], list(SIZE), mode="bilinear").numpy()[
            0, 0
        ]
        x1, y1, x2, y2 = boxes[anchor]
        for y in range(SIZE[0]):
            for x in range(SIZE[1]):
                if not (x1 <= x < x2 and y1 <= y < y2):
                    large[y, x] = 0
        size = [
            int(np.round(np.float32(n) / np.float32(s))) for n, s in zip(SIZE, scale, strict=True)
        ]
        final = F.interpolate(paddle.to_tensor(large)[None, None], size, mode="bilinear")[0, 0]
        expected = final.numpy()[: original[0], : original[1]] > 0.5
        assert (expected != mask).mean() < 1e-3  # a pixel may be just on the threshold


def test_rows_are_by_class_and_falling_score() -> None:
    found = detections(
        dense(1, scores=0.9), SIZE, paddle.to_tensor([[32.0, 64.0]]), paddle.ones([1, 2])
    )
    rows = found["bbox"].numpy()
    assert [tuple(r) for r in rows[:, :2]] == sorted(
        (tuple(r) for r in rows[:, :2]), key=lambda r: (r[0], -r[1])
    )


def test_nothing_found_is_one_row_of_zeros() -> None:
    found = detections(
        dense(2, scores=0.005),
        SIZE,
        paddle.to_tensor([[32.0, 64.0]]),
        paddle.to_tensor([[0.5, 0.5]]),
    )
    assert found["bbox"].tolist() == [[0.0] * 6]
    assert found["bbox_num"].tolist() == [1]
    assert found["bbox_num"].dtype == paddle.int32
    assert found["mask"].shape == [1, 64, 128]
    assert float(found["mask"].sum()) == 0
