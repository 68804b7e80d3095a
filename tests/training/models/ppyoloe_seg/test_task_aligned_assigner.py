"""Task-aligned assignment against loops over objects and anchors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import paddle
import pytest

from instseg_train.models.ppyoloe_seg.ground_truth import pad_objects
from instseg_train.models.ppyoloe_seg.task_aligned_assigner import (
    TaskAlignedAssigner,
    pairwise_iou,
    points_inside,
)

Array = npt.NDArray[Any]


def iou(a: Array, b: Array) -> float:
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    area = max(a[2] - a[0], 0) * max(a[3] - a[1], 0) + max(b[2] - b[0], 0) * max(b[3] - b[1], 0)
    return float(width * height / (area - width * height + 1e-9))


def inside(point: Array, box: Array) -> bool:
    return bool(box[0] < point[0] < box[2] and box[1] < point[1] < box[3])


def slow_assignment(
    scores: Array, boxes: Array, points: Array, objects: Array, class_ids: Array, candidates: int
) -> dict[int, tuple[int, float]]:
    """Of one image: anchor -> object and score."""
    anchors = range(len(points))
    overlap = [[iou(box, boxes[a]) for a in anchors] for box in objects]
    alignment = [
        [scores[a][class_ids[m]] * overlap[m][a] ** 6 for a in anchors] for m in range(len(objects))
    ]
    claimed: dict[int, list[int]] = {}
    for m, box in enumerate(objects):
        allowed = [alignment[m][a] if inside(points[a], box) else 0.0 for a in anchors]
        best = np.argsort(-np.array(allowed), kind="stable")[:candidates]
        for a in best:
            if inside(points[a], box):
                claimed.setdefault(int(a), []).append(m)
    chosen = {
        a: claims[0]
        if len(claims) == 1
        else int(np.argmax([overlap[m][a] for m in range(len(objects))]))
        for a, claims in claimed.items()
    }
    result = {}
    for a, m in chosen.items():
        of_object = [b for b in chosen if chosen[b] == m]
        largest = max(alignment[m][b] for b in of_object)
        largest_iou = max(overlap[m][b] for b in of_object)
        result[a] = (m, alignment[m][a] / (largest + 1e-9) * largest_iou)
    return result


def random_batch(seed: int, counts: list[int], classes: int) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:8, 0:8]
    points = np.stack([x.ravel(), y.ravel()], 1) * 8 + 4.0
    reach = random.uniform(2, 30, [len(counts), 64, 4])
    boxes = np.concatenate([points - reach[..., :2], points + reach[..., 2:]], -1)
    objects = []
    for count in counts:
        corner = random.uniform(0, 40, [count, 2])
        objects.append(np.concatenate([corner, corner + random.uniform(6, 30, [count, 2])], 1))
    return {
        "scores": random.uniform(0.01, 1, [len(counts), 64, classes]).astype("float32"),
        "boxes": boxes.astype("float32"),
        "points": points.astype("float32"),
        "objects": [o.astype("float32") for o in objects],
        "class_ids": [random.integers(0, classes, len(o)) for o in objects],
    }


@pytest.mark.parametrize("classes", [1, 5])
@pytest.mark.parametrize("candidates", [3, 13])
@pytest.mark.parametrize("counts", [[4, 1], [7, 0], [2, 5]])
def test_equals_the_loops(counts: list[int], candidates: int, classes: int) -> None:
    contested = 0
    for seed in range(6):
        batch = random_batch(seed, counts, classes)
        truth = pad_objects(
            [paddle.to_tensor(o.reshape(-1, 4)) for o in batch["objects"]],
            [paddle.to_tensor(c.astype("int64")) for c in batch["class_ids"]],
        )
        arguments = (paddle.to_tensor(batch[k]) for k in ("scores", "boxes", "points"))
        found = TaskAlignedAssigner(candidates)(*arguments, truth)
        for i, objects in enumerate(batch["objects"]):
            expected = slow_assignment(
                batch["scores"][i].astype("float64"),
                batch["boxes"][i].astype("float64"),
                batch["points"],
                objects.astype("float64"),
                batch["class_ids"][i],
                candidates,
            )
            anchors = np.flatnonzero(found.positive.numpy()[i])
            assert set(anchors) == set(expected)
            for a in anchors:
                assert int(found.objects[i, a]) == expected[a][0]
                # alignments are sixth powers of float32 overlaps
                assert float(found.score[i, a]) == pytest.approx(expected[a][1], rel=1e-4, abs=1e-7)
            elsewhere = np.setdiff1d(np.arange(64), anchors)
            assert not found.score.numpy()[i, elsewhere].any()
            contested += len(anchors)
    assert contested > 20


def test_without_objects_nothing_is_positive() -> None:
    truth = pad_objects([paddle.zeros([0, 4])] * 2, [paddle.zeros([0], "int64")] * 2)
    found = TaskAlignedAssigner()(
        paddle.ones([2, 9, 3]), paddle.ones([2, 9, 4]), paddle.ones([9, 2]), truth
    )
    assert not found.positive.any()
    assert found.objects.shape == found.score.shape == [2, 9]
    assert float(found.score.sum()) == 0


def test_pairwise_iou() -> None:
    random = np.random.default_rng(3)
    corner = random.uniform(0, 10, [2, 5, 2])
    boxes = np.concatenate([corner, corner + random.uniform(0, 8, [2, 5, 2])], -1).astype("float32")
    found = pairwise_iou(paddle.to_tensor(boxes[:, :3]), paddle.to_tensor(boxes)).numpy()
    expected = [[[iou(a, b) for b in image] for a in image[:3]] for image in boxes.astype(float)]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_points_on_the_border_are_outside() -> None:
    points = paddle.to_tensor([[1.0, 1], [0, 1], [2, 1], [1, 0], [1, 2], [1.5, 0.5]])
    found = points_inside(points, paddle.to_tensor([[[0.0, 0, 2, 2], [0, 0, 0, 0]]]))
    assert found.tolist() == [[[1, 0, 0, 0, 0, 1], [0] * 6]]
