"""Parts of networks, found by structure alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from little_graphs import network, numbers

from instseg.mixed_precision import layer_parts
from instseg.mixed_precision.graph_view import GraphView

INT = np.int64


def names(
    model: onnx.ModelProto, part: Callable[[GraphView], set[int]], *, renamed: bool = True
) -> set[str]:
    """First outputs of the part's nodes; the names of inner tensors and nodes must not matter."""
    view = GraphView(model)
    found = {view.nodes[index].output[0] for index in part(view)}
    if renamed:
        other = onnx.ModelProto()
        other.CopyFrom(model)
        fixed = {v.name for v in [*model.graph.input, *model.graph.output]}
        for node in other.graph.node:
            node.name = ""
            for field in (node.input, node.output):
                for position, name in enumerate(field):
                    if name and name not in fixed:
                        field[position] = f"other/{name}"
        for tensor in other.graph.initializer:
            tensor.name = f"other/{tensor.name}"
        other_view = GraphView(other)
        again = {other_view.nodes[index].output[0] for index in part(other_view)}
        assert again == {name if name in fixed else f"other/{name}" for name in found}
    return found


def decoder() -> onnx.ModelProto:
    """Two queries: scores, boxes by inverse sigmoid, and a layer that reads boxes."""
    return network(
        [
            ("MatMul", "tokens w1", "hidden"),
            ("Add", "hidden b1", "hidden_biased"),
            ("Relu", "hidden_biased", "active"),
            ("MatMul", "active w2", "step"),
            ("Add", "step b2", "step_biased"),
            ("Clip", "reference low high", "limited"),
            ("Sub", "one limited", "rest"),
            ("Div", "limited rest", "odds"),
            ("Log", "odds", "logit"),
            ("Add", "step_biased logit", "sum"),
            ("Sigmoid", "sum", "boxes"),
            ("Unsqueeze", "boxes axes", "boxes_3"),
            ("Squeeze", "boxes_3 axes", "boxes_2"),
            ("MatMul", "boxes_2 w3", "position"),
            ("Add", "position b3", "position_biased"),
            ("MatMul", "active w4", "logits_product"),
            ("Add", "logits_product b4", "logits"),
            ("MatMul", "position_biased w5", "after"),
            ("Sigmoid", "after", "rest_of_it"),
        ],
        {"tokens": ["N", 6], "reference": ["N", 4]},
        {"boxes": ["N", 4], "logits": ["N", 3], "rest_of_it": ["N", 5]},
        {
            "w1": numbers(6, 4),
            "b1": numbers(4),
            "w2": numbers(4, 4),
            "b2": numbers(4),
            "w3": numbers(4, 8),
            "b3": numbers(8),
            "w4": numbers(4, 3),
            "b4": numbers(3),
            "w5": numbers(8, 5),
            "low": np.float32(0.1),
            "high": np.float32(0.9),
            "one": np.float32(1),
            "axes": np.array([1], INT),
        },
    )


def test_an_output_with_its_product() -> None:
    boxes = layer_parts.outputs("boxes", product=True)
    assert names(decoder(), boxes) == {
        *("step", "step_biased", "limited", "rest", "odds", "logit", "sum", "boxes")
    }
    assert names(decoder(), layer_parts.outputs("logits", product=True)) == {
        "logits_product",
        "logits",
    }


def test_an_output_without_its_product() -> None:
    boxes = layer_parts.outputs("boxes", product=False)
    assert names(decoder(), boxes) == {"limited", "rest", "odds", "logit", "sum", "boxes"}
    assert names(decoder(), layer_parts.outputs("logits", product=False)) == set()
    assert names(decoder(), layer_parts.outputs("box", product=True)) == set()


def test_products_that_read_boxes() -> None:
    """w2 has four rows too, but reads no boxes."""
    assert names(decoder(), layer_parts.box_readers("boxes")) == {"position", "position_biased"}


def test_keys_of_top_k() -> None:
    model = network(
        [
            ("LayerNormalization", "tokens scale", "normal"),
            ("MatMul", "normal w", "product"),
            ("Add", "product b", "scores"),
            ("ReduceMax", "scores", "best", {"axes": [2], "keepdims": 0}),
            ("TopK", "best k", "values places", {"axis": 1}),
            ("Unsqueeze", "places axes", "indices"),
            ("GatherND", "normal indices", "chosen", {"batch_dims": 1}),
        ],
        {"tokens": ["N", 9, 6]},
        {"chosen": ["N", 2, 6]},
        {
            "scale": numbers(6),
            "w": numbers(6, 3),
            "b": numbers(3),
            "k": np.array([2], INT),
            "axes": np.array([-1], INT),
        },
    )
    assert names(model, layer_parts.top_k_keys) == {"product", "scores", "best", "values"}


def test_sampling_positions_but_not_the_offsets_product() -> None:
    model = network(
        [
            ("Conv", "planes w0", "value"),
            ("MatMul", "queries w", "product"),
            ("Add", "product b", "offsets"),
            ("Reshape", "offsets shape", "spread"),
            ("Mul", "spread half", "scaled"),
            ("GridSample", "value scaled", "sampled"),
            ("Relu", "sampled", "out"),
        ],
        {"planes": [1, 3, 8, 8], "queries": [1, 5, 6]},
        {"out": [1, 3, 5, 4]},
        {
            "w0": numbers(3, 3, 1, 1),
            "w": numbers(6, 8),
            "b": numbers(8),
            "shape": np.array([1, 5, 4, 2], INT),
            "half": np.float32(0.5),
        },
    )
    assert names(model, layer_parts.sampling) == {"spread", "scaled", "sampled"}


def test_residual_sums_before_layer_norms() -> None:
    model = network(
        [
            ("MatMul", "x w", "product"),
            ("Add", "product b", "biased"),
            ("Add", "x biased", "sum"),
            ("LayerNormalization", "sum scale", "normal"),
            ("Add", "normal x", "other_sum"),
            ("LayerNormalization", "biased scale", "y"),
        ],
        {"x": ["N", 4]},
        {"y": ["N", 4], "other_sum": ["N", 4]},
        {"w": numbers(4, 4), "b": numbers(4), "scale": numbers(4)},
    )
    assert names(model, layer_parts.residual_sums) == {"sum"}


def group_norm(after: str) -> onnx.ModelProto:
    return network(
        [
            ("Conv", "image w", "conv"),
            ("Reshape", "conv groups", "grouped"),
            ("InstanceNormalization", "grouped ones zeros", "normal"),
            ("Shape", "conv", "shape"),
            ("Reshape", "normal shape", "back"),
            ("Mul", "back scale", "scaled"),
            ("Add", "scaled bias", "shifted"),
            (after, "shifted", "y"),
        ],
        {"image": ["N", 3, 8, 8]},
        {"y": ["N", 4, 8, 8]},
        {
            "w": numbers(4, 3, 1, 1),
            "groups": np.array([0, 2, -1], INT),
            "ones": np.ones(2, np.float32),
            "zeros": np.zeros(2, np.float32),
            "scale": numbers(1, 4, 1, 1),
            "bias": numbers(1, 4, 1, 1),
        },
    )


def test_a_group_norm_with_all_around_it() -> None:
    assert names(group_norm("Relu"), layer_parts.group_norms) == {
        *("grouped", "normal", "back", "scaled", "shifted")
    }


def test_only_what_reads_the_image_is_a_first_convolution() -> None:
    assert names(group_norm("Relu"), layer_parts.first_convolutions) == {"conv"}
    model = network(
        [("Conv", "roi_features w", "y")],
        {"roi_features": ["N", 3, 8, 8]},
        {"y": ["N", 4, 8, 8]},
        {"w": numbers(4, 3, 1, 1)},
    )
    assert names(model, layer_parts.first_convolutions) == set()


def test_positions_are_computed_from_sizes_only() -> None:
    model = network(
        [
            ("Shape", "image", "shape"),
            ("Slice", "shape two three", "width"),
            ("Squeeze", "width zero", "count"),
            ("Range", "nought count step", "index"),
            ("Cast", "index", "whole", {"to": 1}),
            ("Mul", "whole factor", "positions"),
            ("Greater", "image limit", "bright"),
            ("Cast", "bright", "mask", {"to": 1}),
            ("Mul", "mask positions", "masked"),
            ("Add", "image positions", "y"),
        ],
        {"image": ["N", 1, 4, 6]},
        {"y": ["N", 1, 4, 6], "masked": ["N", 1, 4, 6]},
        {
            "two": np.array([3], INT),
            "three": np.array([4], INT),
            "zero": np.array([0], INT),
            "nought": np.array(0, INT),
            "step": np.array(1, INT),
            "factor": np.float32(0.25),
            "limit": np.float32(0.5),
        },
    )
    assert names(model, layer_parts.sizes_only) == {"whole", "positions"}


def extents() -> onnx.ModelProto:
    """Boxes from the sign of a product of two activations, and from equal neighbours."""
    return network(
        [
            ("MatMul", "x w", "coefficients"),
            ("MatMul", "coefficients x", "masks"),
            ("Greater", "masks zero", "inside"),
            ("Cast", "inside", "ones", {"to": 1}),
            ("Mul", "ones columns", "columns_inside"),
            ("Sigmoid", "coefficients", "scores"),
            ("Sigmoid", "x", "neighbours"),
            ("Equal", "scores neighbours", "same"),
            ("Cast", "same", "sames", {"to": 1}),
            ("Add", "columns_inside sames", "boxes"),
        ],
        {"x": [4, 4]},
        {"boxes": [4, 4]},
        {"w": numbers(4, 4), "zero": np.float32(0), "columns": numbers(4)},
    )


def test_signs_and_products_of_activations_are_not_followed() -> None:
    """Equal neighbours are."""
    boxes = layer_parts.outputs("boxes", product=True)
    rest = {"scores", "neighbours", "same", "sames", "columns_inside", "ones", "boxes"}
    assert names(extents(), boxes) == {"coefficients", *rest}
    assert names(extents(), layer_parts.outputs("boxes", product=False)) == rest
    model = extents()
    model.graph.node[2].input[1] = "neighbours"  # a comparison of activations: to the product
    model.graph.node.insert(2, model.graph.node.pop(6))
    assert names(model, boxes) == {"coefficients", "inside", *rest}
