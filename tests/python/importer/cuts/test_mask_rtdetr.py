"""The cut of Mask-RT-DETR is found by structure: sizes, names and numbering are free."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from run_network import run_onnx, worst_difference
from tiny_mask_rtdetr import TinyMaskRtdetr

from instseg.errors import ModelError
from instseg.importer import import_model
from instseg.importer.cuts.families import family_of

TOLERANCE = 3e-6
"""float32 against float64, sums of up to some hundred terms."""

SIZES = [
    TinyMaskRtdetr(),
    TinyMaskRtdetr(classes=1, prototypes=1, side=16, top_k=1, mask_threshold=0.25),
    TinyMaskRtdetr(classes=11, prototypes=8, side=40, top_k=30, seed=3),
]


@pytest.mark.parametrize("model", SIZES, ids=str)
def test_other_sizes_are_imported(model: TinyMaskRtdetr, tmp_path: Path) -> None:
    model.write(tmp_path / "official")
    import_model(tmp_path / "official", tmp_path / "network")
    manifest = json.loads((tmp_path / "network" / "instseg.json").read_text())
    [network] = manifest["networks"]
    q, k, p, half = model.queries, model.classes, model.prototypes, model.side // 2
    assert {(t["name"], t["meaning"]): t["shape"] for t in network["outputs"]} == {
        ("boxes", "boxes_cxcywh"): [-1, q, 4],
        ("logits", "class_logits"): [-1, q, k],
        ("mask_coefficients", "mask_coefficients"): [-1, q, p],
        ("prototypes", "mask_prototypes"): [-1, p, half, half],
    }
    [image] = network["inputs"]
    assert (image["name"], image["shape"]) == ("image", [-1, 3, model.side, model.side])
    assert manifest["postprocess"] == {"top_k": model.top_k}
    assert manifest["thresholds"] == {"score": 0.4, "mask": model.mask_threshold}
    assert len(manifest["class_names"]) == k

    images = np.random.default_rng(9).uniform(size=(2, 3, model.side, model.side))
    found = run_onnx(tmp_path / "network" / "network.onnx", {"image": images.astype(np.float32)})
    expected = model.dense(images.astype(np.float32))
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].shape == array.shape
        assert worst_difference(found[name], array) <= TOLERANCE, name


BROKEN = {
    "softmax": r"%\d+ should come from 'sigmoid', but comes from operator 'softmax' \(number \d+",
    "index": "boxes and masks are selected by different queries",
    "width": r"ends in bbox \[n, 6\] and mask \[n, H, W\]; this one in int32",
    "unknown operator": r"operator 'frobnicate' \(number \d+ -> %\d+, in /Head/Frob/\): this op",
    "control flow": r"operator 'if' \(number \d+ -> %\d+\): this operator is not supported in a d",
}


@pytest.mark.parametrize("change", BROKEN)
def test_other_structure_is_refused(change: str, tmp_path: Path) -> None:
    TinyMaskRtdetr(change=change).write(tmp_path / "official")
    with pytest.raises(ModelError, match=BROKEN[change]):
        import_model(tmp_path / "official", tmp_path / "network")
    assert not (tmp_path / "network").exists()


@pytest.mark.parametrize("threshold", [0.0, 1.0, -3.0])
def test_mask_threshold_must_be_a_probability(threshold: float, tmp_path: Path) -> None:
    TinyMaskRtdetr(mask_threshold=threshold).write(tmp_path / "official")
    with pytest.raises(ModelError, match=r"'greater_than' .*: the mask threshold is not a number"):
        import_model(tmp_path / "official", tmp_path / "network")


def test_more_results_than_candidates_are_refused(tmp_path: Path) -> None:
    TinyMaskRtdetr(top_k=49).write(tmp_path / "official")  # 16 queries, 3 classes
    with pytest.raises(ModelError, match=r"operator 'topk' .*: the best 49 of 48 cannot be taken"):
        import_model(tmp_path / "official", tmp_path / "network")


def test_unknown_arch_names_what_is_supported() -> None:
    with pytest.raises(
        ModelError, match=r"arch 'YOLOv99' cannot be imported; supported are .*DETR"
    ):
        family_of("YOLOv99")
