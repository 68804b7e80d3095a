"""Mask R-CNN (arXiv:1703.06870), and with another box head Cascade Mask R-CNN."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import paddle
from paddle import Tensor

from instseg_train.backbones.resnet import ResNet
from instseg_train.boxes.box_deltas import Factors
from instseg_train.models.mask_rcnn.box_examples import BoxExamples
from instseg_train.models.mask_rcnn.detections import DetectionLimits, detect, in_original_pixels
from instseg_train.models.mask_rcnn.ground_truth import GroundTruth, ground_truth
from instseg_train.models.mask_rcnn.images import images_of
from instseg_train.models.mask_rcnn.mask_head import MaskHead
from instseg_train.models.mask_rcnn.mask_paste import paste_masks
from instseg_train.models.mask_rcnn.roi_pooling import box_counts
from instseg_train.models.mask_rcnn.rpn_head import RPNHead
from instseg_train.models.mask_rcnn.sampling import RandomSampler, Sampler
from instseg_train.models.segmenter import Inputs, Segmenter
from instseg_train.necks.fpn import FPN

MASK_THRESHOLD = 0.5


class BoxBranch(Protocol):
    """A layer that is Mask R-CNN's box branch (`BoxHead` has the shapes)."""

    num_classes: int

    @property
    def head(self) -> Callable[[Tensor], Tensor]: ...

    @property
    def factors(self) -> Factors: ...

    def __call__(
        self, maps: Sequence[Tensor], boxes: Sequence[Tensor], counts: Tensor, im_shape: Tensor
    ) -> tuple[tuple[Tensor, Tensor], list[Tensor]]: ...

    def losses(
        self,
        maps: Sequence[Tensor],
        proposals: Sequence[Tensor],
        im_shape: Tensor,
        truths: Sequence[GroundTruth],
        sampler: Sampler,
    ) -> tuple[dict[str, Tensor], list[BoxExamples], Tensor]: ...


class MaskRCNN(Segmenter):
    """Backbone, neck (none: C4), region proposals, boxes, masks.

    `sampler` makes all random choices of training. Ground truth may have `gt_poly` too: for each
    image, for each object, the list of its outlines (x0, y0, x1, y1 ... in pixels of the network's
    input); mask targets are then drawn from them, as for official models, and not from `gt_segm`.
    """

    class_head_names = (
        "bbox_head.bbox_score",
        "bbox_head.bbox_delta.",
        "mask_head.mask_fcn_logits.",
    )

    def __init__(
        self,
        backbone: ResNet,
        neck: FPN | None,
        rpn_head: RPNHead,
        bbox_head: BoxBranch,
        mask_head: MaskHead,
        *,
        limits: DetectionLimits | None = None,
        sampler: Sampler | None = None,
    ):
        super().__init__()
        self.backbone = backbone
        self.neck = neck
        self.rpn_head = rpn_head
        self.bbox_head = bbox_head
        self.mask_head = mask_head
        self.limits = limits or DetectionLimits()
        self.sampler: Sampler = sampler or RandomSampler()

    def losses(self, inputs: Inputs) -> dict[str, Tensor]:
        """loss_rpn_cls, loss_rpn_reg, loss_bbox_cls, loss_bbox_reg (Cascade: of each stage, with
        _stage0, _stage1, _stage2), loss_mask and loss; `Segmenter.losses` has the inputs."""
        maps = self._maps(inputs["image"])
        truths = ground_truth(inputs)
        im_shape = inputs["im_shape"]
        proposals, losses = self.rpn_head.losses(maps, im_shape, truths, self.sampler)
        box_losses, examples, features = self.bbox_head.losses(
            maps, proposals, im_shape, truths, self.sampler
        )
        losses |= box_losses
        losses["loss_mask"] = self.mask_head.loss(
            maps, examples, features, truths, self.bbox_head.num_classes
        )
        losses["loss"] = paddle.add_n(list(losses.values()))
        return losses

    def predict(self, inputs: Inputs) -> dict[str, Tensor]:
        """Detections of all images, one image after the other.

        bbox      float32 [n, 6] class, score, x1, y1, x2, y2 in pixels of the original images
        bbox_num  int32 [N]
        mask      int32 [n, H, W], 0 or 1, H and W of the largest original image; -1 outside smaller
                  ones
        """
        detections, masks = self._detect(inputs)
        sizes = self._original_sizes(inputs)
        bbox, pasted = [], []
        for i, rows in enumerate(detections):
            found = in_original_pixels(rows, inputs["scale_factor"][i], sizes[i])
            bbox.append(found)
            height, width = sizes[i][0].cast("int64"), sizes[i][1].cast("int64")
            probability = paste_masks(masks[i], found[:, 2:], height, width)
            pasted.append((probability >= MASK_THRESHOLD).cast("int32"))
        if len(bbox) == 1:
            return {"bbox": bbox[0], "bbox_num": box_counts(bbox), "mask": pasted[0]}
        return {
            "bbox": paddle.concat(bbox),
            "bbox_num": box_counts(bbox),
            "mask": _padded(pasted),
        }

    def predict_boxes_and_small_masks(self, inputs: Inputs) -> list[tuple[Tensor, Tensor]]:
        """What `predict` says before pasting: of each image rows float32 [n, 6] as its `bbox`, and
        probabilities float32 [n, M, M] that fill each box."""
        detections, masks = self._detect(inputs)
        sizes = self._original_sizes(inputs)
        return [
            (in_original_pixels(rows, inputs["scale_factor"][i], sizes[i]), masks[i])
            for i, rows in enumerate(detections)
        ]

    def _maps(self, image: Tensor) -> list[Tensor]:
        maps: list[Tensor] = self.backbone(image)
        if self.neck is not None:
            maps = self.neck(maps)
        return maps

    def _original_sizes(self, inputs: Mapping[str, Tensor]) -> list[Tensor]:
        """Height, width float32 [2] of each image."""
        sizes = paddle.floor(inputs["im_shape"] / inputs["scale_factor"] + 0.5)
        return [sizes[i] for i in images_of(sizes)]

    def _detect(self, inputs: Mapping[str, Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Rows [n_i, 6] in pixels of the network's input and mask probabilities [n_i, M, M]."""
        im_shape = inputs["im_shape"]
        maps = self._maps(inputs["image"])
        proposals, counts = self.rpn_head(maps, im_shape)
        (deltas, probabilities), boxes = self.bbox_head(maps, proposals, counts, im_shape)
        rows = detect(deltas, probabilities, boxes, im_shape, self.bbox_head.factors, self.limits)
        features = self.mask_head.pooling(maps, [image[:, 2:] for image in rows], box_counts(rows))
        if self.mask_head.shares_box_features:
            features = self.bbox_head.head(features)
        classes = [image[:, 0].cast("int64") for image in rows]
        if len(rows) == 1:
            return rows, [self.mask_head(features, classes[0])]
        masks = self.mask_head(features, paddle.concat(classes))
        return rows, list(paddle.split(masks, [len(image) for image in rows]))


def _padded(masks: Sequence[Tensor]) -> Tensor:
    """int32 [n_i, h_i, w_i] of each image -> [n, H, W] with -1 at the right and below."""
    height, width = (max(mask.shape[axis] for mask in masks) for axis in (1, 2))
    planes = []
    for mask in masks:
        plane = paddle.full([mask.shape[0], height, width], -1, "int32")
        plane[:, : mask.shape[1], : mask.shape[2]] = mask
        planes.append(plane)
    return paddle.concat(planes)
