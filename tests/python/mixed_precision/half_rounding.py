"""What a mixed-precision network computes, on engines without half-precision kernels.

ONNX Runtime has few on CPUs: it computes such layers in float32 and leaves out the rounding
between two of them, so that its run of the file itself shows neither overflow nor the whole loss.
Here the network becomes one of float32 throughout, in which every tensor that was half is rounded
where it is made. That is what a GPU does whose kernels add up in float32 and store half. It does
not show kernels that add up in half, another order of additions, nor layers that an engine fuses
(which round less often).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from instseg.mixed_precision import mixed_precision_files

FLOAT, HALF = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16
EXACT = frozenset(
    [
        "Concat",
        "Expand",
        "Flatten",
        "Identity",
        "MaxPool",
        "Relu",
        "ReduceMax",
        "Reshape",
        "Slice",
        "Split",
        "Squeeze",
        "Transpose",
        "Unsqueeze",
    ]
)
"""What they make of rounded numbers is rounded."""

Rounding = Callable[[str, str], list[onnx.NodeProto]]


def by_casts(wide: str, result: str) -> list[onnx.NodeProto]:
    """To half and back: exact, with overflow to infinity and gradual underflow."""
    half = f"{result}:stored"
    return [
        helper.make_node("Cast", [wide], [half], to=HALF),
        helper.make_node("Cast", [half], [result], to=FLOAT),
    ]


def by_arithmetic(wide: str, result: str) -> list[onnx.NodeProto]:
    """To 11 bits by Veltkamp's splitting, which engines do not take for casts that cancel out; the
    range stays that of float32."""
    scaled, rest = f"{result}:scaled", f"{result}:rest"
    return [
        helper.make_node("Mul", [wide, "splitter"], [scaled]),
        helper.make_node("Sub", [scaled, wide], [rest]),
        helper.make_node("Sub", [scaled, rest], [result]),
    ]


def rounded_network(mixed: onnx.ModelProto, rounding: Rounding) -> onnx.ModelProto:
    """A float32 network that rounds where `mixed` has half tensors. They keep their names; what
    is rounded is called NAME:wide."""
    types = element_types(mixed)
    model = onnx.ModelProto(ir_version=mixed.ir_version, opset_import=mixed.opset_import)
    graph = model.graph
    graph.name = mixed.graph.name
    graph.input.extend(mixed.graph.input)
    graph.output.extend(mixed.graph.output)
    for tensor in mixed.graph.initializer:
        if tensor.data_type == HALF:
            values = numpy_helper.to_array(tensor).astype(np.float32)
            graph.initializer.append(numpy_helper.from_array(values, tensor.name))
        else:
            graph.initializer.append(tensor)
    graph.initializer.append(numpy_helper.from_array(np.float32(8193.0), "splitter"))
    for node in mixed.graph.node:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        if node.op_type == "Cast" and HALF in (types[node.input[0]], types[node.output[0]]):
            copy.op_type = "Identity"
            del copy.attribute[:]
        rounded = [name for name in node.output if name and types[name] == HALF]
        if node.op_type in EXACT:
            rounded = []
        for position, name in enumerate(node.output):
            if name in rounded:
                copy.output[position] = f"{name}:wide"
        graph.node.append(copy)
        for name in rounded:
            graph.node.extend(rounding(f"{name}:wide", name))
    return model


def element_types(model: onnx.ModelProto) -> dict[str, int]:
    graph = onnx.shape_inference.infer_shapes(model).graph
    types = {tensor.name: tensor.data_type for tensor in graph.initializer}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        types[value.name] = value.type.tensor_type.elem_type
    return types


def with_extremes(model: onnx.ModelProto, names: list[str]) -> onnx.ModelProto:
    """The model with two more outputs per tensor: NAME:most and NAME:least, scalars."""
    for name in names:
        for op_type, end in (("ReduceMax", "most"), ("ReduceMin", "least")):
            model.graph.node.append(
                helper.make_node(op_type, [name], [f"{name}:{end}"], keepdims=0)
            )
            model.graph.output.append(helper.make_tensor_value_info(f"{name}:{end}", FLOAT, []))
    return model


def rounded_folder(source: Path, folder: Path) -> Path:
    """A copy of the network folder `source`, whose networks are what its mixed-precision files
    compute (`ensure_mixed_precision` has been called on it)."""
    shutil.copytree(source, folder)
    manifest = json.loads((folder / "instseg.json").read_text())
    for network in manifest["networks"]:
        mixed = onnx.load(mixed_precision_files(folder / network["file"]).network)
        content = rounded_network(mixed, by_arithmetic).SerializeToString()
        (folder / network["file"]).write_bytes(content)
        network["size_bytes"] = len(content)
        network["sha256"] = hashlib.sha256(content).hexdigest()
    (folder / "instseg.json").write_text(json.dumps(manifest))
    return folder


def forced(model: onnx.ModelProto, names: list[str]) -> onnx.ModelProto:
    """The model with `names` as further inputs, which all readers of these tensors read instead;
    what it computes for them itself becomes the output NAME:computed."""
    types = element_types(model)
    wanted = set(names)
    for node in model.graph.node:
        for position, name in enumerate(node.output):
            if name in wanted:
                node.output[position] = f"{name}:computed"
                model.graph.input.append(helper.make_tensor_value_info(name, types[name], None))
                model.graph.output.append(
                    helper.make_tensor_value_info(f"{name}:computed", types[name], None)
                )
    return model
