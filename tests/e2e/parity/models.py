"""The models of the comparison, one row each, with what is held and why.

A further model is a row here; a further family is a `Family` with its own file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from parity.instances import Instances, box_rows
from parity.landmarks import Landmarks
from parity.mask_rtdetr_dense import DensePostprocessing, mask_rtdetr_dense
from parity.mask_rtdetr_first_boxes import rows_decided_by_rounding
from parity.mask_rtdetr_stages import mask_rtdetr_stages, whole_encoder
from parity.pairing import DetectionTolerance
from parity.stage import Stage

from instseg.importer.ir.graph import Graph

if TYPE_CHECKING:
    from parity.reference import Reference

# Of each tensor's largest magnitude: float32 through a hundred layers, summed in another order.
STAGE_TOLERANCE = 1e-3

# Two engines' rounding is of the same size but not the same.
WITNESS_FACTOR = 3.0

RowReader = Callable[..., Instances]
"""See `box_rows`."""


@dataclass(frozen=True)
class Family:
    """What the comparison must know of a family of models.

    instances  rows of the program's final outputs, as PaddleX reads them
    stages     the dense part of the program, in parts that can be fed with Paddle's own tensors
    whole      of these stages: all before the first selection, at once, from the image on
    dense      the SDK's post-processing, on its own
    undetermined  the instances of a photo (their places) that float32 rounding decides
    legacy_graph_optimisation  whether Paddle's passes run over legacy programs
    """

    instances: RowReader
    stages: Callable[[Graph, Landmarks], list[Stage]]
    whole: Callable[[list[Stage]], Stage]
    dense: Callable[[Graph], DensePostprocessing]
    undetermined: Callable[[Reference, str, Instances], list[int]]
    legacy_graph_optimisation: bool


@dataclass(frozen=True)
class Model:
    """detections: None where the model is too ill-conditioned with generated weights; then its
    dense tensors are held to STAGE_TOLERANCE stage by stage only, not from the image on."""

    name: str
    family: Family
    detections: DetectionTolerance | None


# Paddle 3.0.0's passes over the legacy program of Mask-RT-DETR change its detections themselves
# (shared data, parity/README.md, "Measured tolerances": `old` against `old_noopt`).
MASK_RTDETR = Family(
    instances=box_rows,
    stages=mask_rtdetr_stages,
    whole=whole_encoder,
    dense=mask_rtdetr_dense,
    undetermined=partial(rows_decided_by_rounding, tolerance=STAGE_TOLERANCE),
    legacy_graph_optimisation=False,
)

# Generated weights make ragged masks, where rounding flips pixels all along the many edges; and
# the decoder amplifies rounding even with calm weights: two engines on one program came out 0.6 px,
# 3e-3 and an IoU of 0.988 apart (shared data, parity/README.md, "Ill-conditioned").
# A mask is made on a grid of 160 x 160: what is less than a cell of it is below its resolution, but
# can be a tenth of a mask of a few cells.
CALM_MASK_RTDETR = DetectionTolerance(
    score=5e-3, box_px=1.0, iou_min=0.95, iou_median=0.99, mask_grid=160
)

# Rows that rounding decides, at the most: this part of a photo's rows, and one.
EXCUSED_PART = 0.05

# The same float32 tensors, interpolated in another order of operations: a pixel flips only where
# its logit is zero but for rounding. Scores and boxes: rounding of numbers up to 1 and 3072.
POSTPROCESSING = DetectionTolerance(score=1e-6, box_px=1e-3, iou_min=0.999, iou_median=0.9999)

MODELS = (
    Model("Mask-RT-DETR-S", MASK_RTDETR, CALM_MASK_RTDETR),
    Model("Mask-RT-DETR-M", MASK_RTDETR, CALM_MASK_RTDETR),
    Model("Mask-RT-DETR-L", MASK_RTDETR, CALM_MASK_RTDETR),
    # X and H stay ill-conditioned even with calm weights (parity/README.md, last section): the
    # stages decide.
    Model("Mask-RT-DETR-X", MASK_RTDETR, None),
    Model("Mask-RT-DETR-H", MASK_RTDETR, None),
)
