"""What models cost per image, counted by hand for tiny ones."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import openvino
import pytest

from instseg import Predictor
from instseg.errors import ModelError
from instseg.importer import import_model
from instseg.model_cost import model_cost, most_boxes, nominal_input_size

sys.path.insert(0, str(Path(__file__).resolve().parent / "importer"))
from tiny_mask_rcnn import TinyMaskRcnn
from tiny_mask_rtdetr import TinyMaskRtdetr
from tiny_ppyoloe_seg import TinyPpyoloeSeg


def manifest_of(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / "instseg.json").read_text())
    return manifest


def test_one_network(tiny_model: Path) -> None:
    cost = model_cost(tiny_model, manifest_of(tiny_model))
    assert cost.input_size == (64, 64)
    # Its one product: 16 queries, 3 colours, 4 sides of a box.
    assert (cost.flops, cost.flops_per_instance) == (2 * 16 * 3 * 4, 0)
    assert cost.parameters == 3 * 4 + 16 * 4
    [main] = cost.networks
    assert (main.role, main.per, main.count) == ("main", "image", 1)
    assert main.cost.operators["AveragePool"] == 2


@pytest.mark.parametrize("stages", [1, 3])
def test_heads_count_per_box_and_per_instance(tmp_path: Path, stages: int) -> None:
    TinyMaskRcnn(stages=stages).write(tmp_path / "official")
    import_model(tmp_path / "official", tmp_path / "network")
    manifest = manifest_of(tmp_path / "network")
    cost = model_cost(tmp_path / "network", manifest)
    main, *boxes, mask = cost.networks
    most = most_boxes(manifest["postprocess"])
    assert most > 1
    assert [(n.per, n.count) for n in (main, *boxes, mask)] == [
        ("image", 1),
        *[("box", most)] * stages,
        ("instance", None),
    ]
    flops = [network.cost.flops for network in cost.networks]
    assert all(count is not None and count > 0 for count in flops)
    assert cost.flops == flops[0] + most * sum(flops[1:-1])
    assert cost.flops_per_instance == flops[-1]
    assert cost.parameters == sum(network.cost.parameters for network in cost.networks)
    data = cost.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert [network["role"] for network in data["networks"]] == [
        network["role"] for network in manifest["networks"]
    ]


def test_the_nominal_input() -> None:
    resize = {"height": 800, "width": 1333, "keep_ratio": True}
    assert nominal_input_size({"resize": resize, "pad_stride": 32}) == (800, 1344)
    assert nominal_input_size({"resize": resize, "pad_stride": 1}) == (800, 1333)


@pytest.mark.parametrize(
    ("levels", "of_level", "of_all", "most"),
    [(5, 1000, 1000, 1000), (1, 1000, 0, 1000), (2, 3, 9, 6)],
)
def test_the_most_boxes(levels: int, of_level: int, of_all: int, most: int) -> None:
    proposals = {"levels": [{}] * levels, "post_nms_top_n": of_level, "keep_top_n": of_all}
    assert most_boxes({"rcnn": {"proposals": proposals}}) == most
    with pytest.raises(ModelError, match="how many proposals"):
        most_boxes({"rcnn": {}})


def test_a_predictor_tells_it_on_request(tiny_model: Path) -> None:
    predictor = Predictor(tiny_model)
    plain, detailed = predictor.info(), predictor.info(details=True)
    assert detailed["cost"] == model_cost(tiny_model, manifest_of(tiny_model)).to_dict()
    assert detailed["size_bytes"] == (tiny_model / "network.onnx").stat().st_size
    assert detailed["engines"][0]["name"] == "openvino"
    assert detailed.keys() - plain.keys() == {"cost", "size_bytes", "engines"}


@pytest.mark.parametrize(
    "official",
    [TinyMaskRtdetr(), TinyPpyoloeSeg(), TinyMaskRcnn(stages=3)],
    ids=lambda o: type(o).__name__,
)
def test_openvino_counts_the_same(official: Any, tmp_path: Path) -> None:
    official.write(tmp_path / "official")
    import_model(tmp_path / "official", tmp_path / "network")
    manifest = manifest_of(tmp_path / "network")
    cost = model_cost(tmp_path / "network", manifest)
    for network, runs in zip(manifest["networks"], cost.networks, strict=True):
        [image] = network["inputs"]
        shape = [1, 3, *cost.input_size] if runs.per == "image" else [1, *image["shape"][1:]]
        flops = flops_of_openvino(tmp_path / "network" / network["file"], shape)
        assert runs.cost.flops == flops > 0


def flops_of_openvino(file: Path, shape: list[int]) -> int:
    model = openvino.Core().read_model(file)
    model.reshape(shape)
    total = 0
    for node in model.get_ordered_ops():
        shapes = [
            list(node.input_value(i).get_shape()) for i in range(min(2, node.get_input_size()))
        ]
        kind = node.get_type_name()
        if kind == "Convolution":
            total += math.prod(node.get_output_shape(0)) * math.prod(shapes[1][1:])
        elif kind == "GroupConvolution":  # weights [groups, out / groups, in / groups, kernel...]
            total += math.prod(node.get_output_shape(0)) * math.prod(shapes[1][2:])
        elif kind == "ConvolutionBackpropData":
            total += math.prod(shapes[0]) * math.prod(shapes[1][1:])
        elif kind == "MatMul":
            transposed = node.get_attributes()["transpose_a"]
            total += math.prod(node.get_output_shape(0)) * shapes[0][-2 if transposed else -1]
    return 2 * total
