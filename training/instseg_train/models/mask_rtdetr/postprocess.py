"""From the last layer's predictions to detections (arXiv:2010.04159 appendix A.4, PaddleDetection
post_process.py)."""

from __future__ import annotations

import paddle
import paddle.nn.functional as F
from paddle import Tensor

from instseg_train.models.mask_rtdetr.box_geometry import corners
from instseg_train.models.mask_rtdetr.prediction import Prediction, masks_of

MASK_THRESHOLD = 0.5


def detections(
    prediction: Prediction,
    prototypes: Tensor,
    im_shape: Tensor,
    scale_factor: Tensor,
    top: int,
) -> dict[str, Tensor]:
    """The `top` best pairs of query and class of each image.

    prediction of Q queries; prototypes [N, P, h, w]; im_shape and scale_factor [N, 2], y first

    `bbox` float32 [N * top, 6]: class, score, x1, y1, x2, y2 in pixels of the original image, not
    clipped, best first; `bbox_num` int32 [N]; `mask` int32 [N * top, H, W], 0 or 1, in the size of
    the first original image: only N = 1 is of use where sizes differ.
    """
    num_classes = prediction.logits.shape[2]
    original = paddle.floor(im_shape / scale_factor + 0.5)
    boxes = corners(prediction.boxes) * original.flip(1).tile([1, 2]).unsqueeze(1)

    scores, index = paddle.topk(F.sigmoid(prediction.logits).flatten(1), top, axis=-1)
    labels = index % num_classes
    image = paddle.arange(scores.shape[0], dtype=index.dtype).unsqueeze(-1).tile([1, top])
    chosen = paddle.stack([image, index // num_classes], axis=-1)
    rows = paddle.concat(
        [
            labels.unsqueeze(-1).astype("float32"),
            scores.unsqueeze(-1),
            paddle.gather_nd(boxes, chosen),
        ],
        axis=-1,
    )
    masks = paddle.gather_nd(masks_of(prediction.coefficients, prototypes), chosen)
    height, width = paddle.split(original[0].astype("int32"), 2)
    masks = F.interpolate(masks, size=[height, width], mode="bilinear", align_corners=False)
    masks = (F.sigmoid(masks) > MASK_THRESHOLD).astype("int32")
    return {
        "bbox": rows.reshape([-1, 6]),
        "bbox_num": paddle.full([rows.shape[0]], top, "int32"),
        "mask": masks.flatten(0, 1),
    }
