"""The cut of Mask R-CNN is found by structure: sizes, stages, levels, names are free."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from run_network import run_onnx, worst_difference
from tiny_mask_rcnn import CHANNELS, FACTORS, POOLED, TinyMaskRcnn

from instseg.errors import ModelError
from instseg.importer import import_model

TOLERANCE = 3e-6
"""float32 against float64, sums of up to some hundred terms."""

SIZES = [
    TinyMaskRcnn(),
    TinyMaskRcnn(classes=1, levels=1, mask_side=2, sampling_ratio=-1),
    TinyMaskRcnn(stages=3, levels=3, seed=1),
    TinyMaskRcnn(classes=7, stages=3, levels=1, anchors=1, aligned=True, mask_threshold=0.25),
]


def imported(folder: Path, network: Path) -> dict[str, Any]:
    import_model(folder, network)
    manifest: dict[str, Any] = json.loads((network / "instseg.json").read_text())
    assert manifest["family"] == "mask_rcnn"
    return manifest


def box_roles(stages: int) -> list[str]:
    return ["box"] if stages == 1 else [f"box_{i + 1}" for i in range(stages)]


@pytest.mark.parametrize("model", SIZES, ids=str)
def test_other_sizes_are_imported(model: TinyMaskRcnn, tmp_path: Path) -> None:
    model.write(tmp_path / "official")
    manifest = imported(tmp_path / "official", tmp_path / "network")
    networks = {network["role"]: network for network in manifest["networks"]}
    assert list(networks) == ["main", *box_roles(model.stages), "mask"]
    assert manifest["thresholds"] == {"score": 0.4, "mask": model.mask_threshold}
    shapes = {t["meaning"]: t["shape"] for t in networks["main"]["outputs"]}
    assert shapes["features_0"] == [-1, -1, -1, CHANNELS]
    assert shapes["rpn_deltas_0"] == [-1, 4 * model.anchors, -1, -1]
    [mask] = networks["mask"]["outputs"]
    assert mask["shape"] == [-1, model.classes, model.mask_side, model.mask_side]

    random = np.random.default_rng(9)
    image = random.uniform(size=(1, 3, 32, 64)).astype(np.float32)
    compare(tmp_path, "main", {"image": image}, model.main(image))
    for stage, role in enumerate(box_roles(model.stages)):
        features = random.normal(size=(5, POOLED["box"], POOLED["box"], CHANNELS))
        expected = model.box(features.astype(np.float32), stage)
        compare(tmp_path, role, {"roi_features": features.astype(np.float32)}, expected)
    features = random.normal(size=(5, POOLED["mask"], POOLED["mask"], CHANNELS))
    features = features.astype(np.float32)
    compare(tmp_path, "mask", {"roi_features": features}, model.mask(features))


def compare(folder: Path, role: str, feeds: dict[str, Any], expected: dict[str, Any]) -> None:
    found = run_onnx(folder / "network" / f"{role}.onnx", feeds)
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].shape == array.shape
        assert worst_difference(found[name], array) <= TOLERANCE, (role, name)


@pytest.mark.parametrize("model", SIZES, ids=str)
def test_numbers_are_those_of_the_program(model: TinyMaskRcnn, tmp_path: Path) -> None:
    model.write(tmp_path / "official")
    postprocess = imported(tmp_path / "official", tmp_path / "network")["postprocess"]
    assert postprocess["nms"] == {
        "score_threshold": 0.125,
        "normalized": True,
        "nms_threshold": 0.625,
        "nms_eta": 1.0,
        "nms_top_k": -1,
        "keep_top_k": 11,
        "background_label": model.classes,
    }
    rcnn = postprocess["rcnn"]
    proposals = rcnn["proposals"]
    for level, grid in enumerate(proposals.pop("levels")):
        assert (grid["stride_x"], grid["stride_y"]) == (4 * 2**level, 4 * 2**level)
        boxes = [anchor["box"] for anchor in grid["anchors"]]
        assert boxes == model.base_anchors(level).tolist()
    assert proposals == {
        "variances": [1.0] * 4,
        "pre_nms_top_n": 50,
        "post_nms_top_n": 40,
        "nms_threshold": 0.75,
        "nms_eta": 1.0,
        "min_size": 2.0,
        "pixel_offset": False,
        "keep_top_n": 0 if model.levels == 1 else 30,
    }
    for head, side in POOLED.items():
        assert rcnn[f"{head}_pooling"] == {
            "height": side,
            "width": side,
            "sampling_ratio": model.sampling_ratio,
            "aligned": model.aligned,
            "spatial_scales": [0.25 / 2**level for level in range(model.levels)],
        }
    assert rcnn["box_stages"] == [
        {"delta_factors": list(factors), "max_log_size": 4.0} for factors in FACTORS[: model.stages]
    ]
    assert rcnn["score_factor"] == pytest.approx(1 / model.stages)
    if model.levels == 1:
        assert "levels" not in rcnn
    else:
        assert rcnn["levels"] == {
            "min_level": 3,
            "max_level": 2 + model.levels,
            "refer_level": 3,
            "refer_scale": 24,
            "pixel_offset": False,
        }


BROKEN = {
    "levels differ": r"'generate_proposals' .*: levels with different settings",
    "odd anchors": r"'generate_proposals' .* anchors for a map|its anchors are no regular grid",
    "levels swapped": r"'distribute_fpn_proposals' .*: one 'roi_align' per level expected",
    "deltas swapped": r"'stack' .*: deltas in the order x, y, w, h of one tensor expected",
    "half": r"'scale' .*: half the size expected",
    "background first": r"'slice' .*: all classes but the last expected",
    "scaled boxes": r"should come from 'multiclass_nms3', but comes from .*'divide'",
    "tanh": r"should come from 'sigmoid', but comes from .*'tanh'",
    "corners": r"'grid_sample' .*: masks pasted by .* are not supported",
}


@pytest.mark.parametrize("change", BROKEN)
def test_other_structure_is_refused(change: str, tmp_path: Path) -> None:
    TinyMaskRcnn(change=change).write(tmp_path / "official")
    with pytest.raises(ModelError, match=BROKEN[change]):
        import_model(tmp_path / "official", tmp_path / "network")
    assert not (tmp_path / "network").exists()


@pytest.mark.parametrize("threshold", [0.0, 1.0, -3.0])
def test_mask_threshold_must_be_a_probability(threshold: float, tmp_path: Path) -> None:
    TinyMaskRcnn(mask_threshold=threshold).write(tmp_path / "official")
    with pytest.raises(ModelError, match=r"the mask threshold is not a number in 0..1"):
        import_model(tmp_path / "official", tmp_path / "network")


@pytest.mark.parametrize(
    "model",
    ["MaskRCNN-ResNet50", "MaskRCNN-ResNet50-FPN", "Cascade-MaskRCNN-ResNet50-vd-SSLDv2-FPN"],
)
def test_official_program_says_the_same_in_both_formats(
    official_folder: Callable[..., Path], model: str, tmp_path: Path
) -> None:
    manifests = {}
    for program_format in ("pir", "old"):
        official = official_folder(model, program_format, weights=False)
        manifests[program_format] = imported(official, tmp_path / program_format)
    pir, old = manifests["pir"], manifests["old"]
    for key in ("model_name", "class_names", "preprocess", "thresholds", "postprocess"):
        assert pir[key] == old[key]
    assert [n["role"] for n in pir["networks"]] == [n["role"] for n in old["networks"]]
    for one, other in zip(pir["networks"], old["networks"], strict=True):
        assert (one["inputs"], one["outputs"]) == (other["inputs"], other["outputs"])
        kinds = [
            sorted(node.op_type for node in onnx.load(tmp_path / f / one["file"]).graph.node)
            for f in ("pir", "old")
        ]
        assert kinds[0] == kinds[1]
        assert "BatchNormalization" not in kinds[0]
