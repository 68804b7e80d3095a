"""The twin that stands for a GPU: every half tensor is rounded, as NumPy rounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import openvino
import pytest
from half_rounding import Rounding, by_arithmetic, by_casts, rounded_network, with_extremes
from little_graphs import Array, network, numbers
from run_network import run_onnx

from instseg.mixed_precision import mixed_precision_network

X = numbers(1, 6, 16, 16, seed=4)
LARGE = X * 60_000


def mixed_network(folder: Path) -> onnx.ModelProto:
    """Four products in half, one after the other, and a softmax in FP32."""
    model = network(
        [
            ("MatMul", "x w", "a"),
            ("MatMul", "a w", "b"),
            ("Sigmoid", "b", "c"),
            ("Add", "c b", "d"),
            ("Softmax", "d", "e"),
            ("MatMul", "e w", "f"),
            ("MatMul", "f w", "y"),
        ],
        {"x": ["N", 6, 16, 16]},
        {"y": ["N", 6, 16, 16]},
        {"w": numbers(16, 16, seed=5)},
    )
    onnx.save(model, folder / "network.onnx")
    mixed_precision_network(folder / "network.onnx", "mask_rtdetr", folder / "mixed.onnx")
    return onnx.load(folder / "mixed.onnx")


def by_hand(x: Array) -> tuple[Array, list[Array]]:
    """What the network computes, and its tensors in half (float32 numbers)."""

    def half(array: Array) -> Array:
        return array.astype(np.float16).astype(np.float32)

    w = half(numbers(16, 16, seed=5))
    a = half(half(x) @ w)
    b = half(a @ w)
    c = half(1 / (1 + np.exp(-b)))
    d = half(c + b)
    powers = np.exp(d - d.max(-1, keepdims=True))
    e = half(powers / powers.sum(-1, keepdims=True))
    f = half(e @ w)
    return half(f @ w), [a, b, c, d, e, f]


@pytest.mark.parametrize("rounding", [by_casts, by_arithmetic])
def test_onnx_runtime_rounds_every_half_tensor(rounding: Rounding, tmp_path: Path) -> None:
    model = rounded_network(mixed_network(tmp_path), rounding)
    for name in "abcdf":
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, 1, None))
    onnx.save(model, tmp_path / "rounded.onnx")
    found = run_onnx(tmp_path / "rounded.onnx", {"x": X})
    for name in "abcdf":
        assert has_11_bits(found[name]), name
        if rounding is by_casts:
            assert (found[name] == found[name].astype(np.float16)).all(), name
    assert_near(found["y"], by_hand(X)[0])


def test_openvino_rounds_by_arithmetic(tmp_path: Path) -> None:
    model = rounded_network(mixed_network(tmp_path), by_arithmetic)
    for name in "abcdf":
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, 1, None))
    onnx.save(model, tmp_path / "rounded.onnx")
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    compiled = openvino.Core().compile_model(str(tmp_path / "rounded.onnx"), "CPU", options)
    results = compiled({"x": X})
    for name in "abcdf":
        assert has_11_bits(np.asarray(results[name])), name
    assert_near(np.asarray(results["y"]), by_hand(X)[0])


def has_11_bits(tensor: Array) -> bool:
    significands = np.frexp(tensor)[0] * 2**11
    return bool((significands == np.round(significands)).all()) and bool((tensor != 0).any())


def assert_near(found: Array, expected: Array) -> None:
    """Sums in another order round a few numbers the other way: one step of half precision, and
    what a step changes two layers on."""
    steps = np.abs(found - expected) / np.spacing(np.abs(expected).max().astype(np.float16))
    assert steps.max() <= 2
    assert (steps > 0).mean() < 0.2


def test_the_file_itself_is_not_rounded_that_often_in_onnx_runtime(tmp_path: Path) -> None:
    """Why there is a twin: where an engine computes in float32, what lies between two products is
    never rounded. Should this fail, the twin may go."""
    mixed = mixed_network(tmp_path)
    direct = run_onnx(tmp_path / "mixed.onnx", {"x": LARGE})["y"]
    onnx.save(rounded_network(mixed, by_casts), tmp_path / "rounded.onnx")
    assert np.isfinite(direct).all()
    assert not np.isfinite(run_onnx(tmp_path / "rounded.onnx", {"x": LARGE})["y"]).all()


def test_extremes_are_those_before_rounding(tmp_path: Path) -> None:
    model = rounded_network(mixed_network(tmp_path), by_casts)
    onnx.save(with_extremes(model, ["a:wide", "b:wide"]), tmp_path / "rounded.onnx")
    found = run_onnx(tmp_path / "rounded.onnx", {"x": X})
    w = numbers(16, 16, seed=5).astype(np.float16).astype(np.float32)
    product = X.astype(np.float16).astype(np.float32) @ w
    assert found["a:wide:most"] == pytest.approx(product.max(), rel=1e-6)
    assert found["a:wide:least"] == pytest.approx(product.min(), rel=1e-6)
    assert found["b:wide:most"] > found["a:wide:most"]
