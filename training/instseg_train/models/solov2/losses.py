"""SOLOv2's loss of a batch: dice of the masks, focal loss of the categories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import Tensor

from instseg_train.losses.over_processes import mean_over_processes
from instseg_train.models.segmenter import Inputs
from instseg_train.models.solov2.targets import ImageTargets, image_targets

MASK_WEIGHT = 3.0


def dice_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """1 - D of P pairs (arXiv:1912.04488, eq. 4 and 5): logits and 0 or 1 [P, M] -> [P]."""
    probabilities = F.sigmoid(logits)
    both = (probabilities * masks).sum(axis=1)
    squares = (probabilities * probabilities).sum(axis=1) + 0.001
    wanted = masks.sum(axis=1) + 0.001  # the square of 0 or 1 is itself
    return 1 - 2 * both / (squares + wanted)


def batch_losses(
    categories: Sequence[Tensor],
    kernels: Sequence[Tensor],
    features: Tensor,
    inputs: Inputs,
    grids: Sequence[int],
) -> dict[str, Tensor]:
    """Per level logits [N, K, g, g] and kernels [N, D, g, g]; mask features [N, D, h, w]."""
    targets = [
        image_targets(boxes, class_ids, masks, grids)
        for boxes, class_ids, masks in zip(
            inputs["gt_bbox"], inputs["gt_class"], inputs["gt_segm"], strict=True
        )
    ]
    losses = {
        "loss_ins": MASK_WEIGHT * _masks(_per_cell(kernels), features, targets),
        "loss_cate": _categories(_per_cell(categories), targets),
    }
    losses["loss"] = losses["loss_ins"] + losses["loss_cate"]
    return losses


def _per_cell(levels: Sequence[Tensor]) -> Tensor:
    """[N, C, g, g] of each level -> [N, G, C]."""
    return paddle.concat([level.flatten(2) for level in levels], axis=2).transpose([0, 2, 1])


def _masks(kernels: Tensor, features: Tensor, targets: Sequence[ImageTargets]) -> Tensor:
    """[N, G, D], [N, D, h, w] -> the mean dice loss of all pairs with a mask that is not empty."""
    total, pairs = (kernels.sum() + features.sum()) * 0, paddle.zeros([])
    for i, target in enumerate(targets):
        if target.masks is None:
            continue
        logits = paddle.matmul(
            kernels[i].gather(paddle.to_tensor(target.cells)), features[i].flatten(1)
        )
        masks = target.masks.flatten(1).gather(paddle.to_tensor(target.objects))
        masks = masks.astype("float32")
        present = (masks.max(axis=1) > 0).astype("float32")
        total = total + (dice_loss(logits, masks) * present).sum()
        pairs = pairs + present.sum()
    return total / mean_over_processes(pairs).clip(min=1.0)


def _categories(logits: Tensor, targets: Sequence[ImageTargets]) -> Tensor:
    """[N, G, K] -> focal loss (arXiv:1708.02002 eq. 5) per cell that learns an object."""
    wanted = paddle.to_tensor(np.stack([target.categories for target in targets]))
    learning = sum(len(np.unique(target.cells)) for target in targets)
    return F.sigmoid_focal_loss(
        logits,
        F.one_hot(wanted, logits.shape[2] + 1)[..., 1:],
        normalizer=mean_over_processes(paddle.to_tensor(learning + 1.0, "float32")),
        alpha=0.25,
        gamma=2.0,
    )
