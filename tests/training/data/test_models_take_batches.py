"""Every family takes the batches of its recipe: polygons, bitmaps, images without objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from written_coco import annotation, write_coco

from instseg_train import build_model
from instseg_train.data import Batch, CocoDataset, TrainLoader


def tensors(batch: Batch) -> dict[str, Any]:
    """Arrays as tensors; polygons stay as they are."""
    inputs: dict[str, Any] = {}
    for key, value in batch.items():
        if key == "gt_poly":
            inputs[key] = value
        elif isinstance(value, list):
            inputs[key] = [paddle.to_tensor(item) for item in value]
        else:
            inputs[key] = paddle.to_tensor(value)
    return inputs


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("PP-YOLOE_seg-S", (64, 96)),
        ("Mask-RT-DETR-S", (128, 128)),
        ("MaskRCNN-ResNet50-FPN", (64, 86)),
        ("Cascade-MaskRCNN-ResNet50-FPN", (64, 86)),
        ("SOLOv2", (64, 86)),
    ],
)
def test_losses_are_finite(tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    runs = {"size": [48, 64], "counts": [500, 60, 2512]}
    rows = [
        annotation(1, 1),
        annotation(1, 2, category_id=2),
        annotation(2, 3),
        annotation(2, 4, segmentation=runs, bbox=[10, 0, 2, 48]),
    ]
    write_coco(tmp_path, rows, images=3)
    dataset = CocoDataset(tmp_path, "train", allow_empty=True)
    paddle.seed(0)
    model = build_model(name, 2, width=0.25, depth=0.34)
    loader = TrainLoader(dataset, model=name, batch_size=3, input_size=size, num_workers=0)
    losses = model(tensors(next(loader.epoch(0))))
    assert losses
    assert all(np.isfinite(float(value)) for value in losses.values())
