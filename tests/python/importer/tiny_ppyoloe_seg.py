"""A tiny official folder that ends as PP-YOLOE_seg does, and its network in NumPy.

Layer names, value numbers and sizes are not those of the official model.
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

STRIDE = 4
CONV = {
    "data_format": "NCHW",
    "strides": [STRIDE, STRIDE],
    "paddings": [0, 0],
    "padding_algorithm": "EXPLICIT",
    "dilations": [1, 1],
    "groups": 1,
}


@dataclass(frozen=True)
class TinyPpyoloeSeg:
    """classes K, prototypes P, side of the input in pixels; anchors A = (side / 4) ** 2.

    change  replaces one detail of the program by a wrong one, to see what the importer says
    nms     attributes of multiclass_nms3 that are not those of the official model
    """

    classes: int = 3
    prototypes: int = 5
    side: int = 16
    seed: int = 0
    mask_threshold: float = 0.5
    change: str = ""
    nms: tuple[tuple[str, Any], ...] = ()

    @property
    def anchors(self) -> int:
        return (self.side // STRIDE) ** 2

    def weights(self) -> dict[str, Array]:
        random = np.random.default_rng(self.seed)
        rows = {"boxes.w": 4, "classes.w": self.classes, "masks.w": self.prototypes}
        rows["prototypes.w"] = self.prototypes
        return {
            name: (random.normal(size=(count, 3, STRIDE, STRIDE)) * 0.2).astype(np.float32)
            for name, count in rows.items()
        }

    def dense(self, images: Array) -> dict[str, Array]:
        """What the network gives for images [N, 3, side, side]."""
        heads = {
            name.removesuffix(".w"): twins.conv2d(images, weight, (STRIDE, STRIDE))
            for name, weight in self.weights().items()
        }
        columns = {
            name: head.reshape(*head.shape[:2], self.anchors) for name, head in heads.items()
        }
        return {
            "boxes": columns["boxes"].transpose(0, 2, 1) * 8,
            "scores": 1 / (1 + np.exp(-columns["classes"])),
            "mask_coefficients": columns["masks"],
            "prototypes": heads["prototypes"],
        }

    def write(self, folder: Path) -> None:
        self.program().write(folder)
        names = "".join(f"- thing {i}\n" for i in range(self.classes))
        (folder / "inference.yml").write_text(
            "mode: paddle\ndraw_threshold: 0.4\narch: PPYOLOE\n"
            f"Global:\n  model_name: Tiny\nlabel_list:\n{names}"
            "Preprocess:\n"
            "- {type: Resize, interp: 2, keep_ratio: false,"
            f" target_size: [{self.side}, {self.side}]}}\n"
            "- {type: NormalizeImage, norm_type: none, mean: [0, 0, 0], std: [1, 1, 1]}\n"
            "- {type: Permute}\n"
        )

    def program(self) -> PirProgram:
        p = PirProgram()
        weights = {name: p.parameter(name, array) for name, array in self.weights().items()}
        scale_factor = p.data("scale_factor", [-1, 2])
        image = p.data("picture", [-1, 3, self.side, self.side])
        p.data("im_shape", [-1, 2])

        def head(name: str) -> int:
            return p.op("conv2d", [image, weights[name]], attrs=CONV)

        def columns(value: int) -> int:
            return p.op("flatten", [value], attrs={"start_axis": 2, "stop_axis": 3})

        eight = p.full([1], 8.0)
        boxes = p.op("transpose", [columns(head("boxes.w"))], attrs={"perm": [0, 2, 1]})
        boxes = p.op("scale", [boxes, eight], attrs={"bias": 0.0, "bias_after_scale": True})
        scores = p.op("sigmoid", [columns(head("classes.w"))])
        coefficients = columns(head("masks.w"))
        prototypes = head("prototypes.w")
        self._tail(p, boxes, scores, coefficients, prototypes, scale_factor)
        return p

    def _tail(
        self, p: PirProgram, boxes: int, scores: int, coefficients: int, prototypes: int, scale: int
    ) -> None:
        attrs: dict[str, Any] = {
            "score_threshold": Float32(0.125),
            "nms_top_k": 70,
            "keep_top_k": 11,
            "nms_threshold": Float32(0.625),
            "normalized": True,
            "nms_eta": Float32(1.0),
            "background_label": -1,
            **dict(self.nms),
        }
        outputs = [("float32", [-1, 6]), ("int32", [-1, 1]), ("int32", [-1])]
        rows = p.op("multiclass_nms3", [boxes, scores, 0], outputs, attrs)
        index, counts = rows + 1, rows + 2
        found = p.op("greater_than", [counts, p.full([1], 0.0, "int32")], [("bool", [])])

        # The branch of an image with detections; the other one gives zeros.
        outside, p.ops = p.ops, []
        mask = self._masks(p, rows, index, coefficients, prototypes)
        box = p.op("slice", [rows, p.ints([2]), p.ints([2**31 - 1])], attrs={"axes": [1]})
        box = p.op("divide", [box, p.op("tile", [scale, p.ints([1, 2])])])
        ends = [p.ints([2]), p.ints([2**31 - 1]), p.ints([1])]
        bbox = p.op("set_value_with_tensor_", [rows, box, *ends], [("float32", [-1, 6])])
        p.op("yield", [mask, bbox, counts], dialect=2)
        then, p.ops = p.ops, []
        nothing = [p.full([1, 4, 4], 0.0), p.full([1, 6], 0.0), p.full([1], 1.0, "int32")]
        p.op("yield", nothing, dialect=2)
        otherwise, p.ops = p.ops, outside

        results = [("float32", [-1, -1, -1]), ("float32", [-1, 6]), ("int32", [-1])]
        first = p.op("if", [found], results)
        p.ops[-1]["regions"] = [
            {"#": f"region_{i}", "blocks": [{"#": "block_0", "args": [], "ops": block}]}
            for i, block in enumerate((then, otherwise))
        ]
        p.fetch(first + 2, first, first + 1)

    def _masks(
        self, p: PirProgram, rows: int, index: int, coefficients: int, prototypes: int
    ) -> int:
        last, zero = self.prototypes, p.ints([0])
        by_anchor = p.op("transpose", [coefficients], attrs={"perm": [0, 2, 1]})
        by_anchor = p.op("reshape", [by_anchor, p.ints([-1, last])])
        of = rows if self.change == "other rows" else index
        chosen = p.op("gather", [by_anchor, of, p.full([1], 0, "int32")], [("float32", [-1, last])])
        first_image = {"axes": [0], "decrease_axis": [0]}
        planes = p.op("slice", [prototypes, zero, p.ints([1])], attrs=first_image)
        logits = p.op("matmul", [chosen, p.op("reshape", [planes, p.ints([last, -1])])])
        activation = "tanh" if self.change == "tanh" else "sigmoid"
        side = self.side // STRIDE
        low = p.op("reshape", [p.op(activation, [logits]), p.ints([-1, side, side])])
        size = self.side // 2 if self.change == "half size" else self.side
        resize = {
            "data_format": "NCHW",
            "scale": [],
            "interp_method": "bilinear",
            "align_corners": self.change == "corners",
            "align_mode": 0,
        }
        at_input = p.op(
            "bilinear_interp",
            [p.op("unsqueeze", [low, zero]), 0, 0, 0],
            [("float32", [1, -1, size, size])],
            {**resize, "out_h": size, "out_w": size},
        )
        at_input = p.op("slice", [at_input, zero, p.ints([1])], attrs=first_image)
        x1 = p.op("slice", [rows, p.ints([2]), p.ints([3])], attrs={"axes": [1]})
        x1 = p.op("unsqueeze", [x1, p.ints([2])])
        right = p.op("greater_equal", [at_input, x1], [("bool", [-1, size, size])])
        below = p.op("less_than", [at_input, x1], [("bool", [-1, size, size])])
        inside = p.op("multiply", [right, below], [("bool", [-1, size, size])])
        inside = p.op("cast", [inside], attrs={"dtype": DType("float32")})
        cropped = at_input if self.change == "no crop" else p.op("multiply", [at_input, inside])
        sizes = p.combine([p.full([], 31, "int32"), p.full([], 33, "int32")])
        upsampled = p.op(
            "bilinear_interp",
            [p.op("unsqueeze", [cropped, zero]), 0, sizes, 0],
            [("float32", [1, -1, -1, -1])],
            {**resize, "out_h": -1, "out_w": -1},
        )
        cut = p.op("slice", [upsampled, p.ints([0, 0]), p.ints([30, 30])], attrs={"axes": [2, 3]})
        value = p.op("squeeze", [cut, zero])
        above = p.op("greater_than", [value, p.full([], self.mask_threshold)], [("bool", [-1])])
        return p.op("cast", [above], attrs={"dtype": DType("float32")})
