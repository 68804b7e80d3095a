"""SOLOv2: one network, cut before the selection of cells and the dynamic convolution.

Every level has a grid of g x g cells; a cell has K class scores and a convolution kernel of D
weights. The program goes on for image 0 of the batch (G = cells of all levels, n = candidates):

    scores [N,g,g,K] per level  -> flatten, concat -> [G,K] -> score > 0.1 -> nonzero -> cell, class
    kernels [N,D,g,g] per level -> flatten, concat -> [G,D] -> gather (cell) -> conv2d weight
    mask features [N,D,h,w]     -> conv2d -> sigmoid -> mask [n,h,w]; mask > 0.5 -> area
    area > stride of the level; score * mean of the mask's foreground; the best 500
    matrix NMS: score * min(decay); decayed score >= 0.05; the best 100
    mask -> bilinear_interp (x 4) -> slice [h', w'] -> bilinear_interp (original size) -> > 0.5

The tensors on the left become the network's outputs; what follows them is the SDK's part. Points
NMS (a score stays where it is the largest of 2 x 2 cells) is part of the network.
"""

from __future__ import annotations

from instseg.errors import ModelError

from ..ir.dims import text
from ..ir.graph import Graph, Node, Value
from ..ir.shape_rules import fixed_int
from ..passes.rewriting import scalar
from .cut import Cut, NetworkCut, Trail
from .image_and_outputs import image_input

FAMILY = "SOLOv2 model"

MAX_LEVELS = 16


def cut_solov2(graph: Graph) -> Cut:
    """Finds the dense tensors, and every number of the post-processing, in the whole program."""
    trail = Trail(graph, FAMILY)
    masks, scores = _final_outputs(graph)

    # From the final scores back to the candidates'.
    best = trail.back(scores, "gather")
    kept = trail.back(best.input(0), "gather")
    kept_scores = _selecting(trail, kept.input(1), "greater_equal")
    decayed = trail.back(kept.input(0), "multiply")
    decay = trail.back(trail.back(decayed.input(1), "min").input(0), "divide")
    ranked = trail.back(decayed.input(0), "gather")
    weighted = trail.back(ranked.input(0), "multiply")
    mean = trail.back(weighted.input(1), "divide")
    areas = trail.back(mean.input(1), "gather")
    large = _selecting(trail, areas.input(1), "greater_than")
    strides = trail.back(large.input(1), "gather", skip="cast").input(0)
    foreground = trail.back(trail.back(large.input(0), "sum").input(0), "greater_than", skip="cast")
    candidate_scores = trail.back(weighted.input(0), "concat", skip="gather")
    all_scores = trail.back(candidate_scores.input(0), "concat", skip="gather")
    all_scores = trail.back(all_scores.input(0), "concat", skip="reshape flatten")

    # From the masks to kernels and mask features.
    probabilities = trail.back(foreground.input(0), "sigmoid")
    convolution = trail.back(probabilities.input(0), "conv2d", skip="squeeze")
    mask_features = convolution.input(0)
    cells = trail.back(convolution.input(1), "gather", skip="unsqueeze")
    all_kernels = trail.back(trail.back(cells.input(0), "concat").input(0), "concat")
    candidates = _selecting(trail, cells.input(1), "greater_than")

    # From the final masks back to the same sigmoid.
    drawn = trail.back(masks, "greater_than", skip="cast")
    original = trail.back(drawn.input(0), "interpolate", skip="squeeze")
    upsampled = trail.back(trail.back(original.input(0), "slice").input(0), "interpolate")
    drawn_from = trail.back(upsampled.input(0), "sigmoid", skip="unsqueeze gather")
    _expect(drawn_from is probabilities, "masks are drawn from other values than are scored")
    _expect(
        trail.back(candidates.input(0), "concat") is all_scores,
        "candidates are selected by other scores than are ranked",
    )
    mask_threshold = _number(foreground.input(1), "the mask threshold")
    _expect(
        mask_threshold == _number(drawn.input(1), "the final mask threshold"),
        "masks have another threshold before than after they are resized",
    )

    score_levels = [_level_scores(trail, value) for value in _joined(all_scores)]
    kernel_levels = [_level_kernels(trail, value) for value in _joined(all_kernels)]
    num_classes = _check_shapes(score_levels, kernel_levels, mask_features)
    kind, sigma = _decay(trail, decay)
    return Cut(
        networks=[
            NetworkCut(
                role="main",
                inputs={("image", "image"): image_input(graph)},
                outputs={
                    **{
                        (f"scores_{i}", f"category_scores_{i}"): value
                        for i, value in enumerate(score_levels)
                    },
                    **{(f"kernels_{i}", f"kernels_{i}"): v for i, v in enumerate(kernel_levels)},
                    ("mask_features", "mask_features"): mask_features,
                },
            )
        ],
        num_classes=num_classes,
        mask_threshold=mask_threshold,
        postprocess={
            "candidate_threshold": _number(candidates.input(1), "the score threshold"),
            "level_strides": _level_strides(strides, score_levels),
            "pre_nms_top_k": _limit(trail, ranked.input(1)),
            "nms_decay": kind,
            **({"nms_sigma": sigma} if sigma is not None else {}),
            "decayed_threshold": _number(kept_scores.input(1), "the threshold of decayed scores"),
            "top_k": _limit(trail, best.input(1)),
            "mask_upsampling": _upsampling(trail, upsampled, mask_features),
            "width_by_height_factor": _width_by_height_factor(trail, original),
        },
    )


def _selecting(trail: Trail, indices: Value, op: str) -> Node:
    """The comparison behind indices [concat(nonzero(where(x > limit, x, 0)), one more)]."""
    nonzero = trail.back(indices, "nonzero", skip="slice concat squeeze")
    return trail.back(nonzero.input(0), op, skip="where")


def _limit(trail: Trail, indices: Value) -> int:
    """How many of a ranking are used: if (count > limit) topk (limit) else argsort."""
    condition = trail.back(trail.back(indices, "if").input(0), "greater_than", skip="cast")
    limit = fixed_int(condition.input(1))
    _expect(limit >= 1, f"the best {limit} are used")
    return limit


def _decay(trail: Trail, quotient: Node) -> tuple[str, float | None]:
    """exp(-sigma * iou^2) / exp(-sigma * max^2), or (1 - iou) / (1 - max)."""
    sigmas: list[float | None] = []
    for value in (quotient.input(0), quotient.input(1)):
        made_by = trail.producers.get(value)
        if made_by is not None and made_by.op == "exp":
            factor = trail.back(made_by.input(0), "scale")
            power = trail.back(factor.input(0), "elementwise_pow")
            sigma = -_number(factor.input(1), "the factor of the decay")
            _expect(scalar(power.input(1)) == 2 and sigma > 0, "the decay is no Gaussian")
            _expect(not factor.attrs.get("bias"), "the decay is no Gaussian")
            sigmas.append(sigma)
        else:
            line = trail.back(value, "scale")
            straight = scalar(line.input(1)) == -1 and line.attrs.get("bias") == 1
            _expect(straight and line.attrs.get("bias_after_scale", True), "the decay is not 1 - x")
            sigmas.append(None)
    _expect(sigmas[0] == sigmas[1], "the two sides of the decay differ")
    return ("gaussian" if sigmas[0] is not None else "linear"), sigmas[0]


def _upsampling(trail: Trail, upsampled: Node, mask_features: Value) -> int:
    """How much larger than the mask features the masks are made before they are cut."""
    factors = []
    for value in upsampled.inputs[3:]:
        _expect(value is not None, "the upsampled size is missing")
        assert value is not None
        scale = trail.back(value, "scale")
        shape = trail.back(scale.input(0), "shape", skip="slice cast")
        _expect(shape.input(0) is mask_features, "masks are not scaled by the features' size")
        factors.append(_number(scale.input(1), "the factor of the upsampling"))
    factor = factors[0] if factors else 0.0
    _expect(len(factors) == 2 and factors[1] == factor, "height and width are scaled differently")
    _expect(factor == int(factor) and factor >= 1, f"masks are upsampled {factor} times")
    return int(factor)


def _width_by_height_factor(trail: Trail, resized: Node) -> bool:
    """Whether the original size is [h', w'] / scale_factor[0], and not / scale_factor."""
    quotient = trail.back(resized.input(1), "divide", skip="cast scale")
    factors = quotient.input(1).shape
    _expect(factors in ((), (1,), (2,)), "masks are resized to a size that is not understood")
    return factors != (2,)


def _joined(concat: Node) -> list[Value]:
    _expect(fixed_int(concat.inputs[-1]) == 0, "levels are not joined one after the other")
    levels = [value for value in concat.inputs[:-1] if value is not None]
    _expect(len(levels) <= MAX_LEVELS, f"it has {len(levels)} levels")
    return levels


def _level_scores(trail: Trail, rows: Value) -> Value:
    """[g * g, K] <- [N, g, g, K], image 0."""
    return trail.back(rows, "slice", skip="reshape").input(0)


def _level_kernels(trail: Trail, rows: Value) -> Value:
    """[g * g, D] <- transpose <- [N, D, g, g], image 0."""
    transpose = trail.back(rows, "transpose", skip="reshape")
    _expect(transpose.attrs["perm"] == [1, 2, 0], "kernels are not transposed to cells first")
    return trail.back(transpose.input(0), "slice").input(0)


def _level_strides(strides: Value, levels: list[Value]) -> list[int]:
    """One number per cell of all levels (and one more) as one number per level."""
    _expect(strides.constant, "the strides of the levels are not constant")
    numbers = strides.array().reshape(-1)
    result, begin = [], 0
    for level in levels:
        end = begin + int(level.shape[1]) * int(level.shape[2])  # type: ignore[arg-type]
        cells = numbers[begin:end]
        fits = len(cells) == end - begin and (cells == cells[0]).all() and cells[0] >= 0
        _expect(bool(fits), "the strides do not follow the levels")
        result.append(int(cells[0]))
        begin = end
    return result


def _final_outputs(graph: Graph) -> tuple[Value, Value]:
    """Masks [n, H, W] and scores [n], told apart by rank and type."""
    outputs = graph.outputs.values()
    masks = [v for v in outputs if len(v.shape) == 3]
    scores = [v for v in outputs if len(v.shape) == 1 and v.dtype.kind == "f"]
    if len(masks) != 1 or len(scores) != 1:
        found = ", ".join(f"{v.dtype}{text(v.shape)}" for v in outputs)
        raise ModelError(f"a {FAMILY} ends in masks [n, H, W] and scores [n]; this one in {found}")
    return masks[0], scores[0]


def _check_shapes(scores: list[Value], kernels: list[Value], mask_features: Value) -> int:
    """Scores [N,g,g,K] and kernels [N,D,g,g] of the same levels, features [N,D,h,w]; returns K."""
    classes = {value.shape[3] if len(value.shape) == 4 else None for value in scores}
    weights = {value.shape[1] if len(value.shape) == 4 else None for value in kernels}
    cells = [value.shape[1:3] for value in scores]
    features = mask_features.shape[1] if len(mask_features.shape) == 4 else None
    num_classes = classes.pop() if len(classes) == 1 else None
    fits = (
        isinstance(num_classes, int)
        and isinstance(features, int)
        and weights == {features}
        and cells == [value.shape[2:] for value in kernels]
        and all(isinstance(dim, int) for dims in cells for dim in dims)
    )
    if not fits:
        found = ", ".join(text(value.shape) for value in (*scores, *kernels, mask_features))
        raise ModelError(
            "scores [N,g,g,K] and kernels [N,D,g,g] of the same levels and mask features [N,D,h,w] "
            f"expected before the post-processing of a {FAMILY}; found {found}"
        )
    assert isinstance(num_classes, int)
    return num_classes


def _number(value: Value, what: str) -> float:
    number = scalar(value)
    if number is None:
        raise ModelError(f"the program does not end as a {FAMILY} does: {what} is not constant")
    return number


def _expect(fits: bool, problem: str) -> None:
    if not fits:
        raise ModelError(f"the program does not end as a {FAMILY} does: {problem}")
