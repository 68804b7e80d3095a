"""Box branch of Cascade R-CNN (arXiv:1712.00726, section 4): three stages, each moves the boxes."""

from __future__ import annotations

from collections.abc import Sequence

import paddle
import paddle.nn.functional as F
from paddle import Tensor, nn

from instseg_train.boxes.box_deltas import Factors, boxes_from_deltas, clipped, has_area
from instseg_train.models.mask_rcnn.box_examples import BoxExamples, BoxSampling, label_all
from instseg_train.models.mask_rcnn.box_head import TwoLayerHead, normal
from instseg_train.models.mask_rcnn.box_loss import box_losses
from instseg_train.models.mask_rcnn.ground_truth import GroundTruth
from instseg_train.models.mask_rcnn.roi_pooling import RoIPooling, box_counts
from instseg_train.models.mask_rcnn.sampling import Sampler

STAGE_FACTORS = (
    (10.0, 10.0, 5.0, 5.0),
    (20.0, 20.0, 10.0, 10.0),
    (30.0, 30.0, 15.0, 15.0),
)
# A stage's examples are foreground from here on.
STAGE_IOU = (0.5, 0.6, 0.7)


class StageHeads(nn.Layer):
    """The fully connected layers of each stage, named by its number."""

    def __init__(self, heads: Sequence[TwoLayerHead]):
        super().__init__()
        self.out_channels = heads[0].out_channels
        self.heads = [self.add_sublayer(str(i), head) for i, head in enumerate(heads)]

    def forward(self, roi_features: Tensor, stage: int) -> Tensor:
        """float32 [R, C, S, S] -> [R, out_channels]."""
        features: Tensor = self.heads[stage](roi_features)
        return features


class CascadeHead(nn.Layer):
    """Classes of each proposal, and deltas that are the same for all classes, three times."""

    def __init__(
        self,
        head: StageHeads,
        pooling: RoIPooling,
        num_classes: int,
        sampling: BoxSampling | None = None,
    ):
        super().__init__()
        self.head = head
        self.pooling = pooling
        self.num_classes = num_classes
        self.sampling = sampling or BoxSampling(foreground_iou=STAGE_IOU[0])
        self.scores: list[nn.Layer] = []
        self.deltas: list[nn.Layer] = []
        for i in range(len(STAGE_FACTORS)):
            score = nn.Linear(head.out_channels, num_classes + 1, normal(0.01))
            delta = nn.Linear(head.out_channels, 4, normal(0.001))
            self.scores.append(self.add_sublayer(f"bbox_score_stage{i}", score))
            self.deltas.append(self.add_sublayer(f"bbox_delta_stage{i}", delta))

    @property
    def factors(self) -> Factors:
        """Of the deltas that `forward` returns."""
        return STAGE_FACTORS[-1]

    def forward(
        self, maps: Sequence[Tensor], boxes: Sequence[Tensor], counts: Tensor, im_shape: Tensor
    ) -> tuple[tuple[Tensor, Tensor], list[Tensor]]:
        """Maps float32 [N, C, H, W] of each level, boxes float32 [R_i, 4] of each image, R_i int32
        [N], im_shape float32 [N, 2] -> the last stage's deltas float32 [R, 4], the mean of the
        stages' probabilities [R, K + 1], and the last stage's boxes."""
        boxes = list(boxes)
        probabilities = []
        for i, factors in enumerate(STAGE_FACTORS):
            logits, deltas, _ = self._outputs(i, maps, boxes, counts)
            probabilities.append(F.softmax(logits))
            if i + 1 < len(STAGE_FACTORS):
                boxes = _moved(boxes, deltas, factors, im_shape)
        return (deltas, paddle.add_n(probabilities) / len(STAGE_FACTORS)), boxes

    def losses(
        self,
        maps: Sequence[Tensor],
        proposals: Sequence[Tensor],
        im_shape: Tensor,
        truths: Sequence[GroundTruth],
        sampler: Sampler,
    ) -> tuple[dict[str, Tensor], list[BoxExamples], Tensor]:
        """Losses of each stage, a third of each; the first stage's examples, and the last stage's
        features of its own. Later stages learn from all boxes that the stage before has moved."""
        examples = first = self.sampling(proposals, truths, self.num_classes, sampler)
        losses = {}
        for i, factors in enumerate(STAGE_FACTORS):
            boxes = [image.boxes for image in examples]
            logits, deltas, features = self._outputs(i, maps, boxes, box_counts(boxes))
            score_loss, delta_loss = box_losses(logits, deltas, examples, factors)
            losses[f"loss_bbox_cls_stage{i}"] = score_loss / len(STAGE_FACTORS)
            losses[f"loss_bbox_reg_stage{i}"] = delta_loss / len(STAGE_FACTORS)
            if i + 1 < len(STAGE_FACTORS):
                moved = _moved(boxes, deltas.detach(), factors, im_shape)
                kept = [_with_area(image) for image in moved]
                examples = label_all(kept, truths, self.num_classes, STAGE_IOU[i + 1])
        return losses, first, features

    def _outputs(
        self, stage: int, maps: Sequence[Tensor], boxes: Sequence[Tensor], counts: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits [R, K + 1], deltas [R, 4], features of `head`."""
        features = self.head(self.pooling(maps, boxes, counts), stage)
        return self.scores[stage](features), self.deltas[stage](features), features


def _moved(
    boxes: Sequence[Tensor], deltas: Tensor, factors: Factors, im_shape: Tensor
) -> list[Tensor]:
    """Boxes [R_i, 4] of each image, moved by deltas [R, 4] and clipped."""
    rois = paddle.concat(list(boxes)) if len(boxes) > 1 else boxes[0]
    moved = boxes_from_deltas(rois, deltas, factors)[:, 0]
    if len(boxes) == 1:
        return [clipped(moved, im_shape[0])]
    parts = paddle.split(moved, [image.shape[0] for image in boxes])
    return [clipped(part, im_shape[i]) for i, part in enumerate(parts)]


def _with_area(boxes: Tensor) -> Tensor:
    """Without empty boxes; one of them where all are."""
    kept = paddle.nonzero(has_area(boxes)).flatten()
    return boxes.gather(kept) if kept.shape[0] > 0 else boxes[:1]
