"""SOLOv2 from picture to instances, with a tiny hand-made network; its post-processing alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_solov2
from numpy.typing import NDArray

import instseg
from instseg import _core


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> instseg.Predictor:
    folder = tiny_solov2.write_network_folder(tmp_path_factory.mktemp("models") / "tiny")
    return instseg.Predictor(folder, num_threads=2)


def flag(height: int, width: int) -> NDArray[np.uint8]:
    """RGB: the upper left quarter red, the lower right quarter blue, the rest black."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2, 0] = 255
    image[height // 2 :, width // 2 :, 2] = 255
    return image


@pytest.mark.parametrize(
    ("height", "width"), [(64, 96), (96, 64), (60, 61), (200, 300), (1080, 1920), (31, 500)]
)
def test_finds_both_quarters(predictor: instseg.Predictor, height: int, width: int) -> None:
    """Of any size: padding is no part of the picture, boxes are those of the masks."""
    result = predictor.predict(flag(height, width), color="rgb")
    assert list(result.labels) == ["red", "blue"]
    # A logit of 30 is a probability of 1; the second red mask is gone: 0.8 * exp(-2) < 0.5.
    assert result.scores == pytest.approx([0.9, 0.75], abs=0.02)
    # A feature covers 4 pixels of the network's input; edges lie within one feature.
    pixel = 4 * max(height / 64, width / 96)
    halves = [0, 0, width / 2, height / 2], [width / 2, height / 2, width, height]
    for box, expected, bitmap in zip(result.boxes, halves, result.masks.bitmaps(), strict=True):
        assert box == pytest.approx(expected, abs=pixel)
        rows, columns = np.flatnonzero(bitmap.any(1)), np.flatnonzero(bitmap.any(0))
        assert box.tolist() == [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]


def test_thresholds_and_classes(predictor: instseg.Predictor) -> None:
    image = flag(64, 96)
    low = predictor.predict(image, color="rgb", threshold=0.1)
    assert low.scores == pytest.approx([0.9, 0.75, 0.8 * np.exp(-2)], abs=0.02)
    second = float(low.scores[1])
    assert len(predictor.predict(image, color="rgb", threshold=second).scores) == 2
    above = float(np.nextafter(np.float32(second), np.float32(1)))
    assert len(predictor.predict(image, color="rgb", threshold=above).scores) == 1
    blue = predictor.predict(image, color="rgb", classes=["blue"])
    assert list(blue.class_ids) == [1]
    assert len(predictor.predict(image, color="rgb", max_detections=1).scores) == 1


def test_a_picture_without_instances(predictor: instseg.Predictor) -> None:
    for size in ((64, 96), (1, 1), (1, 4000)):
        result = predictor.predict(np.zeros((*size, 3), np.uint8))
        assert len(result.scores) == 0
        assert result.masks.bitmaps().shape == (0, *size)


def test_linear_decay_of_the_manifest(tmp_path: Path) -> None:
    folder = tiny_solov2.write_network_folder(
        tmp_path / "linear", nms_decay="linear", nms_sigma=None
    )
    result = instseg.Predictor(folder).predict(flag(64, 96), color="rgb", threshold=0.0)
    assert list(result.class_ids) == [0, 1]  # the copy of the red mask is lowered to 0


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"top_k": None}, "'top_k' is missing"),
        ({"level_strides": None}, "'level_strides' is missing"),
        ({"nms_sigma": None}, "'nms_sigma' is missing"),
        ({"nms_decay": "cubic"}, "'nms_decay' is \"cubic\""),
        ({"width_by_height_factor": None}, "'width_by_height_factor' is missing"),
        ({"mask_upsampling": 0}, "'mask_upsampling' is 0"),
        ({"candidate_threshold": 2}, "'candidate_threshold' is 2"),
        ({"level_strides": [8, 16, 32]}, 'expected "category_scores_2"'),
    ],
)
def test_refuses_manifests(tmp_path: Path, numbers: dict[str, Any], message: str) -> None:
    folder = tiny_solov2.write_network_folder(tmp_path / "bad", **numbers)
    with pytest.raises(instseg.ModelError, match=message):
        instseg.Predictor(folder)


def dense(height: int, width: int) -> tuple[Any, Any, NDArray[np.float32]]:
    """What the tiny network gives for flag(height, width), sides being multiples of 4."""
    image = flag(height, width).astype(np.float32) / 255
    colours = image.reshape(height // 4, 4, width // 4, 4, 3).mean((1, 3)).transpose(2, 0, 1)
    features = np.concatenate([colours, np.ones((1, *colours.shape[1:]), np.float32)])
    kernels = [np.ascontiguousarray(level[0]) for level in tiny_solov2.kernels()]
    scores = [np.ascontiguousarray(level[0]) for level in tiny_solov2.scores()]
    return scores, kernels, np.ascontiguousarray(features, np.float32)


def test_post_processing_alone() -> None:
    scores, kernels, features = dense(64, 96)
    results = [
        _core.postprocess_solov2(
            scores,
            kernels,
            features,
            (64, 96),
            (640, 960),
            level_strides=[8, 16],
            threshold=0.5,
            num_threads=threads,
        )
        for threads in (1, 3)
    ]
    for result in results:
        assert list(result.class_ids) == [0, 1]
        assert result.scores == pytest.approx([0.9, 0.75], abs=1e-6)
        assert result.boxes.ravel() == pytest.approx([0, 0, 480, 320, 480, 320, 960, 640], abs=20)
    assert [mask.rle() for mask in results[0].masks] == [mask.rle() for mask in results[1].masks]


def test_post_processing_refuses_what_does_not_belong_together() -> None:
    scores, kernels, features = dense(64, 96)
    options: dict[str, Any] = {"level_strides": [8, 16], "threshold": 0.5}
    call = _core.postprocess_solov2
    with pytest.raises(instseg.InvalidArgument, match="of the same levels"):
        call(scores, kernels[:1], features, (64, 96), (64, 96), **options)
    with pytest.raises(instseg.InvalidArgument, match="do not belong together"):
        call(scores, kernels[::-1], features, (64, 96), (64, 96), **options)
    wrong = [level.astype(np.float64) for level in scores]
    with pytest.raises(instseg.InvalidArgument, match="scores has dtype float64"):
        call(wrong, kernels, features, (64, 96), (64, 96), **options)
    with pytest.raises(instseg.InvalidArgument, match="at least 1"):
        call(scores, kernels, features, (64, 96), (0, 96), **options)
    with pytest.raises(instseg.InvalidArgument, match='nms_decay is "cubic"'):
        call(scores, kernels, features, (64, 96), (64, 96), nms_decay="cubic", **options)
    with pytest.raises(instseg.EngineError, match="features of 16 x 24 for an input of 65 x 96"):
        call(scores, kernels, features, (65, 96), (64, 96), **options)
    features[0, 3, 5] = np.nan
    with pytest.raises(instseg.EngineError, match="mask_features"):
        call(scores, kernels, features, (64, 96), (64, 96), **options)
