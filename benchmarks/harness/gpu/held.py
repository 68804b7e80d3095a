"""What a GPU's results are held to, beside the CPU engine's in FP32."""

from __future__ import annotations

from dataclasses import dataclass

from harness.comparison import ILL_CONDITIONED


@dataclass(frozen=True)
class DetectionTolerance:
    """Instances above a threshold are the same, within:

    score       absolute; one row this near to the threshold may be missing on one side
    box_px      largest difference of a coordinate; None: not held
    iou_min     of two masks
    iou_median  over the masks
    """

    score: float
    box_px: float | None
    iou_min: float
    iou_median: float


@dataclass(frozen=True)
class Held:
    """Exactly one of the two is held; the other may be reported.

    detections  None where rounding decides single instances
    tensors     largest difference of a dense tensor, as a part of its absmax; see `dense.py`
    """

    detections: DetectionTolerance | None
    tensors: float | None
    reason: str


# The tolerances between two engines in FP32 (docs, "Equality with Paddle").
TRAINED_FP32 = DetectionTolerance(score=2e-3, box_px=0.5, iou_min=0.99, iou_median=0.99)
GENERATED_FP32 = DetectionTolerance(score=2e-3, box_px=0.5, iou_min=0.95, iou_median=0.99)
CALM_RTDETR_FP32 = DetectionTolerance(score=5e-3, box_px=1.0, iou_min=0.95, iou_median=0.99)
# FP16 has 11 bits: scores near 1 are 5e-4 apart, and a layer rounds some times. What counts is that
# the same objects come out with the same masks.
TRAINED_FP16 = DetectionTolerance(score=2e-2, box_px=None, iou_min=0.98, iou_median=0.98)

FP32_TENSORS = 1e-3
FP16_TENSORS = 1e-2


def held(model: str, weights: str, precision: str) -> Held:
    """What holds for a model's name, its weights and the precision on the GPU."""
    if precision != "fp32":
        if weights == "trained":
            return Held(TRAINED_FP16, None, "trained weights: the same instances and masks")
        return Held(
            None, FP16_TENSORS, "generated weights amplify rounding: dense tensors are held"
        )
    if weights == "trained":
        return Held(TRAINED_FP32, None, "trained weights: the strict tolerance")
    if model in ILL_CONDITIONED:
        return Held(
            None,
            FP32_TENSORS,
            "with generated weights its decoder amplifies rounding from layer to layer: the dense "
            "tensors before the selection of queries are held",
        )
    if model.startswith("Mask-RT-DETR"):
        return Held(CALM_RTDETR_FP32, None, "calm generated weights")
    return Held(GENERATED_FP32, None, "generated weights make ragged masks")
