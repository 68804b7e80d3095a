"""PP-YOLOE_seg: one network, cut before the non-maximum suppression.

The program ends in (A anchors, K classes, P prototypes; `if` chooses zeros where nothing is found):

    boxes x1 y1 x2 y2 [N,A,4] -> \
    scores [N,K,A]            -> multiclass_nms3 -> / scale -> set_value -> if -> bbox
    coefficients [N,P,A] -> transpose -> gather -> \
    prototypes [N,P,h,w] -> slice (image 0)     -> matmul -> sigmoid -> interpolate (H, W)
        -> multiply (1 inside the box, else 0) -> interpolate (round(H / scale), ...)
        -> slice (original size) -> greater_than (0.5) -> cast -> if -> mask

The four tensors on the left become the network's outputs; what follows them is the SDK's part.
Boxes are in pixels of the network's input.
"""

from __future__ import annotations

from instseg.errors import ModelError

from ..ir.dims import text
from ..ir.graph import Graph, Node, Value
from ..passes.rewriting import scalar
from .class_wise_nms import nms_numbers
from .cut import Cut, NetworkCut, Trail
from .image_and_outputs import bbox_and_mask, image_input

FAMILY = "PP-YOLOE_seg model"


def cut_ppyoloe_seg(graph: Graph) -> Cut:
    """Finds the four tensors, and the numbers of NMS and masks, in the whole program."""
    trail = Trail(graph, FAMILY)
    image = image_input(graph)
    bbox, mask = bbox_and_mask(graph, FAMILY)

    nms = trail.back(bbox, "multiclass_nms3", skip="if set_value set_value_with_tensor_")
    boxes, scores = nms.input(0), nms.input(1)

    threshold = trail.back(mask, "greater_than", skip="if cast")
    upsampled = trail.back(threshold.input(0), "interpolate", skip="squeeze slice")
    inside = trail.back(upsampled.input(0), "multiply", skip="unsqueeze")
    trail.back(inside.input(1), "multiply", skip="cast")
    at_input_size = trail.back(inside.input(0), "interpolate", skip="slice squeeze")
    probability = trail.back(at_input_size.input(0), "sigmoid", skip="unsqueeze reshape")
    product = trail.back(probability.input(0), "matmul", skip="reshape")
    chosen = trail.back(product.input(0), "gather")
    coefficients = trail.back(chosen.input(0), "transpose", skip="reshape").input(0)
    prototypes = trail.back(product.input(1), "slice", skip="reshape flatten").input(0)

    if chosen.input(1) is not nms.outputs[1]:
        raise ModelError(f"{chosen.describe()}: the masks are not of the boxes that NMS keeps")
    for resize in (at_input_size, upsampled):
        _check_resize(resize)
    if at_input_size.output.shape[2:] != image.shape[2:]:
        raise ModelError(
            f"{at_input_size.describe()}: masks are cropped at {text(at_input_size.output.shape)}, "
            f"the image is {text(image.shape)}; both should be of one size"
        )
    _check_shapes(boxes, scores, coefficients, prototypes)
    mask_threshold = scalar(threshold.input(1))
    if mask_threshold is None or not 0 < mask_threshold < 1:
        raise ModelError(f"{threshold.describe()}: the mask threshold is not a number in 0..1")
    return Cut(
        networks=[
            NetworkCut(
                role="main",
                inputs={("image", "image"): image},
                outputs={
                    ("boxes", "boxes_xyxy"): boxes,
                    ("scores", "class_scores"): scores,
                    ("mask_coefficients", "mask_coefficients"): coefficients,
                    ("prototypes", "mask_prototypes"): prototypes,
                },
            )
        ],
        num_classes=int(scores.shape[1]),  # type: ignore[arg-type]
        mask_threshold=mask_threshold,
        postprocess={"nms": nms_numbers(nms)},
    )


def _check_resize(node: Node) -> None:
    half_pixel = not node.attrs.get("align_corners") and node.attrs.get("align_mode") == 0
    if node.attrs.get("mode") != "bilinear" or not half_pixel:
        raise ModelError(f"{node.describe()}: masks are resized in another way than supported")


def _check_shapes(boxes: Value, scores: Value, coefficients: Value, prototypes: Value) -> None:
    """boxes [N,A,4], scores [N,K,A], coefficients [N,P,A], prototypes [N,P,h,w], fixed sizes."""
    tensors = (boxes, scores, coefficients, prototypes)
    fits = (
        [len(value.shape) for value in tensors] == [3, 3, 3, 4]
        and all(isinstance(dim, int) for value in tensors for dim in value.shape[1:])
        and boxes.shape[2] == 4
        and boxes.shape[1] == scores.shape[2] == coefficients.shape[2]
        and coefficients.shape[1] == prototypes.shape[1]
    )
    if not fits:
        raise ModelError(
            "boxes [N,A,4], scores [N,K,A], mask coefficients [N,P,A] and prototypes [N,P,h,w] "
            f"expected before the post-processing of a {FAMILY}; found "
            + ", ".join(text(value.shape) for value in tensors)
        )
