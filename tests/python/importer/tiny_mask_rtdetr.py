"""A tiny official folder that ends as Mask-RT-DETR does, and its network in NumPy.

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

CONV = {
    "data_format": "NCHW",
    "strides": [2, 2],
    "paddings": [1, 1],
    "padding_algorithm": "EXPLICIT",
    "dilations": [1, 1],
    "groups": 1,
}


@dataclass(frozen=True)
class TinyMaskRtdetr:
    """classes K, prototypes P, side of the input in pixels; queries Q = (side / 8) ** 2.

    `changes` replaces one detail of the program by a wrong one, to see what the importer says.
    """

    classes: int = 3
    prototypes: int = 5
    side: int = 32
    top_k: int = 4
    seed: int = 0
    mask_threshold: float = 0.5
    change: str = ""

    @property
    def queries(self) -> int:
        return (self.side // 8) ** 2

    def weights(self) -> dict[str, Array]:
        random = np.random.default_rng(self.seed)

        def normal(*shape: int) -> Array:
            return random.normal(size=shape).astype(np.float32)

        p, k = self.prototypes, self.classes
        return {
            "stem.w": normal(p, 3, 3, 3),
            "stem.mean": normal(p),
            "stem.var": random.uniform(0.5, 2, p).astype(np.float32),
            "stem.gamma": normal(p),
            "stem.beta": normal(p),
            "down.w": normal(7, p, 4, 4) * np.float32(0.2),
            "classes.w": normal(7, k) * np.float32(0.2),
            "classes.b": normal(k),
            "boxes.w": normal(7, 4) * np.float32(0.2),
            "masks.w": normal(7, p) * np.float32(0.2),
        }

    def program(self) -> PirProgram:
        p = PirProgram()
        weights = {name: p.parameter(name, array) for name, array in self.weights().items()}
        image = p.data("picture", [-1, 3, self.side, self.side])
        p.data("im_shape", [-1, 2])
        scale_factor = p.data("scale_factor", [-1, 2])

        conv = p.op("conv2d", [image, weights["stem.w"]], attrs=CONV)
        statistics = [weights[f"stem.{name}"] for name in ("mean", "var", "gamma", "beta")]
        normalised = p.op(
            "batch_norm_",
            [conv, *statistics],
            [("float32", [-1, self.prototypes, -1, -1]), *[("float32", [self.prototypes])] * 4],
            {"epsilon": Float32(1e-5), "data_format": "NCHW", "is_test": True},
        )
        prototypes = p.op("relu", [normalised])
        strided = {**CONV, "strides": [4, 4], "paddings": [0, 0]}
        cells = p.op("conv2d", [prototypes, weights["down.w"]], attrs=strided)
        columns = p.op("flatten", [cells], attrs={"start_axis": 2, "stop_axis": 3})
        queries = p.op("transpose", [columns], attrs={"perm": [0, 2, 1]})
        logits = p.op(
            "add", [p.op("matmul", [queries, weights["classes.w"]]), weights["classes.b"]]
        )
        boxes = p.op("sigmoid", [p.op("matmul", [queries, weights["boxes.w"]])])
        coefficients = p.op("matmul", [queries, weights["masks.w"]])
        if self.change == "control flow":
            outside, branches = p.ops, []
            for value in (logits, boxes):
                p.ops = []
                p.op("yield", [value], dialect=2)
                branches.append({"blocks": [{"args": [], "ops": p.ops}]})
            p.ops = outside
            logits = p.op("if", [image], [("float32", [-1, self.queries, self.classes])])
            p.ops[-1]["regions"] = branches
        if self.change == "unknown operator":
            shape = [-1, self.queries, self.classes]
            logits = p.op("frobnicate", [logits], [("float32", shape)], layer="/Head/Frob/")
        self._tail(p, boxes, logits, coefficients, prototypes, scale_factor)
        return p

    def _tail(
        self, p: PirProgram, boxes: int, logits: int, coefficients: int, prototypes: int, scale: int
    ) -> None:
        last = p.full([1], -1.0, "int32")
        prob = p.op("softmax" if self.change == "softmax" else "sigmoid", [logits])
        flat = p.op("flatten", [prob], attrs={"start_axis": 1, "stop_axis": 2})
        best = p.op(
            "topk",
            [flat, p.full([1], self.top_k, "int32")],
            [("float32", [-1, self.top_k]), ("int64", [-1, self.top_k])],
            {"axis": 1, "largest": True, "sorted": True},
        )
        kinds = p.full([1], self.classes, "int64")
        query = p.op("floor_divide", [best + 1, kinds], [("int64", [-1, self.top_k])])
        label = p.op("remainder", [best + 1, kinds], [("int64", [-1, self.top_k])])
        index = p.op(
            "stack",
            [p.combine([p.op("full_like", [query, p.full([1], 0.0)], [("int64", [-1])]), query])],
            [("int64", [-1, self.top_k, 2])],
            {"axis": -1},
        )
        other = p.op("add", [index, index], [("int64", [-1, self.top_k, 2])])

        four = [("float32", [-1, self.queries, 1])] * 4
        x, y, w, h = p.op_with_list("split", [boxes, p.ints([1, 1, 1, 1]), last], four)
        half = p.full([1], 0.5)
        half_w, half_h = (p.op("scale", [size, half], attrs={"bias": 0.0}) for size in (w, h))
        corners = [
            p.op(sign, [centre, size])
            for sign in ("subtract", "add")
            for centre, size in ((x, half_w), (y, half_h))
        ]
        size = p.op("concat", [p.combine([scale, scale]), last])
        wide = p.op("unsqueeze", [size, p.ints([1])])
        pixels = p.op("multiply", [p.op("concat", [p.combine(corners), last]), wide])
        chosen = p.op("gather_nd", [pixels, other if self.change == "index" else index])
        number = p.op("cast", [label], attrs={"dtype": DType("float32")})
        columns = [p.op("unsqueeze", [value, p.ints([-1])]) for value in (number, best)]
        row = p.op("concat", [p.combine([*columns, chosen]), last])
        bbox = p.op("reshape", [row, p.ints([-1, 5 if self.change == "width" else 6])])

        side = self.side // 2
        pixels = p.op("flatten", [prototypes], attrs={"start_axis": 2, "stop_axis": 3})
        product = p.op("matmul", [coefficients, pixels])
        masks = p.op("reshape", [product, p.ints([-1, self.queries, side, side])])
        kept = p.op("gather_nd", [masks, index])
        large = p.op(
            "bilinear_interp",
            [kept, 0, 0, 0],
            attrs={"scale": [2.0, 2.0], "interp_method": "bilinear", "align_mode": 0},
        )
        threshold = p.full([], self.mask_threshold)
        hard = p.op("greater_than", [p.op("sigmoid", [large]), threshold], [("bool", [-1])])
        numbers = p.op("cast", [hard], [("int32", [-1])], {"dtype": DType("int32")})
        mask = p.op("flatten", [numbers], [("int32", [-1])], {"start_axis": 0, "stop_axis": 1})
        count = p.full([1], self.top_k, "int32")
        # Neither the order nor the names of the outputs are fixed.
        p.fetch(mask, count, bbox)

    def config(self) -> str:
        names = "".join(f"- kind {number}\n" for number in range(self.classes))
        return f"""mode: paddle
draw_threshold: 0.4
Global:
  model_name: Tiny-{self.classes}
arch: DETR
Preprocess:
- interp: 2
  keep_ratio: false
  target_size: [{self.side}, {self.side}]
  type: Resize
- mean: [0.0, 0.0, 0.0]
  norm_type: none
  std: [1.0, 1.0, 1.0]
  type: NormalizeImage
- type: Permute
label_list:
{names}"""

    def write(self, folder: Path) -> Path:
        """The official folder: inference.json, .pdiparams and .yml."""
        self.program().write(folder)
        (folder / "inference.yml").write_text(self.config())
        return folder

    def dense(self, image: Array) -> dict[str, Array]:
        """What the network gives for image [N, 3, side, side], in float64."""
        w = {name: array.astype(np.float64) for name, array in self.weights().items()}
        stem = twins.conv2d(image, w["stem.w"], (2, 2), ((1, 1), (1, 1)))
        statistics = [w[f"stem.{name}"] for name in ("mean", "var", "gamma", "beta")]
        prototypes = np.maximum(twins.batch_norm(stem, *statistics), 0)
        cells = twins.conv2d(prototypes, w["down.w"], (4, 4))
        queries = cells.reshape(*cells.shape[:2], -1).transpose(0, 2, 1)
        return {
            "boxes": 1 / (1 + np.exp(-(queries @ w["boxes.w"]))),
            "logits": queries @ w["classes.w"] + w["classes.b"],
            "mask_coefficients": queries @ w["masks.w"],
            "prototypes": prototypes,
        }
