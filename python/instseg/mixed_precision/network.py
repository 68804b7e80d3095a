"""From an FP32 network to one of mixed precision: a strongly typed ONNX file, and a report.

TensorRT 10 and 11 build it with every tensor in the type that it has there. For TensorRT 8.6, which
chooses types itself, the same table gives the names of the layers that must be FP32.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import onnx

from instseg.atomic_file import atomic_file
from instseg.errors import ModelError
from instseg.network_cost import node_flops
from instseg.network_shapes import infer_shapes, set_input_shapes

from .casts import insert_casts
from .graph_view import GraphView, without_weights
from .precisions import Precisions, decide
from .table import rows_of

NOMINAL_SIDE = 640
"""Pixels that an open side of the image counts with in the share of the work."""


@dataclass(frozen=True)
class MixedPrecisionReport:
    """What became of a network.

    family              of the table
    sha256              of the file that was written; "" where none was
    layers, half_layers ONNX nodes that deal with floats, and those of them in half precision
    flops, half_flops   2 x multiply-additions of one run, with open sides of the image at 640 px
                        and one image, box or instance; None where a size stays unknown
    casts               between the two precisions, those of inputs and outputs included
    parts               row of the table, or rule -> how many layers it keeps in FP32
    fp32_layers         the names of all FP32 nodes that make floats, in their order
    """

    family: str
    sha256: str
    layers: int
    half_layers: int
    flops: int | None
    half_flops: int | None
    casts: int
    parts: dict[str, int]
    fp32_layers: list[str]

    @property
    def half_share(self) -> float | None:
        """The part of the work that is done in half precision, 0..1."""
        if self.flops is None or self.half_flops is None:
            return None
        return self.half_flops / max(self.flops, 1)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "half_share": self.half_share}


def mixed_precision_network(
    onnx_path: str | os.PathLike[str],
    family: str,
    out_path: str | os.PathLike[str],
    *,
    input_shapes: Mapping[str, Sequence[int]] | None = None,
) -> MixedPrecisionReport:
    """Writes the network of `onnx_path` in mixed precision to `out_path`, whole or not at all.

    family        as in instseg.json: whose table says which layers stay FP32
    input_shapes  what the work is counted at; see MixedPrecisionReport
    Inputs and outputs keep name, shape and type. Raises ModelError where the file is no network
    that instseg imported, InvalidArgument where the family has no table, OSError where `out_path`
    cannot be written.
    """
    model, view, precisions = _decided(Path(onnx_path), family)
    flops, half_flops = _work(model, precisions, input_shapes)
    casts = insert_casts(model, view, precisions)
    _check(model, Path(onnx_path))
    content = model.SerializeToString()
    with atomic_file(Path(out_path)) as file:
        file.write(content)
    return MixedPrecisionReport(
        family=family,
        sha256=hashlib.sha256(content).hexdigest(),
        layers=len(precisions.reasons) + len(precisions.half),
        half_layers=len(precisions.half),
        flops=flops,
        half_flops=half_flops,
        casts=casts,
        parts=dict(Counter(part for part in precisions.reasons.values() if part).most_common()),
        fp32_layers=_names(view, precisions),
    )


def fp32_layers(onnx_path: str | os.PathLike[str], family: str) -> list[str]:
    """The names of the ONNX nodes that stay FP32 and make floats. Raises as above."""
    _, view, precisions = _decided(Path(onnx_path), family)
    return _names(view, precisions)


def _decided(path: Path, family: str) -> tuple[onnx.ModelProto, GraphView, Precisions]:
    rows = rows_of(family)
    try:
        model = onnx.load(path)
        view = GraphView(model)
    except ModelError:
        raise
    except Exception as error:  # onnx and protobuf share no base of their errors
        raise ModelError(f"{path} cannot be read as ONNX: {error}") from error
    if any(tensor.data_type == onnx.TensorProto.FLOAT16 for tensor in model.graph.initializer):
        raise ModelError(f"{path} has half-precision weights already; give the FP32 network")
    return model, view, decide(view, rows)


def _names(view: GraphView, precisions: Precisions) -> list[str]:
    return [
        view.nodes[index].name for index in sorted(precisions.reasons) if view.float_outputs(index)
    ]


def _work(
    model: onnx.ModelProto,
    precisions: Precisions,
    input_shapes: Mapping[str, Sequence[int]] | None,
) -> tuple[int | None, int | None]:
    """Floating-point operations of all layers, and of those in half precision."""
    light = without_weights(model)
    weights = {tensor.name for tensor in light.graph.input} - {
        value.name for value in model.graph.input
    }
    given = {} if input_shapes is None else dict(input_shapes)
    for value in light.graph.input:
        dims = value.type.tensor_type.shape.dim
        if value.name in weights:
            given[value.name] = [dim.dim_value for dim in dims]
        elif value.name not in given:
            sides = [NOMINAL_SIDE if axis > 1 else 1 for axis in range(len(dims))]
            given[value.name] = [
                dim.dim_value or side for dim, side in zip(dims, sides, strict=True)
            ]
    set_input_shapes(light, given)
    shapes = infer_shapes(light)
    total = half = 0
    for index, node in enumerate(model.graph.node):
        cost = node_flops(node, shapes)
        if cost is None:
            return None, None
        total += cost
        half += cost if index in precisions.half else 0
    return total, half


def _check(model: onnx.ModelProto, source: Path) -> None:
    """The checker infers all types anew: a layer that reads two types is found here."""
    try:
        onnx.checker.check_model(without_weights(model), full_check=True)
    except Exception as error:  # the checker's errors have no common base
        raise ModelError(
            f"{source} in mixed precision does not pass the ONNX checker: {error}"
        ) from error
