"""Region proposal network (arXiv:1506.01497, section 3.1), shared by all levels."""

from __future__ import annotations

from collections.abc import Sequence

import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, Tensor, nn
from paddle.nn.initializer import Normal

from instseg_train.boxes.box_deltas import deltas_from_boxes
from instseg_train.models.mask_rcnn.anchors import AnchorGrid
from instseg_train.models.mask_rcnn.ground_truth import GroundTruth
from instseg_train.models.mask_rcnn.images import images_of
from instseg_train.models.mask_rcnn.matching import match
from instseg_train.models.mask_rcnn.proposals import ProposalLimits, propose
from instseg_train.models.mask_rcnn.roi_pooling import box_counts
from instseg_train.models.mask_rcnn.sampling import Sampler, balanced

UNIT = (1.0, 1.0, 1.0, 1.0)


class SharedConv(nn.Layer):
    """The 3x3 convolution that sees each level first."""

    def __init__(self, channels: int):
        super().__init__()
        self.rpn_conv = nn.Conv2D(channels, channels, 3, padding=1, weight_attr=_normal())

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """float32 [N, C, H, W] of each level -> the same shapes."""
        return [F.relu(self.rpn_conv(x)) for x in features]


class RPNHead(nn.Layer):
    """Logits and deltas of every anchor, and the best as proposals.

    Of an image, samples_per_image anchors are examples, at most half of them foreground: those with
    IoU of 0.7 or more, and each object's best; background are those below 0.3.
    """

    def __init__(
        self,
        channels: int,
        anchors: AnchorGrid,
        training_limits: ProposalLimits,
        limits: ProposalLimits,
        *,
        samples_per_image: int = 256,
        foreground_fraction: float = 0.5,
        foreground_iou: float = 0.7,
        background_iou: float = 0.3,
    ):
        super().__init__()
        self.anchors = anchors
        self.training_limits = training_limits
        self.limits = limits
        self.samples_per_image = samples_per_image
        self.foreground_fraction = foreground_fraction
        self.foreground_iou = foreground_iou
        self.background_iou = background_iou
        self.rpn_feat = SharedConv(channels)
        count = anchors.per_cell
        self.rpn_rois_score = nn.Conv2D(channels, count, 1, weight_attr=_normal())
        self.rpn_rois_delta = nn.Conv2D(channels, 4 * count, 1, weight_attr=_normal())

    def forward(self, features: Sequence[Tensor], im_shape: Tensor) -> tuple[list[Tensor], Tensor]:
        """Features float32 [N, C, H, W] of each level, im_shape float32 [N, 2] -> proposals of each
        image, float32 [R_i, 4], and their numbers R_i, int32 [N]."""
        logits, deltas, anchors = self._maps(features)
        proposals = self._proposals(logits, deltas, anchors, im_shape, self.limits)
        return proposals, box_counts(proposals)

    def losses(
        self,
        features: Sequence[Tensor],
        im_shape: Tensor,
        truths: Sequence[GroundTruth],
        sampler: Sampler,
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        """Proposals as `forward`'s (more of them), and the losses of the examples of each image:
        cross entropy and, of foreground, L1 of the deltas, both per example."""
        logits, deltas, anchors = self._maps(features)
        proposals = self._proposals(logits, deltas, anchors, im_shape, self.training_limits)
        all_anchors = paddle.concat(anchors)
        flat_logits = _per_anchor(logits, 1).flatten(1)
        flat_deltas = _per_anchor(deltas, 4)
        score_losses, delta_losses = [], []
        for i, truth in enumerate(truths):
            found = match(
                all_anchors,
                truth,
                foreground_iou=self.foreground_iou,
                background_iou=self.background_iou,
                keep_best=True,
            )
            foreground, background = balanced(
                found.label, self.samples_per_image, self.foreground_fraction, sampler
            )
            score_losses.append(_score_loss(flat_logits[i], foreground, background))
            delta_losses.append(
                _delta_loss(flat_deltas[i], all_anchors, truth, foreground, found.object)
            )
        examples = self.samples_per_image * len(truths)
        return proposals, {
            "loss_rpn_cls": paddle.add_n(score_losses) / examples,
            "loss_rpn_reg": paddle.add_n(delta_losses) / examples,
        }

    def _maps(self, features: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Per level: logits [N, A, H, W], deltas [N, 4 * A, H, W], anchors [H * W * A, 4]."""
        logits, deltas = [], []
        for x in self.rpn_feat(features):
            logits.append(self.rpn_rois_score(x))
            deltas.append(self.rpn_rois_delta(x))
        return logits, deltas, self.anchors(features)

    def _proposals(
        self,
        logits: Sequence[Tensor],
        deltas: Sequence[Tensor],
        anchors: Sequence[Tensor],
        im_shape: Tensor,
        limits: ProposalLimits,
    ) -> list[Tensor]:
        return [
            propose(
                [x[i : i + 1] for x in logits],
                [x[i : i + 1] for x in deltas],
                anchors,
                im_shape[i : i + 1],
                limits,
            )
            for i in images_of(im_shape)
        ]


def _per_anchor(maps: Sequence[Tensor], values: int) -> Tensor:
    """Maps [N, A * values, H, W] of all levels -> [N, sum of H * W * A, values]."""
    return paddle.concat(
        [x.transpose([0, 2, 3, 1]).reshape([x.shape[0], -1, values]) for x in maps], axis=1
    )


def _score_loss(logits: Tensor, foreground: Tensor, background: Tensor) -> Tensor:
    """Sum over the examples; logits [A], places int64 [f], [b]."""
    examples = paddle.concat([foreground, background])
    if examples.shape[0] == 0:
        return logits[:1].sum() * 0.0
    wanted = paddle.concat([paddle.ones_like(foreground), paddle.zeros_like(background)])
    return F.binary_cross_entropy_with_logits(
        logits.gather(examples), wanted.cast("float32"), reduction="sum"
    )


def _delta_loss(
    deltas: Tensor, anchors: Tensor, truth: GroundTruth, foreground: Tensor, objects: Tensor
) -> Tensor:
    """Sum over foreground; deltas [A, 4], anchors [A, 4], places int64 [f], objects int64 [A]."""
    if foreground.shape[0] == 0:
        return deltas[:1].sum() * 0.0
    boxes = truth.boxes.gather(objects.gather(foreground))
    wanted = deltas_from_boxes(anchors.gather(foreground), boxes, UNIT)
    return paddle.abs(deltas.gather(foreground) - wanted).sum()


def _normal() -> ParamAttr:
    return ParamAttr(initializer=Normal(std=0.01))
