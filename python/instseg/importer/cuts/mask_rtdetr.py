"""Mask-RT-DETR: one network, cut before the selection and the masks of the whole image.

The program ends in (Q queries, K classes, P prototypes):

    boxes cxcywh [N,Q,4]    -> corners -> x original size -> gather_nd -> \
    logits [N,Q,K]          -> sigmoid -> flatten -> topk (100)        ->  concat -> reshape -> bbox
    coefficients [N,Q,P]    -> matmul -> reshape [N,Q,h,w] -> gather_nd -> bilinear_interp
    prototypes [N,P,h,w]    -> flatten /     -> sigmoid -> greater_than (0.5) -> cast ... -> mask

The four tensors on the left become the network's outputs; what follows them is the SDK's part.
"""

from __future__ import annotations

from instseg.errors import ModelError

from ..ir.dims import text
from ..ir.graph import Graph, Value
from ..ir.shape_rules import fixed_int
from ..passes.rewriting import scalar
from .cut import Cut, NetworkCut, Trail
from .image_and_outputs import bbox_and_mask, image_input

FAMILY = "Mask-RT-DETR model"


def cut_mask_rtdetr(graph: Graph) -> Cut:
    """Finds the four tensors, and top_k, class count and mask threshold, in the whole program."""
    trail = Trail(graph, FAMILY)
    bbox, mask = bbox_and_mask(graph, FAMILY)

    row = trail.back(bbox, "concat", skip="reshape flatten")
    if len(row.inputs) != 4:
        raise ModelError(f"{row.describe()}: a row of class, score and box expected")
    topk = trail.back(row.input(1), "topk", skip="unsqueeze reshape")
    sigmoid = trail.back(topk.input(0), "sigmoid", skip="flatten reshape")
    logits = sigmoid.input(0)

    chosen_boxes = trail.back(row.input(2), "gather_nd")
    scaled = trail.back(chosen_boxes.input(0), "multiply")
    corners = trail.back(scaled.input(0), "concat")
    boxes = trail.back(trail.back(corners.input(0), "subtract").input(0), "split").input(0)

    threshold = trail.back(mask, "greater_than", skip="cast flatten reshape")
    upsampled = trail.back(threshold.input(0), "interpolate", skip="sigmoid")
    chosen_masks = trail.back(upsampled.input(0), "gather_nd")
    product = trail.back(chosen_masks.input(0), "matmul", skip="reshape")
    coefficients = product.input(0)
    prototypes = trail.back(product.input(1), "flatten", skip="").input(0)

    _check_shapes(boxes, logits, coefficients, prototypes)
    if chosen_boxes.input(1) is not chosen_masks.input(1):
        raise ModelError(
            f"the program does not end as a {FAMILY} does: boxes and masks are "
            "selected by different queries"
        )
    mask_threshold = scalar(threshold.input(1))
    if mask_threshold is None or not 0 < mask_threshold < 1:
        raise ModelError(f"{threshold.describe()}: the mask threshold is not a number in 0..1")
    return Cut(
        networks=[
            NetworkCut(
                role="main",
                inputs={("image", "image"): image_input(graph)},
                outputs={
                    ("boxes", "boxes_cxcywh"): boxes,
                    ("logits", "class_logits"): logits,
                    ("mask_coefficients", "mask_coefficients"): coefficients,
                    ("prototypes", "mask_prototypes"): prototypes,
                },
            )
        ],
        num_classes=int(logits.shape[2]),  # type: ignore[arg-type]
        mask_threshold=mask_threshold,
        postprocess={"top_k": fixed_int(topk.input(1))},
    )


def _check_shapes(boxes: Value, logits: Value, coefficients: Value, prototypes: Value) -> None:
    """boxes [N,Q,4], logits [N,Q,K], coefficients [N,Q,P], prototypes [N,P,h,w], fixed sizes."""
    ranks = [len(value.shape) for value in (boxes, logits, coefficients, prototypes)]
    fixed = [dim for v in (boxes, logits, coefficients, prototypes) for dim in v.shape[1:]]
    fits = (
        ranks == [3, 3, 3, 4]
        and all(isinstance(dim, int) for dim in fixed)
        and boxes.shape[2] == 4
        and boxes.shape[1] == logits.shape[1] == coefficients.shape[1]
        and coefficients.shape[2] == prototypes.shape[1]
    )
    if not fits:
        found = ", ".join(text(v.shape) for v in (boxes, logits, coefficients, prototypes))
        raise ModelError(
            "boxes [N,Q,4], logits [N,Q,K], mask coefficients [N,Q,P] and prototypes [N,P,h,w] "
            f"expected before the post-processing of a {FAMILY}; found {found}"
        )
