"""Rows of SOLOv2: no boxes, placeholder rows, masks that are not quite as wide as the image."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from official import official

from instseg import EngineError, Predictor, Result

HEIGHT, WIDTH = 30, 40
OUTPUTS = ["count_out", "labels_out", "scores_out", "segm_out"]


def segments(width: int = WIDTH) -> Any:
    """Of five rows; the second has no foreground, the last is a placeholder."""
    stack = np.zeros((5, HEIGHT, width), np.uint8)
    stack[0, 3:9, 5:20] = 1
    stack[2, 10:30, 30:] = 1
    stack[3, 0, 0] = 1
    return stack


def predict(
    paddle: Any, folder: Path, scores: list[float], stack: Any = None, **options: Any
) -> Result:
    outputs = {
        "count_out": np.array([5], np.int32),
        "labels_out": np.array([2, 0, 1, 0, 0], np.int64),
        "scores_out": np.array(scores, np.float32),
        "segm_out": segments() if stack is None else stack,
    }
    paddle.outputs = OUTPUTS
    paddle.program = lambda inputs: outputs
    predictor = Predictor(folder, engine="paddle", num_threads=1)
    return predictor.predict(np.zeros((HEIGHT, WIDTH, 3), np.uint8), **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return official(tmp_path / "m", arch="SOLOv2", keep_ratio=True)


@pytest.mark.parametrize("placeholder", [0.0, np.nan])
def test_boxes_are_extents_and_placeholders_no_instances(
    paddle: Any, folder: Path, placeholder: float
) -> None:
    result = predict(paddle, folder, [0.5, 0.9, 0.75, 0.25, placeholder], threshold=0)
    np.testing.assert_array_equal(
        result.boxes, [[30, 10, WIDTH, HEIGHT], [5, 3, 20, 9], [0, 0, 1, 1]]
    )
    assert result.scores.tolist() == [0.75, 0.5, 0.25]
    assert result.labels == ["dog", "bird", "cat"]
    np.testing.assert_array_equal(result.masks.bitmaps(), segments()[[2, 0, 3]] == 1)


def test_the_threshold_itself_is_kept(paddle: Any, folder: Path) -> None:
    scores = [0.5, 0.9, 0.75, 0.25, 0.0]
    assert predict(paddle, folder, scores).scores.tolist() == [0.75, 0.5]
    assert predict(paddle, folder, scores, max_detections=1).scores.tolist() == [0.75]


@pytest.mark.parametrize("width", [WIDTH - 3, WIDTH + 3])
def test_masks_are_cut_or_continued_to_the_image(paddle: Any, folder: Path, width: int) -> None:
    result = predict(paddle, folder, [0.5, 0.9, 0.75, 0.25, 0.0], segments(width))
    assert result.boxes[0].tolist() == [30, 10, min(width, WIDTH), HEIGHT]
    assert result.masks.bitmaps().shape == (2, HEIGHT, WIDTH)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_an_error(paddle: Any, folder: Path, bad: float) -> None:
    with pytest.raises(EngineError, match=rf"Fake gave {bad} in its output 'scores_out'"):
        predict(paddle, folder, [0.5, 0.9, bad, 0.25, 0.0])
