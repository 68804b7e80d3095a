"""Mask R-CNN and Cascade Mask R-CNN: the backbone, the box stages and the mask stage by themselves.

What the program does between and after them is the SDK's part (R boxes, K classes, M mask side;
features have their channels last, so that RoIAlign works on all channels of a pixel at once):

    main    image -> feature maps [N,H,W,C], and RPN logits and deltas per level
            [proposals; their level; RoIAlign]
    box     RoI features [R,7,7,C] -> probabilities [R,K+1] (background last), deltas [R,4K]
            (Cascade: box_1, box_2, box_3, deltas [R,4]; boxes move from stage to stage, the
            probabilities are averaged)
            [boxes from deltas; class-wise non-maximum suppression (multiclass_nms3); RoIAlign]
    mask    RoI features [R,14,14,C] -> mask logits [R,K,M,M]
            [sigmoid of the box's class; paste into the image (grid_sample), greater_equal]
"""

from __future__ import annotations

from typing import Any

from instseg.errors import ModelError

from ..ir.dims import text
from ..ir.graph import Graph, Node, Value
from ..ir.shape_rules import fixed_ints
from ..passes.rewriting import scalar
from .class_wise_nms import nms_numbers
from .cut import Cut, NetworkCut, Trail
from .image_and_outputs import image_input
from .rcnn_boxes import BoxStage, find_box_stages
from .rcnn_proposals import find_proposals
from .rcnn_regions import Regions, find_regions

FAMILY = "Mask R-CNN"


def cut_mask_rcnn(graph: Graph) -> Cut:
    """Finds the networks and all numbers of what lies between them."""
    trail = Trail(graph, FAMILY)
    image = image_input(graph)
    nms = trail.only("multiclass_nms3")
    stages = find_box_stages(trail, nms.input(0))
    probabilities, score_factor = _probabilities(trail, nms, stages)
    mask_logits, mask_threshold = _mask(trail)
    mask_regions = find_regions(trail, mask_logits)
    trail.back(mask_regions.boxes, "multiclass_nms3", skip="slice identity if")
    proposals = find_proposals(trail, stages[0].regions.boxes, image)

    num_classes = _check_shapes(probabilities, stages, mask_logits)
    _check_regions([*(stage.regions for stage in stages), mask_regions])
    maps = stages[0].regions.maps
    outputs = {(f"features_{i}", f"features_{i}"): value for i, value in enumerate(maps)}
    for i, (logits, deltas) in enumerate(zip(proposals.logits, proposals.deltas, strict=True)):
        outputs[f"rpn_logits_{i}", f"rpn_logits_{i}"] = logits
        outputs[f"rpn_deltas_{i}", f"rpn_deltas_{i}"] = deltas
    features = frozenset(f"features_{i}" for i in range(len(maps)))
    networks = [NetworkCut("main", {("image", "image"): image}, outputs, channels_last=features)]
    for i, (stage, probability) in enumerate(zip(stages, probabilities, strict=True)):
        networks.append(
            NetworkCut(
                role="box" if len(stages) == 1 else f"box_{i + 1}",
                inputs={("roi_features", "roi_features"): stage.regions.features},
                outputs={
                    ("class_probabilities", "class_probabilities"): probability,
                    ("box_deltas", "box_deltas"): stage.movement.deltas,
                },
                channels_last=frozenset({"roi_features"}),
            )
        )
    networks.append(
        NetworkCut(
            role="mask",
            inputs={("roi_features", "roi_features"): mask_regions.features},
            outputs={("mask_logits", "mask_logits"): mask_logits},
            channels_last=frozenset({"roi_features"}),
        )
    )
    settings: dict[str, Any] = {
        "proposals": proposals.settings,
        "box_pooling": stages[0].regions.pooling,
        "mask_pooling": mask_regions.pooling,
        "box_stages": [
            {
                "delta_factors": stage.movement.factors,
                "max_log_size": stage.movement.max_log_size,
            }
            for stage in stages
        ],
        "score_factor": score_factor,
    }
    if stages[0].regions.levels is not None:
        settings["levels"] = stages[0].regions.levels
    return Cut(
        networks=networks,
        num_classes=num_classes,
        mask_threshold=mask_threshold,
        postprocess={"nms": nms_numbers(nms), "rcnn": settings},
    )


def _probabilities(trail: Trail, nms: Node, stages: list[BoxStage]) -> tuple[list[Value], float]:
    """(the stages' softmax [R, K + 1], what their sum is multiplied by)."""
    foreground = trail.back(nms.input(1), "slice")
    classes = foreground.input(0).shape[-1]
    starts, ends = fixed_ints(foreground.input(1)), fixed_ints(foreground.input(2))
    last_dropped = isinstance(classes, int) and ends in ((-1,), (classes - 1,))
    if list(foreground.attrs["axes"]) != [1] or starts != (0,) or not last_dropped:
        raise ModelError(f"{foreground.describe()}: all classes but the last expected")
    factor, value = 1.0, foreground.input(0)
    if len(stages) == 1:
        softmax = [trail.back(value, "softmax")]
    else:
        mean = trail.back(value, "scale")
        number = scalar(mean.input(1))
        if number is None or mean.attrs.get("bias"):
            raise ModelError(f"{mean.describe()}: a constant factor expected")
        factor = number
        total = trail.back(mean.input(0), "add_n")
        softmax = [trail.back(part, "softmax") for part in total.inputs if part is not None]
    found = {find_regions(trail, node.input(0)).features: node.output for node in softmax}
    expected = [stage.regions.features for stage in stages]
    if len(softmax) != len(stages) or set(found) != set(expected):
        raise ModelError(f"{nms.describe()}: scores of {len(stages)} box stage(s) expected")
    if any(node.attrs.get("axis", -1) not in (-1, 1) for node in softmax):
        raise ModelError(f"{softmax[0].describe()}: probabilities over the last axis expected")
    return [found[features] for features in expected], factor


def _mask(trail: Trail) -> tuple[Value, float]:
    """(mask logits [R,K,M,M], threshold of the probability)."""
    paste = trail.only("grid_sample")
    how = (paste.attrs["mode"], paste.attrs["padding_mode"], bool(paste.attrs["align_corners"]))
    if how != ("bilinear", "zeros", False):
        raise ModelError(f"{paste.describe()}: masks pasted by {how} are not supported")
    sliced = trail.consumer(paste.output, "slice")
    threshold = scalar(trail.consumer(sliced.output, "greater_equal").input(1))
    if threshold is None or not 0 < threshold < 1:
        raise ModelError(f"{paste.describe()}: the mask threshold is not a number in 0..1")
    probability = trail.back(paste.input(0), "sigmoid", skip="unsqueeze slice reshape if")
    chosen = trail.back(probability.input(0), "gather_nd", skip="reshape")
    return chosen.input(0), threshold


def _check_regions(all_regions: list[Regions]) -> None:
    """All heads pool the same maps by the same rule, the box stages to the same size."""
    first, *others, mask = all_regions
    for other in (*others, mask):
        if other.maps != first.maps or other.levels != first.levels:
            raise ModelError(f"a {FAMILY} whose heads pool different maps is not supported")
    if any(other.pooling != first.pooling for other in others):
        raise ModelError(f"a {FAMILY} whose box stages pool differently is not supported")
    if mask.pooling["spatial_scales"] != first.pooling["spatial_scales"]:
        raise ModelError(f"a {FAMILY} whose heads scale boxes differently is not supported")


def _check_shapes(probabilities: list[Value], stages: list[BoxStage], mask_logits: Value) -> int:
    """probabilities [R,K+1], deltas [R,4] or [R,4K], mask logits [R,K,M,M]; returns K."""
    widths = {value.shape[-1] for value in probabilities}
    (width,) = widths if len(widths) == 1 else (None,)
    deltas = [stage.movement.deltas for stage in stages]
    fits = (
        isinstance(width, int)
        and width >= 2
        and all(len(value.shape) == 2 for value in (*probabilities, *deltas))
        and all(value.shape[1] in (4, 4 * (width - 1)) for value in deltas)
        and all(value.shape[1] == 4 for value in deltas[:-1])
        and len(mask_logits.shape) == 4
        and mask_logits.shape[1] == width - 1
        and mask_logits.shape[2] == mask_logits.shape[3]
        and isinstance(mask_logits.shape[2], int)
    )
    if not fits or not isinstance(width, int):
        found = ", ".join(text(value.shape) for value in (*probabilities, *deltas, mask_logits))
        raise ModelError(
            "probabilities [R,K+1], deltas [R,4] or [R,4K] and mask logits [R,K,M,M] expected in a "
            f"{FAMILY}; found {found}"
        )
    return width - 1
