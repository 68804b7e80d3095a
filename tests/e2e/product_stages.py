"""A network cut into stages of a few layers each, run by the SDK's engine on exact tensors.

From the image to the outputs, one rounding moves what the next layers make of it, the more the
worse a network is conditioned (generated weights: very), and turns decisions. A stage shows what a
precision does to a few layers. Exact are ONNX Runtime's tensors of the whole FP32 network.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import openvino
from half_rounding import FLOAT, element_types, forced
from onnx import helper, numpy_helper
from onnx.utils import Extractor
from run_network import run_onnx, worst_difference

from instseg import _core
from instseg.importer import read_manifest
from instseg.mixed_precision.graph_view import PRODUCTS, GraphView

Array = npt.NDArray[Any]

MOST_OUTPUTS = 16
"""Of one stage network: a network folder takes up to 64 inputs and outputs."""
LOW = 128
"""Indices are given in two parts: numbers up to 256 are exact in bfloat16."""


Run = Callable[[Path, dict[str, Array]], dict[str, Array]]
"""A folder of one network, its inputs in their order -> its outputs."""


def sdk_in_bf16(folder: Path, inputs: dict[str, Array]) -> dict[str, Array]:
    runner = _core.NetworkRunner(str(folder), engine="openvino", precision="bf16")
    found: dict[str, Array] = runner.run("main", list(inputs.values()))
    return found


def openvino_in_bf16(folder: Path, inputs: dict[str, Array]) -> dict[str, Array]:
    """Everything in bfloat16, as OpenVINO does it by itself."""
    network = openvino.Core().compile_model(
        folder / "network.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "bf16"}
    )
    found = network(inputs)
    return {port.any_name: np.array(found[port]) for port in network.outputs}


def decisions(model: onnx.ModelProto) -> list[str]:
    """Places of a top-k, and comparisons: rounding turns them."""
    made_by = ("TopK", "Greater", "Equal")
    return [node.output[-1] for node in model.graph.node if node.op_type in made_by]


def every_fourth_product(model: onnx.ModelProto) -> list[str]:
    """And sampling positions, which may lie where features are steep."""
    nodes = model.graph.node
    outputs = {value.name for value in model.graph.output}
    products = [node.output[0] for node in nodes if node.op_type in PRODUCTS]
    inner = [name for name in products if name.removesuffix(":half") not in outputs]
    positions = [node.input[1] for node in nodes if node.op_type == "GridSample"]
    return [*positions, *inner[3::4]]


def layers(model: onnx.ModelProto) -> list[str]:
    """Where the resolution changes (stages of backbones and necks), the ends of a transformer's
    layers, and the boxes between them."""
    view = GraphView(model)
    values = [*model.graph.value_info, *model.graph.output]
    shapes = {value.name: value.type.tensor_type.shape.dim for value in values}
    found = []
    for index, node in enumerate(view.nodes):
        strides = [n for a in node.attribute if a.name == "strides" for n in a.ints]
        if node.op_type in ("Conv", "MaxPool") and max(strides, default=1) > 1:
            found.append(node.input[0])
        boxes = node.op_type == "Sigmoid" and shapes[node.output[0]][-1].dim_value == 4
        if node.op_type == "Resize" or boxes or ends_layer(view, index):
            found.append(node.output[0])
    return found


def ends_layer(view: GraphView, index: int) -> bool:
    """Whether this is the layer norm behind a feed-forward network; those behind attentions are
    inside a layer."""
    if view.nodes[index].op_type != "LayerNormalization":
        return False
    makers = view.makers(index)
    for _ in range(3):  # the sum, the bias, the product
        makers = [m for each in makers for m in view.makers(each)]
    return any(view.nodes[m].op_type in ("Relu", "Erf", "Mul") for m in makers)


def stage_differences(
    folder: Path,
    network: Mapping[str, Any],
    feeds: Mapping[str, Array],
    scratch: Path,
    *,
    ends: Callable[[onnx.ModelProto], list[str]],
    run: Run,
) -> dict[str, float]:
    """Of each float tensor that a stage ends with, outputs among them: the largest difference
    between the engine's and the exact one, as a part of the largest exact magnitude.

    folder, network  a network folder, and one of its manifest's networks
    feeds            the network's inputs
    ends             names of the tensors at which stages end, besides decisions
    run              what computes a stage
    """
    model = with_known_sizes(onnx.load(folder / network["file"]), feeds)
    outside = {value.name for value in [*model.graph.input, *model.graph.output]}
    names = [n for n in dict.fromkeys([*ends(model), *decisions(model)]) if n not in outside]
    exact = exact_tensors(model, names, feeds, scratch / "exact.onnx")
    found = {}
    for stage in stage_networks(model, names):
        place = one_network_folder(folder, stage, scratch / "stage")
        given = {v.name: given_tensor(v.name, feeds, exact) for v in stage.graph.input}
        found.update(run(place, given))
    return {
        name.removesuffix(":computed"): worst_difference(
            values, exact[name.removesuffix(":computed")]
        )
        for name, values in found.items()
    }


def with_known_sizes(model: onnx.ModelProto, feeds: Mapping[str, Array]) -> onnx.ModelProto:
    for value in model.graph.input:
        dims = value.type.tensor_type.shape.dim
        for dim, size in zip(dims, feeds[value.name].shape, strict=True):
            dim.dim_value = size
    del model.graph.value_info[:]
    outputs = [value.name for value in model.graph.output]
    del model.graph.output[:]
    model.graph.output.extend(helper.make_tensor_value_info(n, FLOAT, None) for n in outputs)
    return onnx.shape_inference.infer_shapes(model)


def exact_tensors(
    model: onnx.ModelProto, names: list[str], feeds: Mapping[str, Array], file: Path
) -> dict[str, Array]:
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    types = element_types(model)
    for name in names:
        shown.graph.output.append(helper.make_tensor_value_info(name, types[name], None))
    onnx.save(shown, file)
    return run_onnx(file, feeds)


def stage_networks(model: onnx.ModelProto, names: list[str]) -> Iterator[onnx.ModelProto]:
    """Networks with float32 inputs and outputs that together compute every tensor of `names`,
    which end in :computed, and every output."""
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    forced(whole, names)
    shapes = {value.name: value.type.tensor_type.shape for value in model.graph.value_info}
    for value in [*whole.graph.input, *whole.graph.output]:
        shape = shapes.get(value.name.removesuffix(":computed"))
        if shape is not None:
            value.type.tensor_type.shape.CopyFrom(shape)
    types = element_types(whole)
    floats = [v.name for v in whole.graph.output if types[v.name] == FLOAT]
    extractor = Extractor(whole)
    inputs = [value.name for value in whole.graph.input]
    for begin in range(0, len(floats), MOST_OUTPUTS):
        stage = extractor.extract_model(inputs, floats[begin : begin + MOST_OUTPUTS])
        yield with_float_inputs(stage)


def with_float_inputs(stage: onnx.ModelProto) -> onnx.ModelProto:
    """Only inputs that are read; an index comes as NAME:high and NAME:low, a truth as NAME:is."""
    graph = stage.graph
    read = {name for node in graph.node for name in node.input}
    inputs = [value for value in graph.input if value.name in read]
    nodes = list(graph.node)
    del graph.input[:], graph.node[:]
    for value in inputs:
        kind, name = value.type.tensor_type.elem_type, value.name
        if kind == FLOAT:
            graph.input.append(value)
            continue
        suffixes = [":high", ":low"] if kind == onnx.TensorProto.INT64 else [":is"]
        for suffix in suffixes:
            value.name = f"{name}{suffix}"
            value.type.tensor_type.elem_type = FLOAT
            graph.input.append(value)
        if kind == onnx.TensorProto.INT64:
            high, low, times, begin = (f"{name}:{part}" for part in ("h", "l", "times", "begin"))
            graph.initializer.append(numpy_helper.from_array(np.int64(LOW), times))
            graph.node.append(helper.make_node("Cast", [f"{name}:high"], [high], to=kind))
            graph.node.append(helper.make_node("Cast", [f"{name}:low"], [low], to=kind))
            graph.node.append(helper.make_node("Mul", [high, times], [begin]))
            graph.node.append(helper.make_node("Add", [begin, low], [name]))
        else:
            graph.node.append(helper.make_node("Cast", [f"{name}:is"], [name], to=kind))
    graph.node.extend(nodes)
    return stage


PARTS: dict[str, Callable[[Array], Array]] = {
    ":high": lambda indices: indices // LOW,
    ":low": lambda indices: indices % LOW,
    ":is": lambda truths: truths,
    "": lambda values: values,
}


def given_tensor(
    name: str, feeds: Mapping[str, Array], exact: Mapping[str, Array]
) -> npt.NDArray[np.float32]:
    known = {**exact, **feeds}
    [values] = [
        part(known[name.removesuffix(suffix)])
        for suffix, part in PARTS.items()
        if name.endswith(suffix) and name.removesuffix(suffix) in known
    ]
    return np.ascontiguousarray(values, np.float32)


def one_network_folder(source: Path, model: onnx.ModelProto, folder: Path) -> Path:
    """A network folder that holds this network alone."""
    folder.mkdir(exist_ok=True)
    content = model.SerializeToString()
    (folder / "network.onnx").write_bytes(content)
    manifest = read_manifest(source)
    network = {
        **manifest["networks"][0],
        "role": "main",
        "file": "network.onnx",
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "inputs": [described(value) for value in model.graph.input],
        "outputs": [described(value) for value in model.graph.output],
    }
    (folder / "instseg.json").write_text(json.dumps({**manifest, "networks": [network]}))
    return folder


def described(value: onnx.ValueInfoProto) -> dict[str, Any]:
    shape = [
        dim.dim_value if dim.HasField("dim_value") else -1
        for dim in value.type.tensor_type.shape.dim
    ]
    return {"name": value.name, "meaning": value.name, "dtype": "float32", "shape": shape}
