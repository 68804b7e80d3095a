"""The models of the comparison, one row each, with what is held and why.

A further model is a row here; a further family is a `Family` with its own file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from parity.dense_postprocessing import DensePostprocessing
from parity.instances import Instances, box_rows
from parity.landmarks import Landmarks
from parity.mask_rtdetr_dense import mask_rtdetr_dense
from parity.mask_rtdetr_first_boxes import rows_decided_by_rounding
from parity.mask_rtdetr_stages import mask_rtdetr_stages, whole_encoder
from parity.pairing import DetectionTolerance
from parity.photos import LOW_PHOTOS, PHOTOS, Photo
from parity.rcnn_rounding import rows_decided_by_rounding as rcnn_rows_decided_by_rounding
from parity.solov2_dense import solov2_dense
from parity.solov2_rows import mask_rows
from parity.solov2_stages import solov2_stages, whole_network
from parity.stage import Stage

from instseg.importer.ir.graph import Graph

if TYPE_CHECKING:
    from parity.reference import Reference

# Of each tensor's largest magnitude: float32 through a hundred layers, summed in another order.
STAGE_TOLERANCE = 1e-3

# Two engines' rounding is of the same size but not the same.
WITNESS_FACTOR = 3.0

# Of scores: `draw_threshold` of every official inference.yml; then lower, as generated weights give
# few high scores on some photos; the last is below what any program returns.
THRESHOLDS = (0.5, 0.3, 0.15, 0.05, 0.01)
# Instances that a photo is to have above its threshold.
MANY = 15

RowReader = Callable[..., Instances]
"""See `box_rows`."""


@dataclass(frozen=True)
class Inside:
    """What is compared within the programs of a family.

    stages     the dense part of the program, in parts that can be fed with Paddle's own tensors
    whole      of these stages: all before the first selection, at once, from the image on
    dense      the SDK's post-processing, on its own
    postprocessing  what that is held to
    """

    stages: Callable[[Graph, Landmarks], list[Stage]]
    whole: Callable[[list[Stage]], Stage]
    dense: Callable[[Graph], DensePostprocessing]
    postprocessing: DetectionTolerance


@dataclass(frozen=True)
class Family:
    """What the comparison must know of a family of models.

    instances  rows of the program's final outputs, as PaddleX reads them
    inside     None where detections say enough: the family is well-conditioned
    photos     what is compared
    undetermined  the instances of a photo (places in Paddle's; ours beside them) that float32
               rounding decides; None: none are
    legacy_graph_optimisation  whether Paddle's passes run over legacy programs
    """

    instances: RowReader
    inside: Inside | None = None
    photos: tuple[Photo, ...] = PHOTOS
    undetermined: Callable[[Reference, str, Instances, Instances], list[int]] | None = None
    legacy_graph_optimisation: bool = True


@dataclass(frozen=True)
class Model:
    """detections: None where the model is too ill-conditioned with generated weights; then its
    dense tensors are held to STAGE_TOLERANCE stage by stage only, not from the image on."""

    name: str
    family: Family
    detections: DetectionTolerance | None


# The same float32 tensors, interpolated in another order of operations: a pixel flips only where
# its logit is zero but for rounding. Scores and boxes: rounding of numbers up to 1 and 3072.
POSTPROCESSING = DetectionTolerance(score=1e-6, box_px=1e-3, iou_min=0.999, iou_median=0.9999)

# Paddle 3.0.0's passes over the legacy program of Mask-RT-DETR change its detections themselves
# (shared data, parity/README.md, "Measured tolerances": `old` against `old_noopt`).
MASK_RTDETR = Family(
    instances=box_rows,
    inside=Inside(
        stages=mask_rtdetr_stages,
        whole=whole_encoder,
        dense=mask_rtdetr_dense,
        postprocessing=POSTPROCESSING,
    ),
    undetermined=partial(
        rows_decided_by_rounding, tolerance=STAGE_TOLERANCE, witness_factor=WITNESS_FACTOR
    ),
    legacy_graph_optimisation=False,
)

# A score is a mean over a mask, which Paddle sums up in float32, up to 60,000 numbers: rounding of
# 2^-24 of the sum, in a walk of so many steps, is 1.5e-5; three times that.
SOLOV2 = Family(
    instances=mask_rows,
    inside=Inside(
        stages=solov2_stages,
        whole=whole_network,
        dense=solov2_dense,
        postprocessing=DetectionTolerance(score=5e-5, box_px=0, iou_min=0.999, iou_median=0.9999),
    ),
)

# Generated weights make ragged masks, where rounding flips pixels all along the many edges; and
# the decoder amplifies rounding even with calm weights: two engines on one program came out 0.6 px,
# 3e-3 and an IoU of 0.988 apart (shared data, parity/README.md, "Ill-conditioned").
# A mask is made on a grid of 160 x 160: what is less than a cell of it is below its resolution, but
# can be a tenth of a mask of a few cells.
CALM_MASK_RTDETR = DetectionTolerance(
    score=5e-3, box_px=1.0, iou_min=0.95, iou_median=0.99, mask_grid=160
)

BOXES_AND_MASKS = Family(instances=box_rows, photos=LOW_PHOTOS)

# design.md's tolerance for generated weights, which make ragged masks.
DETECTIONS = DetectionTolerance(score=2e-3, box_px=0.5, iou_min=0.95, iou_median=0.99)
MASK_RCNN = Family(
    instances=box_rows,
    photos=LOW_PHOTOS,
    undetermined=partial(
        rcnn_rows_decided_by_rounding, tolerance=DETECTIONS, witness_factor=WITNESS_FACTOR
    ),
)
# There are no boxes to compare.
SOLOV2_DETECTIONS = DetectionTolerance(score=2e-3, box_px=0, iou_min=0.95, iou_median=0.99)

# Rows that rounding decides, at the most: this part of a photo's rows, and one.
EXCUSED_PART = 0.05

MODELS = (
    Model("Mask-RT-DETR-S", MASK_RTDETR, CALM_MASK_RTDETR),
    Model("Mask-RT-DETR-M", MASK_RTDETR, CALM_MASK_RTDETR),
    Model("Mask-RT-DETR-L", MASK_RTDETR, CALM_MASK_RTDETR),
    # X and H stay ill-conditioned even with calm weights (parity/README.md, last section): the
    # stages decide.
    Model("Mask-RT-DETR-X", MASK_RTDETR, None),
    Model("Mask-RT-DETR-H", MASK_RTDETR, None),
    Model("SOLOv2", SOLOV2, SOLOV2_DETECTIONS),
    Model("PP-YOLOE_seg-S", BOXES_AND_MASKS, DETECTIONS),
    Model("MaskRCNN-ResNet50", MASK_RCNN, DETECTIONS),
    Model("MaskRCNN-ResNet50-FPN", MASK_RCNN, DETECTIONS),
    Model("MaskRCNN-ResNet50-vd-FPN", MASK_RCNN, DETECTIONS),
    Model("MaskRCNN-ResNet101-FPN", MASK_RCNN, DETECTIONS),
    Model("MaskRCNN-ResNet101-vd-FPN", MASK_RCNN, DETECTIONS),
    Model("MaskRCNN-ResNeXt101-vd-FPN", MASK_RCNN, DETECTIONS),
    Model("Cascade-MaskRCNN-ResNet50-FPN", BOXES_AND_MASKS, DETECTIONS),
    Model("Cascade-MaskRCNN-ResNet50-vd-SSLDv2-FPN", BOXES_AND_MASKS, DETECTIONS),
)

OPENED = [model for model in MODELS if model.family.inside is not None]
"""Those whose programs are compared from within."""


def comparison_threshold(scores: Sequence[float]) -> float:
    """The highest of THRESHOLDS above which MANY of the scores lie, else the lowest."""
    for threshold in THRESHOLDS:
        if sum(score > threshold for score in scores) >= MANY:
            return threshold
    return THRESHOLDS[-1]
