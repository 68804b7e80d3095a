"""Which layers stay FP32 in a network of half precision, and why: one table per family.

Everything that no row names is computed in half precision where it is a convolution, a matrix
product, an interpolation, a pooling or element-wise (`precisions.py` has the list); the rest stays
FP32. Half precision has 11 bits: 3 decimal digits, steps of 1/2048 just below 1, nothing above
65504 and nothing exact below 6e-5. So FP32 is for what adds up many terms, for what is compared or
sorted, and for coordinates. All of it together is a few per cent of a network's work.

Sources of the failures that rows speak of: RT-DETR pull request 464 (overflow in residual sums and
in the product of masks), RT-DETR issue 47 and rf-detr issue 176 (layer norms in half precision),
TensorRT's warnings about them, and the usual practice of mixed precision (arXiv:1710.03740
section 4.2: reductions and normalisation in FP32).
"""

from __future__ import annotations

from dataclasses import dataclass

from instseg.errors import InvalidArgument

from .layer_parts import (
    Part,
    box_readers,
    first_convolutions,
    group_norms,
    operators,
    outputs,
    residual_sums,
    sampling,
    sizes_only,
    top_k_keys,
)

TABLE_VERSION = 1
"""Counts changes of the tables and of what is made of them: older files are made anew."""


@dataclass(frozen=True)
class Row:
    """part: what the layers are; find: where they are; reason: why half precision will not do."""

    part: str
    find: Part
    reason: str


_EVERY_FAMILY = (
    Row(
        "first convolution",
        first_convolutions,
        "differences of neighbouring pixels are a few of 256 levels, and the image rounded to 11 "
        "bits changes them: scores of the trained tiny Mask-RT-DETR move by up to 0.027, with this "
        "layer in FP32 by 0.007; about 1 % of the work",
    ),
    Row(
        "softmax",
        operators("Softmax"),
        "exponentials overflow above 11, and the sum has hundreds of terms that must not vanish",
    ),
    Row(
        "sums over planes",
        operators("ReduceSum", "ReduceMean", "GlobalAveragePool"),
        "up to 100 000 terms: the sum passes 65504, or outgrows its terms and loses them",
    ),
    Row(
        "roots, logarithms, powers",
        operators("Exp", "Log", "Pow", "Sqrt", "Reciprocal"),
        "small inputs are no longer exact below 6e-5, and these magnify that",
    ),
    Row(
        "positions computed from sizes",
        sizes_only,
        "whole numbers above 2048 have gaps; a few hundred values, computed once",
    ),
)

_MASK_RTDETR = (
    Row(
        "layer norm",
        operators("LayerNormalization"),
        "squares of activations above 256 overflow; half-precision layer norms are the best-known "
        "reason why transformers of this kind lose accuracy in TensorRT",
    ),
    Row(
        "residual sums",
        residual_sums,
        "the sums before layer norms are where activations overflow first, and the norm reads FP32",
    ),
    Row(
        "top-k keys",
        top_k_keys,
        "thousands of scores within a few units, 11 bits each: equal keys choose other queries",
    ),
    Row(
        "class scores",
        outputs("logits", product=True),
        "they are sorted and compared with the threshold; 0.3 % of the work",
    ),
    Row(
        "boxes",
        outputs("boxes", product=True),
        "box sides add up over the decoder's layers as sigmoid(inverse sigmoid + step): 1/2048 of "
        "a logit is 0.1 to 0.3 px, and limits of 1e-5 are below half precision's exact range. The "
        "first boxes are the extents of masks: only on which side of zero their pixels lie is "
        "asked, which rounding and overflow of the masks' product leave as it is; so that is half",
    ),
    Row(
        "boxes as input of the positional layers",
        box_readers("boxes"),
        "reads sides of boxes; four terms, no work",
    ),
    Row(
        "sampling positions of deformable attention",
        sampling,
        "positions in -1..1 in steps of 1/2048 are 0.02 features apart at stride 8, and gradients "
        "of features are steep; TensorRT's GridSample takes values and positions of one type only",
    ),
)

_PPYOLOE_SEG = (
    Row(
        "box decoding",
        outputs("boxes", product=True),
        "expected distance over 17 bins, then anchor points up to 640 px: half precision has steps "
        "of 0.5 px there",
    ),
    Row(
        "class scores",
        outputs("scores", product=False),
        "they order the non-maximum suppression; near 1 half precision has 2048 steps",
    ),
)

_SOLOV2 = (
    Row(
        "group norm",
        group_norms,
        "mean and variance over planes of up to 100 000 features per group",
    ),
    Row(
        "class scores and their points suppression",
        outputs(r"scores_\d+", product=True),
        "a score is kept where it equals the maximum of its neighbours: equal neighbours in half "
        "precision would both be kept; 0.6 % of the work",
    ),
)

_MASK_RCNN = (
    Row(
        "proposals",
        outputs(r"rpn_(logits|deltas)_\d+", product=True),
        "logits are sorted (equal ones choose other proposals), deltas are multiplied by sides of "
        "anchors up to 512 px; 1 x 1 convolutions to 15 channels",
    ),
    Row(
        "class probabilities",
        outputs("class_probabilities", product=True),
        "they are sorted and compared with the threshold; 0.2 % of the work",
    ),
    Row(
        "box deltas",
        outputs("box_deltas", product=True),
        "multiplied by the sides of a box, up to 1333 px; 0.2 % of the work",
    ),
)

FAMILIES: dict[str, tuple[Row, ...]] = {
    "mask_rtdetr": (*_MASK_RTDETR, *_EVERY_FAMILY),
    "ppyoloe_seg": (*_PPYOLOE_SEG, *_EVERY_FAMILY),
    "solov2": (*_SOLOV2, *_EVERY_FAMILY),
    "mask_rcnn": (*_MASK_RCNN, *_EVERY_FAMILY),
}
"""By "family" of instseg.json; Cascade Mask R-CNN is a Mask R-CNN with three box networks."""


def rows_of(family: str) -> tuple[Row, ...]:
    """Raises InvalidArgument for a family without a table."""
    if family not in FAMILIES:
        raise InvalidArgument(
            f"There is no table of FP32 layers for the family {family!r}, only for "
            f"{', '.join(FAMILIES)}: run this model with precision='fp32', or add a table to "
            "instseg/mixed_precision/table.py."
        )
    return FAMILIES[family]
