"""Matrix NMS (arXiv:2003.10152, "Matrix NMS"): scores fall with the overlap with better masks."""

from __future__ import annotations

import paddle
from paddle import Tensor

MOST_BEFORE = 500
MOST = 100
THRESHOLD = 0.05
SIGMA = 2.0


def matrix_nms(
    probabilities: Tensor, masks: Tensor, areas: Tensor, scores: Tensor, class_ids: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Of n masks: float32 [n, h, w] in 0..1, the same as 0 or 1, their sums [n], [n] and int64 [n].

    Returns probabilities, decayed scores and class ids of the MOST best with at least THRESHOLD,
    best first; the last of the first MOST_BEFORE is always among the candidates, so that there is
    at least one.
    """
    order = best_first(scores, MOST_BEFORE)
    masks = paddle.gather(masks, order)
    probabilities = paddle.gather(probabilities, order)
    areas = paddle.gather(areas, order)
    scores = paddle.gather(scores, order)
    class_ids = paddle.gather(class_ids, order)

    scores = scores * decay(masks, areas, class_ids)
    nothing = paddle.zeros_like(scores)
    kept = paddle.nonzero(paddle.where(scores >= THRESHOLD, scores, nothing)).squeeze(1)
    kept = paddle.concat([kept, paddle.shape(scores).astype("int64") - 1])
    probabilities = paddle.gather(probabilities, kept)
    scores = paddle.gather(scores, kept)
    class_ids = paddle.gather(class_ids, kept)

    order = best_first(scores, MOST)
    return (
        paddle.gather(probabilities, order),
        paddle.gather(scores, order),
        paddle.gather(class_ids, order),
    )


def decay(masks: Tensor, areas: Tensor, class_ids: Tensor) -> Tensor:
    """Factors [n], 0 to 1, of the scores of masks [n, h, w], best first: the paper's Gaussian."""
    flat = masks.flatten(1)
    overlap = paddle.matmul(flat, flat.transpose([1, 0]))
    # Row i, column j: better mask i over mask j, of one class.
    iou = overlap / (areas.unsqueeze(0) + areas.unsqueeze(1) - overlap)
    same = (class_ids.unsqueeze(0) == class_ids.unsqueeze(1)).astype("float32")
    iou = paddle.triu(iou, diagonal=1) * paddle.triu(same, diagonal=1)
    # How much mask i itself overlaps better ones.
    largest = iou.max(axis=0).unsqueeze(1)
    factors = paddle.exp(-SIGMA * iou**2) / paddle.exp(-SIGMA * largest**2)
    return factors.min(axis=0)


def best_first(scores: Tensor, most: int) -> Tensor:
    """Indices of the `most` largest of [n], or of all where there are fewer, largest first."""
    if scores.shape[0] > most:
        order = paddle.topk(scores, most)[1]
    else:
        order = paddle.argsort(scores, descending=True)
    return order
