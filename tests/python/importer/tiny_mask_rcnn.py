"""A tiny official folder that is built as Mask R-CNN or Cascade Mask R-CNN is, and its networks.

Layer names, value numbers and sizes are not those of the official models.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import numpy_twins as twins
from pir_builder import DType, Float32, PirProgram

Array = npt.NDArray[Any]

LAST = 2**31 - 1
CHANNELS = 6
POOLED = {"box": 3, "mask": 2}
FACTORS = ((0.125, 0.125, 0.25, 0.25), (0.0625, 0.0625, 0.125, 0.125), (0.5, 0.5, 1.0, 1.0))
"""Of the deltas, per stage; a factor of 1 is left out of the program by the importer."""


@dataclass(frozen=True)
class TinyMaskRcnn:
    """classes K; levels: feature maps, 1 as in C4; stages: box stages, 3 as in Cascade.

    change  replaces one detail of the program by a wrong one, to see what the importer says
    """

    classes: int = 3
    levels: int = 2
    stages: int = 1
    mask_side: int = 4
    anchors: int = 2
    aligned: bool = False
    sampling_ratio: int = 0
    mask_threshold: float = 0.5
    seed: int = 0
    change: str = ""

    def base_anchors(self, level: int) -> Array:
        size = 8.0 * 2**level * np.arange(1, self.anchors + 1)[:, None]
        return (size * np.array([[-1.0, -0.5, 1.0, 0.5]])).astype(np.float32)

    def weights(self) -> dict[str, Array]:
        random, k = np.random.default_rng(self.seed), self.classes
        shapes: dict[str, tuple[int, ...]] = {}
        for i in range(self.levels):
            stride = 4 if i == 0 else 2
            shapes[f"map_{i}.w"] = (CHANNELS, 3 if i == 0 else CHANNELS, stride, stride)
            shapes[f"logits_{i}.w"] = (self.anchors, CHANNELS, 1, 1)
            shapes[f"deltas_{i}.w"] = (4 * self.anchors, CHANNELS, 1, 1)
        for i in range(self.stages):
            shapes[f"hidden_{i}.w"] = (CHANNELS * POOLED["box"] ** 2, 5)
            shapes[f"class_{i}.w"] = (5, k + 1)
            shapes[f"box_{i}.w"] = (5, 4 * k if self.stages == 1 else 4)
        scale = self.mask_side // POOLED["mask"]
        shapes["up.w"] = (CHANNELS, 5, scale, scale)
        shapes["mask.w"] = (k, 5, 1, 1)
        drawn = {
            name: (random.normal(size=shape) * 0.4).astype(np.float32)
            for name, shape in shapes.items()
        }
        anchors = {f"anchors_{i}": self.base_anchors(i) for i in range(self.levels)}
        return {**drawn, **anchors}

    def main(self, images: Array) -> dict[str, Array]:
        """What the main network gives for images [N, 3, H, W]; maps with their channels last."""
        w, outputs, x = self.weights(), dict[str, Array](), images
        for i in range(self.levels):
            stride = 4 if i == 0 else 2
            x = twins.conv2d(x, w[f"map_{i}.w"], (stride, stride))
            outputs[f"features_{i}"] = x.transpose(0, 2, 3, 1)
            outputs[f"rpn_logits_{i}"] = twins.conv2d(x, w[f"logits_{i}.w"])
            outputs[f"rpn_deltas_{i}"] = twins.conv2d(x, w[f"deltas_{i}.w"])
        return outputs

    def box(self, features: Array, stage: int = 0) -> dict[str, Array]:
        """features [R, h, w, C]; the program flattens them with their channels first."""
        w = self.weights()
        flat = features.astype(np.float64).transpose(0, 3, 1, 2).reshape(len(features), -1)
        hidden = np.maximum(flat @ w[f"hidden_{stage}.w"], 0)
        grown = np.exp(hidden @ w[f"class_{stage}.w"])
        return {
            "class_probabilities": grown / grown.sum(1, keepdims=True),
            "box_deltas": hidden @ w[f"box_{stage}.w"],
        }

    def mask(self, features: Array) -> dict[str, Array]:
        w, scale = self.weights(), self.mask_side // POOLED["mask"]
        up = twins.conv2d_transpose(features.transpose(0, 3, 1, 2), w["up.w"], (scale, scale))
        return {"mask_logits": twins.conv2d(np.maximum(up, 0), w["mask.w"])}

    def write(self, folder: Path) -> None:
        _Program(self).build().write(folder)
        names = "".join(f"- thing {i}\n" for i in range(self.classes))
        (folder / "inference.yml").write_text(
            "mode: paddle\ndraw_threshold: 0.4\narch: RCNN\n"
            f"Global:\n  model_name: Tiny\nlabel_list:\n{names}"
            "Preprocess:\n"
            "- {type: Resize, interp: 2, keep_ratio: true, target_size: [64, 96]}\n"
            "- {type: NormalizeImage, is_scale: true, mean: [0, 0, 0], std: [1, 1, 1]}\n"
            "- {type: Permute}\n- {type: PadStride, stride: 32}\n"
        )


class _Program:
    def __init__(self, model: TinyMaskRcnn) -> None:
        self.model = model
        self.p = PirProgram()
        self.maps: list[int] = []

    def build(self) -> PirProgram:
        p, model = self.p, self.model
        self.weights = {name: p.parameter(name, w) for name, w in model.weights().items()}
        self.scale_factor = p.data("scale_factor", [-1, 2])
        image = p.data("picture", [-1, 3, -1, -1])
        self.im_shape = p.data("im_shape", [-1, 2])
        boxes = self._proposals(image)
        softmax: list[int] = []
        for stage in range(model.stages):
            flat = p.op(
                "flatten", [self._pool(boxes, "box")], attrs={"start_axis": 1, "stop_axis": 3}
            )
            hidden = p.op("relu", [p.op("matmul", [flat, self.weights[f"hidden_{stage}.w"]])])
            logits = p.op("matmul", [hidden, self.weights[f"class_{stage}.w"]])
            deltas = p.op("matmul", [hidden, self.weights[f"box_{stage}.w"]])
            softmax.append(p.op("softmax", [logits], attrs={"axis": -1}))
            moved = self._moved(boxes, deltas, FACTORS[stage])
            if stage + 1 < model.stages:
                boxes = p.op("reshape", [self._clipped(moved), p.ints([-1, 4])])
        self._tail(self._clipped(moved), softmax)
        return p

    def _conv(self, x: int, name: str, stride: int = 1, op: str = "conv2d") -> int:
        attrs: dict[str, Any] = {"data_format": "NCHW", "strides": [stride, stride]}
        attrs |= {"paddings": [0, 0], "padding_algorithm": "EXPLICIT", "dilations": [1, 1]}
        inputs = [x, self.weights[name]]
        if op == "conv2d_transpose":
            inputs.append(self.p.ints([]))
            attrs["output_padding"] = []
        return self.p.op(op, inputs, attrs={**attrs, "groups": 1})

    def _slice(self, x: int, first: int, last: int, axis: int, *, drop: bool = False) -> int:
        attrs = {"axes": [axis], "decrease_axis": [axis] if drop else []}
        return self.p.op("slice", [x, self.p.ints([first]), self.p.ints([last])], attrs=attrs)

    def _scaled(self, x: int, factor: float, bias: float = 0.0) -> int:
        attrs = {"bias": bias, "bias_after_scale": True}
        return self.p.op("scale", [x, self.p.full([1], factor)], attrs=attrs)

    def _proposals(self, image: int) -> int:
        """The loop over the images of a batch, with a list of one tensor per image."""
        p, model, x = self.p, self.model, image
        logits, deltas, anchors = [], [], []
        for i in range(model.levels):
            x = self._conv(x, f"map_{i}.w", 4 if i == 0 else 2)
            self.maps.append(x)
            logits.append(self._conv(x, f"logits_{i}.w"))
            deltas.append(self._conv(x, f"deltas_{i}.w"))
            anchors.append(self._anchors(logits[-1], i))
        array = p.op("create_array", [], [("float32", [-1])])
        i, go = p.full([], 0, "int64"), p.full([], 1, "bool")

        outside, p.ops = p.ops, []
        rois, scores = [], []
        for level in range(model.levels):
            variances = p.op("full_like", [anchors[level], p.full([1], 1.0)])
            inputs = [self._slice(v, 0, 1, 0) for v in (logits[level], deltas[level])]
            inputs += [self._slice(self.im_shape, 0, 1, 0), anchors[level], variances]
            attrs = {
                "pre_nms_top_n": 50 + (level if self.model.change == "levels differ" else 0),
                "post_nms_top_n": 40,
                "nms_thresh": Float32(0.75),
                "min_size": Float32(2.0),
                "eta": Float32(1.0),
                "pixel_offset": False,
            }
            types = [("float32", [-1, 4]), ("float32", [-1, 1]), ("int32", [-1])]
            rois.append(p.op("generate_proposals", inputs, types, attrs))
            scores.append(rois[-1] + 1)
        chosen = rois[0] if model.levels == 1 else self._best(rois, scores)
        length = p.op("array_length", [array], [("int64", [1])])
        p.op("array_write_", [array, chosen, length])
        p.op("yield", [p.full([], 0, "bool"), p.full([], 1, "int64")], dialect=2)
        body, p.ops = p.ops, outside

        p.op("while", [go, i], [("int64", [])])
        argument = {"#": -1, "TT": {"#": "0.t_dtensor", "D": [{"#": "0.t_i64"}, [], "NCHW", [], 0]}}
        block = {"#": "block_1", "args": [argument], "ops": body}
        p.ops[-1]["regions"] = [{"#": "region_1", "blocks": [block]}]
        types = [("float32", [-1, 4]), ("int32", [-1])]
        attrs = {"axis": 0, "use_stack": False}
        return p.op("array_to_tensor", [array], types, attrs)

    def _best(self, rois: list[int], scores: list[int]) -> int:
        """The best 30 of all levels where there are more than that."""
        p, zero = self.p, self.p.full([1], 0, "int32")
        all_rois = p.op("concat", [p.combine(rois), zero], [("float32", [-1, 4])])
        all_scores = p.op("concat", [p.combine(scores), zero], [("float32", [-1, 1])])
        flat = p.op("flatten", [all_scores], attrs={"start_axis": 0, "stop_axis": 1})
        count = self._slice(p.op("shape64", [flat], [("int64", [1])]), 0, 1, 0, drop=True)
        many = p.op("greater_than", [count, p.full([], 30, "int64")], [("bool", [])])
        outside, p.ops = p.ops, []
        types = [("float32", [30]), ("int64", [30])]
        attrs = {"axis": -1, "largest": True, "sorted": True}
        best = p.op("topk", [flat, p.full([1], 30, "int32")], types, attrs)
        picked = p.op("gather", [all_rois, best + 1, zero], [("float32", [30, 4])])
        p.op("yield", [picked], dialect=2)
        then, p.ops = p.ops, []
        p.op("yield", [all_rois], dialect=2)
        otherwise, p.ops = p.ops, outside
        chosen = p.op("if", [many], [("float32", [-1, 4])])
        p.ops[-1]["regions"] = [
            {"#": f"region_{i}", "blocks": [{"#": f"block_{i}", "args": [], "ops": block}]}
            for i, block in enumerate((then, otherwise), start=2)
        ]
        return chosen

    def _anchors(self, logits: int, level: int) -> int:
        """Those of cell (0, 0), moved by the stride from cell to cell."""
        p, stride = self.p, float(4 * 2**level)
        sizes = p.op("shape64", [logits], [("int64", [4])])
        shifts = []
        for axis in (2, 3):
            size = self._slice(sizes, axis, axis + 1, 0, drop=True)
            p.ops[-1]["O"][0]["TT"]["D"][0]["#"] = "0.t_i64"
            end = p.op("scale", [size, p.full([1], stride)], [("int64", [])], {"bias": 0.0})
            end = p.op("cast", [end], attrs={"dtype": DType("float32")})
            step = stride * (1.5 if self.model.change == "odd anchors" and axis == 2 else 1.0)
            limits = [p.full([1], 0.0), end, p.full([1], step)]
            shifts.append(p.op("arange", limits, attrs={"dtype": DType("float32")}))
        grids = [("float32", [-1, -1])] * 2
        y, x = p.op_with_list("meshgrid", [p.combine(shifts)], grids)
        x, y = (p.op("reshape", [grid, p.ints([-1])]) for grid in (x, y))
        cells = p.op("stack", [p.combine([x, y, x, y])], attrs={"axis": 1})
        cells = p.op("reshape", [cells, p.ints([-1, 1, 4])])
        base = p.op("reshape", [self.weights[f"anchors_{level}"], p.ints([1, -1, 4])])
        return p.op("reshape", [p.op("add", [cells, base]), p.ints([-1, 4])])

    def _pool(self, boxes: int, head: str) -> int:
        p, model, side = self.p, self.model, POOLED[head]
        attrs: dict[str, Any] = {"pooled_height": side, "pooled_width": side}
        attrs |= {"sampling_ratio": model.sampling_ratio, "aligned": model.aligned}
        type_ = [("float32", [-1, CHANNELS, side, side])]

        def align(level: int, rois: int) -> int:
            scale = {"spatial_scale": Float32(0.25 / 2**level)}
            return p.op("roi_align", [self.maps[level], rois, 0], type_, {**attrs, **scale})

        if model.levels == 1:
            return align(0, boxes)
        whole, counts = p._next(), p._next()
        rois = [{"#": "0.t_dtensor", "D": [{"#": "0.t_f32"}, [-1, 4], "NCHW", [], 0]}]
        numbers = [{"#": "0.t_dtensor", "D": [{"#": "0.t_i32"}, [-1], "NCHW", [], 0]}]
        restore = p._next()
        outputs = [
            {"%": whole, "TT": {"#": "0.t_vec", "D": rois * model.levels}},
            {"%": counts, "TT": {"#": "0.t_vec", "D": numbers * model.levels}},
            {"%": restore, "TT": {**numbers[0]}},
        ]
        settings = {"min_level": 3, "max_level": 2 + model.levels, "refer_level": 3}
        settings |= {"refer_scale": 24, "pixel_offset": False}
        p._add("distribute_fpn_proposals", [boxes, 0], outputs, settings, 1, "")
        members = [{"%": p._next(), "TT": rois[0]} for _ in range(model.levels)]
        p._add("split", [whole], members, {}, 0, "")
        aligned = [align(level, item["%"]) for level, item in enumerate(members)]
        if model.change == "levels swapped":
            aligned.reverse()
        joined = p.op("concat", [p.combine(aligned), p.full([1], 0, "int32")], type_)
        return p.op("gather", [joined, restore, p.full([1], 0, "int32")], type_)

    def _moved(self, boxes: int, deltas: int, factors: tuple[float, ...]) -> int:
        """[R, k, 4]: the boxes moved by their deltas."""
        p, change = self.p, self.model.change
        k = self.model.classes if self.model.stages == 1 else 1
        corners = [self._slice(boxes, i, i + 1, 1, drop=True) for i in range(4)]
        sizes = [
            p.op("subtract", [corners[2 + i], corners[i]], [("float32", [-1])]) for i in (0, 1)
        ]
        parts = []
        for i, factor in enumerate(factors):
            start = (1, 0, 2, 3)[i] if change == "deltas swapped" else i
            columns = p.op(
                "strided_slice",
                [deltas, p.ints([start]), p.ints([LAST]), p.ints([4])],
                [("float32", [-1, k])],
                {"axes": [1]},
            )
            parts.append(self._scaled(columns, factor))
        low, high = [], []
        for i in (0, 1):
            size = p.op("unsqueeze", [sizes[i], p.ints([1])])
            half = self._scaled(sizes[i], 0.5)
            centre = p.op("add", [corners[i], half], [("float32", [-1])])
            centre = p.op("unsqueeze", [centre, p.ints([1])])
            shift = p.op("add", [p.op("multiply", [parts[i], size]), centre])
            limits = [p.full([1], float("-inf")), p.full([1], 4.0)]
            grown = p.op("exp", [p.op("clip", [parts[2 + i], *limits])])
            half = self._scaled(p.op("multiply", [grown, size]), 0.25 if change == "half" else 0.5)
            low.append(p.op("subtract", [shift, half]))
            high.append(p.op("add", [shift, half]))
        return p.op("stack", [p.combine([*low, *high])], [("float32", [-1, k, 4])], {"axis": -1})

    def _clipped(self, boxes: int) -> int:
        p, zero, sides = self.p, self.p.full([1], 0.0), []
        for i in range(4):
            limit = self._slice(self.im_shape, 1 - i % 2, 2 - i % 2, 1)
            side = p.op("minimum", [self._slice(boxes, i, i + 1, 2, drop=True), limit])
            sides.append(p.op("maximum", [side, zero]))
        k = self.model.classes if self.model.stages == 1 else 1
        return p.op("stack", [p.combine(sides)], [("float32", [-1, k, 4])], {"axis": -1})

    def _tail(self, boxes: int, softmax: list[int]) -> None:
        p, model = self.p, self.model
        scores = softmax[0]
        if model.stages > 1:
            total = p.op("add_n", [p.combine(softmax)])
            scores = self._scaled(total, 1 / model.stages)
        first, last = (1, LAST) if model.change == "background first" else (0, -1)
        scores = self._slice(scores, first, last, 1)
        attrs = {
            "score_threshold": Float32(0.125),
            "nms_top_k": -1,
            "keep_top_k": 11,
            "nms_threshold": Float32(0.625),
            "normalized": True,
            "nms_eta": Float32(1.0),
            "background_label": model.classes,
        }
        types = [("float32", [-1, 6]), ("int32", [-1, 1]), ("int32", [-1])]
        rows = p.op("multiclass_nms3", [boxes, scores, 0], types, attrs)
        bbox = self._slice(rows, 2, LAST, 1)
        bbox = p.op("divide", [bbox, p.op("tile", [self.scale_factor, p.ints([1, 2])])])
        mask = self._masks(bbox if model.change == "scaled boxes" else rows, rows)
        p.fetch(rows + 2, mask, bbox)

    def _masks(self, boxes: int, rows: int) -> int:
        p, model = self.p, self.model
        rois = boxes if model.change == "scaled boxes" else self._slice(boxes, 2, LAST, 1)
        up = self._conv(
            self._pool(rois, "mask"), "up.w", model.mask_side // POOLED["mask"], "conv2d_transpose"
        )
        logits = self._conv(p.op("relu", [up]), "mask.w")
        classes = p.op("cast", [self._slice(rows, 0, 1, 1)], [("int32", [-1, 1])])
        pair = p.combine([classes, classes])  # only its shape counts
        place = p.op("concat", [pair, p.full([1], 1, "int32")], [("int32", [-1, 2])])
        picked = p.op("gather_nd", [logits, place], [("float32", [-1, -1, -1])])
        probability = p.op("tanh" if model.change == "tanh" else "sigmoid", [picked])
        wide = p.op("unsqueeze", [probability, p.ints([1])])
        grid = p.full([1, 8, 8, 2], 0.0)
        attrs = {"mode": "bilinear", "padding_mode": "zeros", "align_corners": False}
        if model.change == "corners":
            attrs["align_corners"] = True
        pasted = self._slice(p.op("grid_sample", [wide, grid], attrs=attrs), 0, 1, 1, drop=True)
        threshold = p.full([], model.mask_threshold)
        above = p.op("greater_equal", [pasted, threshold], [("bool", [-1])])
        return p.op("cast", [above], attrs={"dtype": DType("int32")})
