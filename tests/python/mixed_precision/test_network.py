"""The function and its report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from little_graphs import network, numbers

from instseg.errors import InvalidArgument, ModelError
from instseg.mixed_precision import fp32_layers, mixed_precision_network


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A network of Mask-RT-DETR's family: products of 2 x 64 x (4 x 4), 2 x 64 x (4 x 2)."""
    model = network(
        [
            ("Transpose", "x", "t", {"perm": [0, 2, 3, 1]}),
            ("MatMul", "t w", "product"),
            ("Softmax", "product", "normal"),
            ("MatMul", "normal v", "logits_product"),
            ("Add", "logits_product b", "logits"),
            ("Shape", "x", "shape"),
            ("Cast", "shape", "sizes", {"to": 1}),
        ],
        {"x": ["N", 4, "height", "width"]},
        {"logits": ["N", "height", "width", 2], "sizes": [4]},
        {"w": numbers(4, 4), "v": numbers(4, 2), "b": numbers(2)},
    )
    onnx.save(model, tmp_path / "network.onnx")
    return tmp_path / "network.onnx"


def test_the_report(file: Path) -> None:
    report = mixed_precision_network(
        file, "mask_rtdetr", file.with_name("mixed.onnx"), input_shapes={"x": [2, 4, 8, 4]}
    )
    assert (report.family, report.layers, report.half_layers) == ("mask_rtdetr", 6, 2)
    assert (report.flops, report.half_flops) == (2 * 64 * 16 + 2 * 64 * 8, 2 * 64 * 16)
    assert report.half_share == pytest.approx(2 / 3)
    assert report.casts == 2
    assert report.parts == {"class scores": 2, "softmax": 1, "positions computed from sizes": 1}
    assert report.fp32_layers == ["normal", "logits_product", "logits", "sizes"]
    assert fp32_layers(file, "mask_rtdetr") == report.fp32_layers
    assert report.as_dict()["half_share"] == report.half_share
    assert set(report.as_dict()) > {"sha256", "parts", "fp32_layers"}


def test_open_sides_count_as_the_docstring_says(file: Path) -> None:
    report = mixed_precision_network(file, "mask_rtdetr", file.with_name("mixed.onnx"))
    assert report.flops == 640 * 640 * (2 * 16 + 2 * 8)


def test_the_work_is_unknown_where_a_size_is(tmp_path: Path) -> None:
    model = network(
        [("Reshape", "x s", "r"), ("MatMul", "r w", "y")],
        {"x": ["N", 4], "s": [2]},
        {"y": ["N", 2]},
        {"w": numbers(4, 2)},
    )
    model.graph.input[1].type.tensor_type.elem_type = onnx.TensorProto.INT64
    onnx.save(model, tmp_path / "network.onnx")
    report = mixed_precision_network(tmp_path / "network.onnx", "solov2", tmp_path / "mixed.onnx")
    assert (report.flops, report.half_flops, report.half_share) == (None, None, None)


def test_the_file_is_the_same_every_time(file: Path) -> None:
    reports = [
        mixed_precision_network(file, "mask_rtdetr", file.with_name(f"mixed_{i}.onnx"))
        for i in range(2)
    ]
    assert reports[0] == reports[1]
    contents = [file.with_name(f"mixed_{i}.onnx").read_bytes() for i in range(2)]
    assert contents[0] == contents[1]


def test_a_family_without_a_table(file: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"'yolo'.*mask_rtdetr.*precision='fp32'"):
        mixed_precision_network(file, "yolo", file.with_name("mixed.onnx"))
    assert not file.with_name("mixed.onnx").exists()


def test_what_is_no_network(tmp_path: Path) -> None:
    (tmp_path / "network.onnx").write_bytes(b"\xff\xff\xff no protobuf")
    for name in ("network.onnx", "absent.onnx"):
        with pytest.raises(ModelError, match=f"{name} cannot be read as ONNX"):
            mixed_precision_network(tmp_path / name, "solov2", tmp_path / "mixed.onnx")
    assert not (tmp_path / "mixed.onnx").exists()


def test_a_network_in_half_precision_is_refused(file: Path) -> None:
    mixed = file.with_name("mixed.onnx")
    mixed_precision_network(file, "mask_rtdetr", mixed)
    before = mixed.read_bytes()
    with pytest.raises(ModelError, match="half-precision weights already"):
        mixed_precision_network(mixed, "mask_rtdetr", mixed)
    assert mixed.read_bytes() == before


def test_an_output_that_cannot_be_written(file: Path) -> None:
    with pytest.raises(FileNotFoundError, match="/absent"):
        mixed_precision_network(file, "mask_rtdetr", file.parent / "absent" / "mixed.onnx")


def test_weights_beyond_the_range_stay_in_fp32(file: Path) -> None:
    model = onnx.load(file)
    big = numbers(4, 4)
    big[0, 0] = 7e4
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(big, "w"))
    onnx.save(model, file)
    report = mixed_precision_network(file, "mask_rtdetr", file.with_name("mixed.onnx"))
    assert report.parts["constant beyond the range of half precision"] == 1
    mixed = onnx.load(file.with_name("mixed.onnx"))
    kept = {t.name: onnx.numpy_helper.to_array(t) for t in mixed.graph.initializer}
    np.testing.assert_array_equal(kept["w"], big)
