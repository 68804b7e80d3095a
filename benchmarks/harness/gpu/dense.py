"""The networks' output tensors of two engines, value by value.

Where a network selects queries by their scores (TopK), another rounding selects others, and nothing
behind it can be compared. Such a network is cut: what is compared is every tensor that enters the
part behind the selection, and the outputs that do not depend on it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

Json = dict[str, Any]
Array = NDArray[np.float32]
# (role, inputs) -> meaning -> values; what NetworkRunner.run is.
RunNetwork = Callable[[str, Sequence[Array]], Mapping[str, Array]]
MOST_REGIONS = 32  # of which an R-CNN's heads are compared


def largest_differences(reference: Mapping[str, Array], actual: Mapping[str, Array]) -> Json:
    """Tensor -> largest difference, as a part of the reference's absmax; inf where one side is no
    number or the shapes differ."""
    differences = {}
    for name, expected in reference.items():
        given = actual.get(name)
        if given is None or given.shape != expected.shape or not np.isfinite(given).all():
            differences[name] = float("inf")
            continue
        largest = float(np.abs(expected).max(initial=0.0))
        apart = float(np.abs(given - expected).max(initial=0.0))
        differences[name] = 0.0 if apart == 0 else apart / largest if largest else float("inf")
    return differences


def compare_networks(
    manifest: Json,
    image: Array,
    image_size: tuple[int, int],
    reference: RunNetwork,
    actual: RunNetwork,
) -> Json:
    """Returns "role: tensor" -> largest difference.

    image: float32 [3, h, w], the main network's input.

    Every network of both engines gets the same input: those on regions what is pooled from the
    reference's features.
    """
    roles = [network["role"] for network in manifest["networks"]]
    main = reference("main", [image[None]])
    found = {"main": largest_differences(main, actual("main", [image[None]]))}
    if len(roles) > 1:
        boxes = region_boxes(manifest, main, image_size)
        for role in roles:
            if role == "main":
                continue
            features = pooled_features(manifest, main, boxes, role)
            found[role] = largest_differences(reference(role, [features]), actual(role, [features]))
    return {
        f"{role}: {name}": value for role, each in found.items() for name, value in each.items()
    }


def region_boxes(manifest: Json, main: Mapping[str, Array], image_size: tuple[int, int]) -> Array:
    from instseg import _core

    levels = range(sum(meaning.startswith("rpn_logits_") for meaning in main))
    resize = manifest["preprocess"]["resize"]
    shorter, longer = sorted((resize["height"], resize["width"]))
    factor = min(longer / max(image_size), shorter / min(image_size))
    proposals: Array = _core.rcnn_proposals(
        manifest["postprocess"],
        [np.ascontiguousarray(main[f"rpn_logits_{level}"][0]) for level in levels],
        [np.ascontiguousarray(main[f"rpn_deltas_{level}"][0]) for level in levels],
        round(image_size[0] * factor),
        round(image_size[1] * factor),
    )
    return proposals[:MOST_REGIONS]


def pooled_features(manifest: Json, main: Mapping[str, Array], boxes: Array, role: str) -> Array:
    from instseg import _core

    count = sum(meaning.startswith("features_") for meaning in main)
    maps = [np.ascontiguousarray(main[f"features_{level}"][0]) for level in range(count)]
    head = "mask" if role == "mask" else "box"
    pooled: Array = _core.rcnn_pool(manifest["postprocess"], maps, boxes, head=head)
    return pooled


def selection_free_folder(folder: Path, made: Path) -> Path:
    """A network folder whose main network ends before it selects; `folder` itself where it does
    not select. For NetworkRunner alone: no family can read it."""
    manifest = json.loads((folder / "instseg.json").read_text(encoding="utf-8"))
    [main] = [network for network in manifest["networks"] if network["role"] == "main"]
    model = onnx.load(folder / main["file"])
    outputs = selection_inputs(model)
    if outputs is None:
        return folder
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    keep_outputs(model, outputs)
    content = model.SerializeToString()
    (made / main["file"]).write_bytes(content)
    main["size_bytes"] = len(content)
    main["sha256"] = hashlib.sha256(content).hexdigest()
    main["outputs"] = [
        {"name": name, "meaning": f"tensor_{place}", "dtype": "float32", "shape": [-1] * rank}
        for place, (name, rank) in enumerate(outputs.items())
    ]
    manifest["networks"] = [main]
    (made / "instseg.json").write_text(json.dumps(manifest), encoding="utf-8")
    return made


def selection_inputs(model: onnx.ModelProto) -> dict[str, int] | None:
    """Float tensor -> its rank: those that the part behind the first selections reads, and the
    outputs before it. None where nothing is selected.

    Tensors that depend on no pixel (weights, positions) are left out.
    """
    if not any(node.op_type == "TopK" for node in model.graph.node):
        return None
    inferred = onnx.shape_inference.infer_shapes(model).graph
    types = {
        value.name: value.type.tensor_type
        for value in [*inferred.value_info, *inferred.output, *inferred.input]
    }
    of_image = {value.name for value in model.graph.input}
    selected: set[str] = set()
    wanted: dict[str, int] = {}

    def want(name: str) -> None:
        kind = types.get(name)
        if kind is not None and kind.elem_type == onnx.TensorProto.FLOAT:
            wanted.setdefault(name, len(kind.shape.dim))

    inputs = set(of_image)
    for node in model.graph.node:
        behind = node.op_type == "TopK" or any(name in selected for name in node.input)
        if behind:
            for name in node.input:
                if name in of_image and name not in selected and name not in inputs:
                    want(name)
            selected.update(node.output)
        if any(name in of_image for name in node.input):
            of_image.update(node.output)
    for value in model.graph.output:
        if value.name not in selected:
            want(value.name)
    return wanted


def keep_outputs(model: onnx.ModelProto, outputs: Mapping[str, int]) -> None:
    """Makes `outputs` the model's outputs, in place; what only the others need goes."""
    needed = set(outputs)
    kept = []
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            kept.append(node)
            needed.update(node.input)
    weights = [tensor for tensor in model.graph.initializer if tensor.name in needed]
    values = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None] * rank)
        for name, rank in outputs.items()
    ]
    del model.graph.node[:], model.graph.initializer[:], model.graph.output[:]
    del model.graph.value_info[:]
    model.graph.node.extend(reversed(kept))
    model.graph.initializer.extend(weights)
    model.graph.output.extend(values)
