"""Box branch: what is in a proposal, and where exactly (arXiv:1703.06870, Fig. 4)."""

from __future__ import annotations

from collections.abc import Sequence

import paddle.nn.functional as F
from paddle import ParamAttr, Tensor, nn
from paddle.nn.initializer import Normal, XavierUniform

from instseg_train.backbones.resnet import Stage
from instseg_train.boxes.box_deltas import Factors
from instseg_train.models.mask_rcnn.box_examples import BoxExamples, BoxSampling
from instseg_train.models.mask_rcnn.box_loss import box_losses
from instseg_train.models.mask_rcnn.ground_truth import GroundTruth
from instseg_train.models.mask_rcnn.roi_pooling import RoIPooling, box_counts
from instseg_train.models.mask_rcnn.sampling import Sampler

FACTORS = (10.0, 10.0, 5.0, 5.0)


class TwoLayerHead(nn.Layer):
    """Two fully connected layers (the right of Fig. 4)."""

    def __init__(self, in_channels: int, side: int, out_channels: int):
        super().__init__()
        inputs = in_channels * side * side
        self.out_channels = out_channels
        self.fc6 = nn.Linear(
            inputs, out_channels, ParamAttr(initializer=XavierUniform(fan_out=inputs))
        )
        self.fc7 = nn.Linear(out_channels, out_channels, ParamAttr(initializer=XavierUniform()))

    def forward(self, roi_features: Tensor) -> Tensor:
        """float32 [R, C, S, S] -> [R, out_channels]."""
        return F.relu(self.fc7(F.relu(self.fc6(roi_features.flatten(1)))))


class Res5Head(nn.Layer):
    """The last stage of ResNet, once per proposal (the left of Fig. 4)."""

    def __init__(self, stage: Stage):
        super().__init__()
        self.out_channels = stage.out_channels
        self.res5 = stage

    def forward(self, roi_features: Tensor) -> Tensor:
        """float32 [R, C, 2S, 2S] -> [R, out_channels, S, S]."""
        features: Tensor = self.res5(roi_features)
        return features


class BoxHead(nn.Layer):
    """Classes and deltas of each proposal, deltas for every class by itself."""

    def __init__(
        self,
        head: TwoLayerHead | Res5Head,
        pooling: RoIPooling,
        num_classes: int,
        sampling: BoxSampling | None = None,
    ):
        super().__init__()
        self.head = head
        self.pooling = pooling
        self.num_classes = num_classes
        self.sampling = sampling or BoxSampling()
        self.bbox_score = nn.Linear(head.out_channels, num_classes + 1, normal(0.01))
        self.bbox_delta = nn.Linear(head.out_channels, 4 * num_classes, normal(0.001))

    @property
    def factors(self) -> Factors:
        """Of the deltas that `forward` returns."""
        return FACTORS

    def forward(
        self, maps: Sequence[Tensor], boxes: Sequence[Tensor], counts: Tensor, im_shape: Tensor
    ) -> tuple[tuple[Tensor, Tensor], list[Tensor]]:
        """Maps float32 [N, C, H, W] of each level, boxes float32 [R_i, 4] of each image and R_i
        int32 [N] -> deltas float32 [R, 4 * K], probabilities [R, K + 1], and the boxes that the
        deltas move."""
        logits, deltas, _ = self._outputs(maps, boxes, counts)
        return (deltas, F.softmax(logits)), list(boxes)

    def losses(
        self,
        maps: Sequence[Tensor],
        proposals: Sequence[Tensor],
        im_shape: Tensor,
        truths: Sequence[GroundTruth],
        sampler: Sampler,
    ) -> tuple[dict[str, Tensor], list[BoxExamples], Tensor]:
        """Losses, the examples they are of, and `head`'s features of those, for the mask head."""
        examples = self.sampling(proposals, truths, self.num_classes, sampler)
        boxes = [image.boxes for image in examples]
        logits, deltas, features = self._outputs(maps, boxes, box_counts(boxes))
        score_loss, delta_loss = box_losses(logits, deltas, examples, FACTORS)
        losses = {"loss_bbox_cls": score_loss, "loss_bbox_reg": delta_loss}
        return losses, examples, features

    def _outputs(
        self, maps: Sequence[Tensor], boxes: Sequence[Tensor], counts: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits [R, K + 1], deltas [R, 4 * K], features of `head` (of all R boxes)."""
        features = self.head(self.pooling(maps, boxes, counts))
        flat = features
        if len(features.shape) == 4:
            flat = F.adaptive_avg_pool2d(features, 1).squeeze([2, 3])
        return self.bbox_score(flat), self.bbox_delta(flat), features


def normal(std: float) -> ParamAttr:
    return ParamAttr(initializer=Normal(std=std))
