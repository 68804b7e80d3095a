"""What is measured, and what is said where nothing can be."""

from pathlib import Path
from typing import Any

import pytest
from harness.gpu.held import held
from harness.gpu.plan import Model, NoGpu, Plan, find_model, gpu_engine, usable_precisions
from harness.model_folders import FolderError

from instseg.errors import InvalidArgument

TENSORRT = {
    "name": "tensorrt",
    "available": True,
    "devices": ["gpu"],
    "precisions": ["fp32", "tf32", "fp16"],
    "remedy": "",
}
OPENVINO = {**TENSORRT, "name": "openvino", "devices": ["cpu"], "precisions": ["fp32"]}


def plan(**changes: Any) -> Plan:
    fields: dict[str, Any] = {
        "models": [Model("a", Path("a"), "trained")],
        "engine": "tensorrt",
        "device": "gpu",
        "precisions": ["fp32"],
        "steps": ["latency"],
        "image": Path("a.jpg"),
        "runs": 1,
        "warm_ups": 1,
        "streams": [1],
        "batches": [1],
        "growth_predictions": 1,
        "threads": 1,
    }
    return Plan(**{**fields, **changes})


def test_the_engine_is_found_for_any_gpu() -> None:
    assert gpu_engine([OPENVINO, TENSORRT], "tensorrt", "gpu:1") is TENSORRT


def test_an_engine_that_cannot_be_used_says_what_to_do() -> None:
    missing = {**TENSORRT, "available": False, "remedy": "install instseg[tensorrt]"}
    with pytest.raises(NoGpu, match=r"cannot be used here: install instseg\[tensorrt\]"):
        gpu_engine([OPENVINO, missing], "tensorrt", "gpu")
    with pytest.raises(NoGpu, match=r"no engine 'tensorrt' in this build.*docs/gpu.md"):
        gpu_engine([OPENVINO], "tensorrt", "gpu")
    with pytest.raises(NoGpu, match="has no device 'gpu' here; it has cpu"):
        gpu_engine([OPENVINO], "openvino", "gpu")


def test_precisions_are_those_of_the_engine_each_once() -> None:
    assert usable_precisions(TENSORRT, ["fp16", "fp32", "fp16"]) == ["fp16", "fp32"]
    with pytest.raises(InvalidArgument, match="no precision 'int8'"):
        usable_precisions(TENSORRT, ["int8"])


def test_a_model_is_measured_once_by_known_steps() -> None:
    model = Model("a", Path("a"), "trained")
    with pytest.raises(InvalidArgument, match="asked for twice: a, a"):
        plan(models=[model, model])
    with pytest.raises(InvalidArgument, match="Unknown steps: speed"):
        plan(steps=["latency", "speed"])


def test_folders_are_named_after_the_model_or_told_apart(tmp_path: Path) -> None:
    for name in ("SOLOv2_infer", "solov2_small"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "inference.yml").write_text("Global: {model_name: SOLOv2}\n")
    found = find_model(str(tmp_path / "SOLOv2_infer"), tmp_path, tmp_path)
    assert (found.label, found.weights) == ("SOLOv2", "trained")
    found = find_model(str(tmp_path / "solov2_small"), tmp_path, tmp_path)
    assert found.label == "SOLOv2 (solov2_small)"


def test_an_unknown_model_names_both_ways(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"YOLO is neither a folder .*nor can it be fetched"):
        find_model("YOLO", tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("model", "weights", "precision", "detections"),
    [
        ("Mask-RT-DETR-L", "trained", "fp32", True),
        ("Mask-RT-DETR-L", "generated", "fp32", True),
        ("Mask-RT-DETR-X", "generated", "fp32", False),
        ("SOLOv2", "generated", "fp32", True),
        ("SOLOv2", "generated", "fp16", False),
        ("Mask-RT-DETR-H", "trained", "fp16", True),
    ],
)
def test_either_detections_or_tensors_are_held(
    model: str, weights: str, precision: str, detections: bool
) -> None:
    rule = held(model, weights, precision)
    assert (rule.detections is not None) == detections
    assert (rule.tensors is None) == detections


def test_calm_mask_rtdetr_is_held_less_closely_than_trained() -> None:
    calm, trained = (held("Mask-RT-DETR-S", kind, "fp32") for kind in ("generated", "trained"))
    assert calm.detections is not None
    assert trained.detections is not None
    assert (calm.detections.score, calm.detections.box_px) == (5e-3, 1.0)
    assert (trained.detections.score, trained.detections.box_px) == (2e-3, 0.5)
