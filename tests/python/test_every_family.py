"""What holds of every family alike, from pixels to results: batches, points and strips."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny_model
import tiny_solov2
from pictures import photo
from results import fingerprint

from instseg import Predictor

sys.path.insert(0, str(Path(__file__).resolve().parent / "importer"))

from tiny_mask_rcnn import TinyMaskRcnn
from tiny_ppyoloe_seg import TinyPpyoloeSeg

MODELS: dict[str, Callable[[Path], object]] = {
    "mask_rtdetr": tiny_model.write_network_folder,
    "solov2": tiny_solov2.write_network_folder,
    "ppyoloe_seg": TinyPpyoloeSeg(seed=3).write,
    "mask_rcnn": TinyMaskRcnn().write,
    "mask_rcnn_c4": TinyMaskRcnn(levels=1).write,
    "cascade_mask_rcnn": TinyMaskRcnn(stages=3, levels=3, seed=1).write,
}

SIZES = [(48, 64), (1, 1), (200, 90), (1, 4000), (4000, 1), (61, 61)]


@pytest.fixture(params=MODELS, scope="module")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / request.param
    MODELS[request.param](folder)
    return folder


def pictures() -> list[np.ndarray]:
    return [photo(height, width, seed=i) for i, (height, width) in enumerate(SIZES)]


def test_a_batch_gives_the_bytes_of_single_predictions(folder: Path) -> None:
    predictor = Predictor(folder, num_threads=3, num_streams=3)
    images = pictures()
    alone = [fingerprint(predictor.predict(image, threshold=0.2)) for image in images]
    assert len(set(alone)) > 1
    for count in (1, len(images)):
        for first in range(0, len(images), count):
            found = predictor.predict_batch(images[first : first + count], threshold=0.2)
            assert [fingerprint(result) for result in found] == alone[first : first + count]
    backwards = predictor.predict_batch(images[::-1], threshold=0.2)
    assert [fingerprint(result) for result in backwards] == alone[::-1]


def test_points_and_strips_give_boxes_inside_the_image(folder: Path) -> None:
    predictor = Predictor(folder, num_threads=2)
    instances = 0
    for image in pictures():
        height, width = image.shape[:2]
        for clip_masks in (True, False):
            result = predictor.predict(image, threshold=0.2, clip_masks=clip_masks)
            instances += len(result)
            assert len(result.masks.rle()) == len(result)
            assert result.masks.bitmaps().shape == (len(result), height, width)
            x1, y1, x2, y2 = result.boxes.T
            assert (x1 >= 0).all()
            assert (x1 < x2).all()
            assert (x2 <= width).all()
            assert (y1 >= 0).all()
            assert (y1 < y2).all()
            assert (y2 <= height).all()
            assert np.isfinite(result.scores).all()
            assert (np.diff(result.scores) <= 0).all()
    assert instances > 0
