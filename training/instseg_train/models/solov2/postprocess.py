"""From the grids' predictions to masks in the original image."""

from __future__ import annotations

from collections.abc import Sequence

import paddle
import paddle.nn.functional as F
from paddle import Tensor

from instseg_train.models.solov2.matrix_nms import matrix_nms
from instseg_train.models.solov2.targets import MASK_STRIDE

SCORE_THRESHOLD = 0.1
MASK_THRESHOLD = 0.5
# A mask needs more pixels (of stride 4) than this number of its level.
LEAST_PIXELS = (8, 8, 16, 32, 32)


def detections(
    categories: Sequence[Tensor],
    kernels: Sequence[Tensor],
    features: Tensor,
    im_shape: Tensor,
    scale_factor: Tensor,
) -> dict[str, Tensor]:
    """Of one image: per level scores [1, g, g, K] and kernels [1, D, g, g], mask features
    [1, D, h, w] -> its detections, best first.

    `segm` uint8 [n, height, width], 0 or 1, of the original size; `cate_label` int64 [n];
    `cate_score` float32 [n]; `bbox_num` int32 [1] = n. So that n is never 0, the last may be one
    that was not found, with score 0.
    """
    num_classes, kernel_channels = categories[0].shape[3], kernels[0].shape[1]
    scores = paddle.concat([level[0].reshape([-1, num_classes]) for level in categories])
    weights = paddle.concat(
        [level[0].transpose([1, 2, 0]).reshape([-1, kernel_channels]) for level in kernels]
    )
    grids = [level.shape[1] for level in categories]
    probabilities, found_scores, found_ids = _masks(scores, weights, features, grids)

    height, width = im_shape[0][0].astype("int32"), im_shape[0][1].astype("int32")
    size = [features.shape[2] * MASK_STRIDE, features.shape[3] * MASK_STRIDE]
    masks = F.interpolate(probabilities.unsqueeze(0), size=size, mode="bilinear")
    masks = paddle.slice(masks, axes=[2, 3], starts=[0, 0], ends=[height, width])
    # PaddleDetection divides both sides by the factor of the height.
    original = (im_shape[0] / scale_factor[0][0] + 0.5).astype("int32")
    masks = F.interpolate(masks, size=original, mode="bilinear").squeeze(0)
    return {
        "segm": (masks > MASK_THRESHOLD).astype("uint8"),
        "cate_label": found_ids,
        "cate_score": found_scores,
        "bbox_num": paddle.shape(found_scores).astype("int32"),
    }


def _masks(
    scores: Tensor, kernels: Tensor, features: Tensor, grids: Sequence[int]
) -> tuple[Tensor, Tensor, Tensor]:
    """Scores [G, K] and kernels [G, D] of all cells, features [1, D, h, w] -> probabilities
    [n, h, w], scores [n] and class ids [n] of what matrix NMS keeps."""
    num_classes = scores.shape[1]
    places = paddle.nonzero(
        paddle.where(scores > SCORE_THRESHOLD, scores, paddle.zeros_like(scores))
    )
    # One more cell, of score 0, is always a candidate: nothing below is empty.
    cells = sum(grid * grid for grid in grids)
    one_more = [paddle.full([1, 1], cells, "int64"), paddle.zeros([1, 1], "int64")]
    places = paddle.concat([places, paddle.concat(one_more, axis=1)])
    kernels = paddle.concat([kernels, paddle.ones([1, kernels.shape[1]])])
    scores = paddle.concat([scores.reshape([-1]), paddle.zeros([1])])
    least = [
        paddle.full([grid * grid], LEAST_PIXELS[level], "int32") for level, grid in enumerate(grids)
    ]
    least_pixels = paddle.concat([*least, paddle.zeros([1], "int32")])

    cell, class_ids = places[:, 0], places[:, 1]
    chosen = paddle.gather(kernels, cell).unsqueeze([2, 3])
    scores = paddle.gather(scores, cell * num_classes + class_ids)
    probabilities = F.sigmoid(F.conv2d(features, chosen).squeeze(0))
    masks = (probabilities > MASK_THRESHOLD).astype("float32")
    areas = masks.sum(axis=[1, 2])
    least_pixels = paddle.gather(least_pixels, cell).astype("float32")
    kept = paddle.nonzero(paddle.where(areas > least_pixels, areas, paddle.zeros_like(areas)))
    kept = kept.squeeze(1)
    # Again one more: the last mask, with a score of 0.
    count = paddle.shape(areas).astype("int64")
    scores = paddle.concat([scores, paddle.zeros([1])])
    scores = paddle.gather(scores, paddle.concat([kept, count]))
    kept = paddle.concat([kept, count - 1])
    masks = paddle.gather(masks, kept)
    probabilities = paddle.gather(probabilities, kept)
    areas = paddle.gather(areas, kept)
    class_ids = paddle.gather(class_ids, kept)

    scores = scores * ((probabilities * masks).sum(axis=[1, 2]) / areas)
    return matrix_nms(probabilities, masks, areas, scores, class_ids)
