"""The cut of PP-YOLOE_seg is found by structure: sizes, names and numbering are free."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from pir_builder import Float32
from run_network import run_onnx, worst_difference
from tiny_ppyoloe_seg import TinyPpyoloeSeg

from instseg.errors import ModelError
from instseg.importer import import_model

TOLERANCE = 3e-6
"""float32 against float64, sums of up to some hundred terms."""

NUMBERS = {
    "score_threshold": 0.125,
    "nms_threshold": 0.625,
    "nms_eta": 1.0,
    "nms_top_k": 70,
    "keep_top_k": 11,
    "background_label": -1,
    "normalized": True,
}

OTHER = (
    ("nms_top_k", -1),
    ("keep_top_k", -1),
    ("background_label", 2),
    ("normalized", False),
    ("nms_eta", Float32(0.75)),
)

SIZES = [
    TinyPpyoloeSeg(),
    TinyPpyoloeSeg(classes=1, prototypes=1, side=8, mask_threshold=0.25),
    TinyPpyoloeSeg(classes=11, prototypes=8, side=24, seed=3, nms=OTHER),
]


def imported(folder: Path, network: Path) -> dict[str, Any]:
    import_model(folder, network)
    manifest: dict[str, Any] = json.loads((network / "instseg.json").read_text())
    assert manifest["family"] == "ppyoloe_seg"
    return manifest


@pytest.mark.parametrize("model", SIZES, ids=str)
def test_other_sizes_are_imported(model: TinyPpyoloeSeg, tmp_path: Path) -> None:
    model.write(tmp_path / "official")
    manifest = imported(tmp_path / "official", tmp_path / "network")
    [network] = manifest["networks"]
    a, k, p, low = model.anchors, model.classes, model.prototypes, model.side // 4
    assert {(t["name"], t["meaning"]): t["shape"] for t in network["outputs"]} == {
        ("boxes", "boxes_xyxy"): [-1, a, 4],
        ("scores", "class_scores"): [-1, k, a],
        ("mask_coefficients", "mask_coefficients"): [-1, p, a],
        ("prototypes", "mask_prototypes"): [-1, p, low, low],
    }
    [image] = network["inputs"]
    assert (image["name"], image["shape"]) == ("image", [-1, 3, model.side, model.side])
    assert manifest["thresholds"] == {"score": 0.4, "mask": model.mask_threshold}
    assert len(manifest["class_names"]) == k

    images = np.random.default_rng(9).uniform(size=(2, 3, model.side, model.side))
    found = run_onnx(tmp_path / "network" / "network.onnx", {"image": images.astype(np.float32)})
    expected = model.dense(images.astype(np.float32))
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].shape == array.shape
        assert worst_difference(found[name], array) <= TOLERANCE, name


@pytest.mark.parametrize("nms", [(), OTHER], ids=["some", "others"])
def test_numbers_are_those_of_the_program(nms: tuple[tuple[str, Any], ...], tmp_path: Path) -> None:
    TinyPpyoloeSeg(nms=nms).write(tmp_path / "official")
    manifest = imported(tmp_path / "official", tmp_path / "network")
    plain = {name: v.value if isinstance(v, Float32) else v for name, v in nms}
    assert manifest["postprocess"] == {"nms": {**NUMBERS, **plain}}


BROKEN = {
    "tanh": r"%\d+ should come from 'sigmoid', but comes from .*operator 'tanh'",
    "no crop": r"should come from 'multiply', but comes from .*operator 'slice'",
    "other rows": r"operator 'gather' .*: the masks are not of the boxes that NMS keeps",
    "half size": r"'interpolate' .*masks are cropped at .*8, 8\], the image is .*both should be",
    "corners": r"'interpolate' .*masks are resized in another way than supported",
}


@pytest.mark.parametrize("change", BROKEN)
def test_other_structure_is_refused(change: str, tmp_path: Path) -> None:
    TinyPpyoloeSeg(change=change).write(tmp_path / "official")
    with pytest.raises(ModelError, match=BROKEN[change]):
        import_model(tmp_path / "official", tmp_path / "network")
    assert not (tmp_path / "network").exists()


@pytest.mark.parametrize("threshold", [0.0, 1.0, -3.0])
def test_mask_threshold_must_be_a_probability(threshold: float, tmp_path: Path) -> None:
    TinyPpyoloeSeg(mask_threshold=threshold).write(tmp_path / "official")
    with pytest.raises(ModelError, match=r"'greater_than' .*: the mask threshold is not a number"):
        import_model(tmp_path / "official", tmp_path / "network")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nms_top_k", 0),
        ("keep_top_k", -2),
        ("background_label", -2),
        ("nms_threshold", Float32(1.5)),
        ("nms_eta", Float32(-0.5)),
    ],
)
def test_odd_numbers_are_refused(name: str, value: Any, tmp_path: Path) -> None:
    TinyPpyoloeSeg(nms=((name, value),)).write(tmp_path / "official")
    with pytest.raises(ModelError, match=rf"'multiclass_nms3' .*{name} -?[0-9.]+ is not"):
        import_model(tmp_path / "official", tmp_path / "network")


@pytest.mark.parametrize("program_format", ["pir", "old"])
def test_official_program(
    official_folder: Callable[[str, str], Path], program_format: str, tmp_path: Path
) -> None:
    folder = official_folder("PP-YOLOE_seg-S", program_format)
    manifest = imported(folder, tmp_path / "network")
    assert manifest["model_name"] == "PP-YOLOE_seg-S"
    assert manifest["thresholds"] == {"score": 0.5, "mask": 0.5}
    assert manifest["postprocess"] == {
        "nms": {
            "score_threshold": pytest.approx(0.01),
            "nms_threshold": pytest.approx(0.7),
            "nms_eta": 1.0,
            "nms_top_k": 1000,
            "keep_top_k": 300,
            "background_label": -1,
            "normalized": True,
        }
    }
    [network] = manifest["networks"]
    assert {t["meaning"]: t["shape"] for t in network["outputs"]} == {
        "boxes_xyxy": [-1, 8400, 4],
        "class_scores": [-1, 80, 8400],
        "mask_coefficients": [-1, 32, 8400],
        "mask_prototypes": [-1, 32, 160, 160],
    }
    nodes = onnx.load(tmp_path / "network" / "network.onnx").graph.node
    kinds = {node.op_type for node in nodes}
    assert "BatchNormalization" not in kinds
    assert sum(node.op_type == "Conv" for node in nodes) == 98  # as many as the program has
