"""The ground truth of a batch, joined into single tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import paddle
import paddle.nn.functional as F
from paddle import Tensor

from instseg_train.models.mask_rtdetr.box_geometry import centre_and_size
from instseg_train.models.segmenter import Inputs


@dataclass(frozen=True)
class GroundTruth:
    """M objects of N images, image after image.

    counts  number of objects of each image
    boxes   float32 [M, 4] cx, cy, w, h as fractions of the network's input
    labels  int64 [M]
    masks   float32 [M, H, W], 0 or 1
    """

    counts: list[int]
    boxes: Tensor
    labels: Tensor
    masks: Tensor

    @property
    def total(self) -> int:
        return sum(self.counts)

    @property
    def starts(self) -> list[int]:
        """Index of the first object of each image."""
        return [sum(self.counts[:image]) for image in range(len(self.counts))]

    def masks_at(self, height: int, width: int) -> Tensor:
        """The masks at another size: 1 where the interpolated mask exceeds 0.5, else 0; float32
        [M, height, width]."""
        resized = F.interpolate(
            self.masks.unsqueeze(0), size=[height, width], mode="bilinear", align_corners=False
        )
        return (resized.squeeze(0) > 0.5).astype(self.masks.dtype)


def ground_truth(inputs: Inputs) -> GroundTruth:
    """Joins the lists of `Segmenter.losses`; leaves out crowds, as PaddleDetection coco.py does."""
    height, width = inputs["image"].shape[2:]
    scale = paddle.to_tensor([width, height, width, height], dtype="float32")
    boxes, labels, masks = [], [], []
    crowds: Sequence[Any] = inputs.get("is_crowd") or [None] * len(inputs["gt_bbox"])
    for box, label, mask, crowd in zip(
        inputs["gt_bbox"], inputs["gt_class"], inputs["gt_segm"], crowds, strict=True
    ):
        box, label = box.reshape([-1, 4]), label.flatten()
        if crowd is not None and bool((crowd != 0).any()):
            keep = paddle.nonzero(crowd.flatten() == 0).flatten()
            box, label, mask = (paddle.gather(x, keep) for x in (box, label, mask))
        boxes.append(box)
        labels.append(label)
        masks.append(mask.reshape([-1, height, width]))
    return GroundTruth(
        counts=[len(label) for label in labels],
        boxes=centre_and_size(paddle.concat(boxes).astype("float32") / scale),
        labels=paddle.concat(labels).astype("int64"),
        masks=paddle.concat(masks).astype("float32"),
    )
