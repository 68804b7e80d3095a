"""Mask branch (arXiv:1703.06870, Fig. 4): a mask of every class for each box."""

from __future__ import annotations

from collections.abc import Sequence

import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, Tensor, nn
from paddle.nn.initializer import KaimingNormal

from instseg_train.losses.over_processes import own_share
from instseg_train.models.mask_rcnn.box_examples import BoxExamples
from instseg_train.models.mask_rcnn.ground_truth import GroundTruth
from instseg_train.models.mask_rcnn.mask_targets import MaskTargets, mask_targets
from instseg_train.models.mask_rcnn.roi_pooling import RoIPooling


class MaskFeatures(nn.Layer):
    """num_convs 3x3 convolutions and a 2x2 deconvolution of stride 2."""

    def __init__(self, in_channels: int, out_channels: int = 256, num_convs: int = 4):
        super().__init__()
        self.out_channels = out_channels
        layers: list[tuple[str, nn.Layer]] = []
        channels = in_channels
        for i in range(1, num_convs + 1):
            attr = _kaiming(out_channels * 9)
            conv = nn.Conv2D(channels, out_channels, 3, padding=1, weight_attr=attr)
            layers += [(f"mask_inter_feat_{i}", conv), (f"mask_inter_feat_{i}act", nn.ReLU())]
            channels = out_channels
        attr = _kaiming(out_channels * 4)
        deconv = nn.Conv2DTranspose(channels, out_channels, 2, stride=2, weight_attr=attr)
        self.upsample = nn.Sequential(*layers, ("conv5_mask", deconv), ("conv5_maskact", nn.ReLU()))

    def forward(self, roi_features: Tensor) -> Tensor:
        """float32 [R, C, S, S] -> [R, out_channels, 2S, 2S]."""
        features: Tensor = self.upsample(roi_features)
        return features


class MaskHead(nn.Layer):
    """Masks of M x M pixels, M = 2S for RoI features of S x S.

    shares_box_features: the features are those of the box head (C4), pooled and processed there.
    """

    def __init__(
        self,
        head: MaskFeatures,
        pooling: RoIPooling,
        num_classes: int,
        *,
        shares_box_features: bool = False,
    ):
        super().__init__()
        self.head = head
        self.pooling = pooling
        self.shares_box_features = shares_box_features
        # Draws the targets of one image's examples; may be replaced.
        self.targets: MaskTargets = mask_targets
        # Official models took the shared features of every image's examples from the rows of the
        # first image (PaddleDetection mask_head.py). True repeats that, for comparisons.
        self.rows_of_first_image = False
        self.mask_fcn_logits = nn.Conv2D(
            head.out_channels, num_classes, 1, weight_attr=_kaiming(num_classes)
        )

    def forward(self, roi_features: Tensor, classes: Tensor) -> Tensor:
        """RoI features float32 [R, C, S, S] and each box's class int64 [R] -> its probabilities,
        float32 [R, M, M]."""
        logits = self.mask_fcn_logits(self.head(roi_features))
        return F.sigmoid(_of_class(logits, classes))

    def loss(
        self,
        maps: Sequence[Tensor],
        examples: Sequence[BoxExamples],
        box_features: Tensor,
        truths: Sequence[GroundTruth],
        num_classes: int,
    ) -> Tensor:
        """Mean binary cross entropy of foreground examples, of their own class's mask alone.

        box_features are the box head's, of all examples. An image without foreground counts as one
        example whose loss is 0.
        """
        boxes, classes, weights, rows, before = [], [], [], [], 0
        targets: list[tuple[Tensor, Tensor, GroundTruth] | None] = []
        for image, truth in zip(examples, truths, strict=True):
            chosen = paddle.nonzero(image.classes < num_classes).flatten()
            weight = 1.0
            if chosen.shape[0] == 0:
                chosen, weight = paddle.zeros([1], "int64"), 0.0
            own = image.boxes.gather(chosen)
            boxes.append(own)
            rows.append(chosen if self.rows_of_first_image else chosen + before)
            weights.append(paddle.full([chosen.shape[0], 1, 1], weight))
            before += image.boxes.shape[0]
            if weight:
                classes.append(image.classes.gather(chosen))
                targets.append((own, image.objects.gather(chosen), truth))
            else:
                classes.append(paddle.zeros([1], "int64"))
                targets.append(None)
        if self.shares_box_features:
            roi_features = box_features.gather(paddle.concat(rows))
        else:
            counts = paddle.to_tensor([len(image) for image in boxes], "int32")
            roi_features = self.pooling(maps, boxes, counts)
        logits = _of_class(self.mask_fcn_logits(self.head(roi_features)), paddle.concat(classes))
        side = logits.shape[-1]
        wanted = [
            paddle.zeros([1, side, side]) if target is None else self.targets(*target, side)
            for target in targets
        ]
        loss = F.binary_cross_entropy_with_logits(
            logits, paddle.concat(wanted), weight=paddle.concat(weights)
        )
        return loss * own_share(logits.shape[0])


def _of_class(logits: Tensor, classes: Tensor) -> Tensor:
    """float32 [R, K, M, M], int64 [R] -> [R, M, M]."""
    rows = paddle.arange(classes.shape[0], dtype="int64")
    return paddle.gather_nd(logits, paddle.stack([rows, classes], axis=1))


def _kaiming(fan_in: int) -> ParamAttr:
    return ParamAttr(initializer=KaimingNormal(fan_in=fan_in))
