"""Programs of small variants: Paddle Inference runs them, and they compute what the layers do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import paddle
import paddle.inference
import pytest
from random_batches import random_batch

from instseg.errors import EngineError
from instseg.importer import import_model
from instseg_train import build_model, export_model
from instseg_train.models.segmenter import Segmenter

KINDS = [
    "PP-YOLOE_seg-S",
    "SOLOv2",
    "Mask-RT-DETR-S",
    "MaskRCNN-ResNet50",
    "MaskRCNN-ResNet50-FPN",
    "Cascade-MaskRCNN-ResNet50-FPN",
]
SIZE = (128, 160)
# Paddle 3.1 and newer trace with functions that take tensors of the new format alone.
WRITES_LEGACY = paddle.__version__.startswith("3.0.")


def small(name: str) -> Segmenter:
    """With class scores that are spread: some are found, some not."""
    paddle.seed(0)
    model = build_model(name, 3, width=0.125, depth=0.34, from_scratch=True)
    for key, tensor in model.state_dict().items():
        if key.startswith(model.class_head_names) and tensor.ndim > 1:
            tensor.set_value(tensor + paddle.normal(0.0, 0.3, tensor.shape))
    return model


def run_program(folder: Path, inputs: dict[str, Any]) -> list[np.ndarray]:
    [program] = [p for p in folder.glob("inference.*") if p.suffix in (".json", ".pdmodel")]
    config = paddle.inference.Config(str(program), str(folder / "inference.pdiparams"))
    config.disable_glog_info()
    config.switch_ir_optim(False)
    config.disable_mkldnn()
    predictor = paddle.inference.create_predictor(config)
    for name in predictor.get_input_names():
        predictor.get_input_handle(name).copy_from_cpu(inputs[name].numpy())
    predictor.run()
    names = predictor.get_output_names()
    return [predictor.get_output_handle(name).copy_to_cpu() for name in names]


def check(model: Segmenter, folder: Path) -> None:
    """By name, as Paddle sorts the outputs."""
    inputs = random_batch([1], 3, size=SIZE)
    found = run_program(folder, inputs)
    model.eval()
    with paddle.no_grad():
        outputs = model(inputs)
    assert len(found) == len(outputs)
    for name, ours in zip(sorted(outputs), found, strict=True):
        wanted = outputs[name].numpy()
        assert ours.shape == wanted.shape, name
        if np.issubdtype(wanted.dtype, np.floating) and name != "mask":
            np.testing.assert_allclose(ours, wanted, rtol=1e-3, atol=1e-3, err_msg=name)
        else:
            assert np.mean(ours != wanted) < 1e-3, name


@pytest.mark.parametrize("name", KINDS)
def test_the_program_computes_what_the_model_does(name: str, tmp_path: Path) -> None:
    model = small(name)
    export_model(model, tmp_path / "folder", input_size=SIZE, verify=False)
    assert model.training
    check(model, tmp_path / "folder")
    assert import_model(tmp_path / "folder", tmp_path / "network")


@pytest.mark.parametrize("name", KINDS)
def test_legacy_programs(name: str, tmp_path: Path) -> None:
    model = small(name)
    arguments: dict[str, Any] = {
        "input_size": SIZE,
        "verify": False,
        "program_format": "legacy",
    }
    if WRITES_LEGACY:
        export_model(model, tmp_path / "folder", **arguments)
        check(model, tmp_path / "folder")
        assert import_model(tmp_path / "folder", tmp_path / "network")
        return
    with pytest.raises(EngineError, match="cannot write programs of the legacy format"):
        export_model(model, tmp_path / "folder", **arguments)
    assert not list(tmp_path.iterdir())
