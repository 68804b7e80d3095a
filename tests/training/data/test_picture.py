"""Pictures of batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from written_coco import annotation, write_coco

from instseg.class_colors import class_color
from instseg_train.data import CocoDataset, TrainLoader


@pytest.mark.parametrize("model", ["SOLOv2", "MaskRCNN-ResNet50-FPN"])
def test_the_batch_with_its_objects_from_masks_or_polygons(tmp_path: Path, model: str) -> None:
    rows = [annotation(n, n) for n in range(1, 7)]
    data = CocoDataset(write_coco(tmp_path, rows, images=6, size=(64, 96)), "train")
    with TrainLoader(
        data, model=model, batch_size=6, input_size=(64, 96), num_workers=0
    ) as batches:
        batch = next(batches.epoch(0))
        picture = np.asarray(batches.picture(batch))
    height, width = batch["image"].shape[2:]
    assert picture.shape == (2 * height, 4 * width, 3)
    colour = np.array(class_color(0))
    for index, boxes in enumerate(batch["gt_bbox"]):
        row, column = divmod(index, 4)
        tile = picture[row * height :, column * width :][:height, :width]
        x1, y1, x2, y2 = boxes[0].round().astype(int)
        # The middle of the box is tinted with the class's colour; the noise around it is not.
        inside = tile[y1 + 4 : y2 - 4, x1 + 4 : x2 - 4].reshape(-1, 3).mean(axis=0)
        noise = (1 - 0.4) * 127.5 + 0.4 * colour
        assert np.abs(inside - noise).max() < 25  # the mean of some 100 pixels of noise
    assert not picture[height:, 2 * width :].any()
