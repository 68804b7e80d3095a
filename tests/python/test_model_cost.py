"""What models cost per image, counted by hand for tiny ones."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from instseg import Predictor
from instseg.errors import ModelError
from instseg.importer import import_model
from instseg.model_cost import model_cost, most_boxes, nominal_input_size

sys.path.insert(0, str(Path(__file__).resolve().parent / "importer"))
from tiny_mask_rcnn import TinyMaskRcnn


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
