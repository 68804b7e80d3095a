"""Rows with boxes, as PaddleX reads them, by a twin that goes pixel by pixel."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from official import official

from instseg import EngineError, ModelError, Predictor, Result

HEIGHT, WIDTH = 40, 50
# class, score, box: the third is outside of the image, the fifth has no class, the sixth is at the
# threshold, the eighth rounds to no pixel, the first and the seventh are as good.
ROWS = np.array(
    [
        [1, 0.75, 3.5, 4.5, 20.5, 31.2],
        [0, 0.9, -5, -3, 12, 60],
        [2, 0.8, 60, 5, 70, 20],
        [2, 0.6, 10, 10, 90, 30],
        [-1, 0.95, 0, 0, 50, 40],
        [0, 0.5, 0, 0, 50, 40],
        [0, 0.75, 0, 0, 9, 9],
        [1, 0.7, 7.1, 7.1, 7.4, 7.4],
    ],
    np.float32,
)


def masks(dtype: Any = np.int32, height: int = HEIGHT, width: int = WIDTH) -> NDArray[Any]:
    stack = np.random.default_rng(5).integers(0, 2, (len(ROWS), HEIGHT, WIDTH))
    return stack[:, :height, :width].astype(dtype)


def answer(rows: NDArray[Any] = ROWS, stack: NDArray[Any] | None = None) -> Any:
    outputs = {
        "boxes_out": rows,
        "count_out": np.array([len(rows)], np.int32),
        "masks_out": masks() if stack is None else stack,
    }
    return lambda inputs: outputs


def predict(folder: Path, **options: Any) -> Result:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    return Predictor(folder, engine="paddle", num_threads=1).predict(image, **options)


def twin(threshold: float, clip: bool, stack: NDArray[Any]) -> list[tuple[Any, ...]]:
    found = []
    for row, (class_id, score, *box) in enumerate(ROWS.tolist()):
        x1, y1, x2, y2 = box
        x1, x2 = (min(max(x, 0), WIDTH) for x in (x1, x2))
        y1, y2 = (min(max(y, 0), HEIGHT) for y in (y1, y2))
        if not score > threshold or class_id < 0 or x1 >= x2 or y1 >= y2:
            continue
        mask = np.zeros((HEIGHT, WIDTH), bool)
        for y in range(stack.shape[1]):
            for x in range(stack.shape[2]):
                inside = round(x1) <= x < round(x2) and round(y1) <= y < round(y2)
                mask[y, x] = stack[row, y, x] == 1 and (inside or not clip)
        found.append((score, int(class_id), [x1, y1, x2, y2], mask))
    return sorted(found, key=lambda instance: -instance[0])


@pytest.mark.parametrize("clip", [True, False])
@pytest.mark.parametrize("threshold", [0, 0.5, 0.72])
@pytest.mark.parametrize(
    "stack", [masks(), masks(np.float32, HEIGHT - 1, WIDTH - 2)], ids=["int32", "short float32"]
)
def test_rows_are_those_of_the_twin(
    paddle: Any, tmp_path: Path, stack: NDArray[Any], threshold: float, clip: bool
) -> None:
    paddle.program = answer(stack=stack)
    result = predict(official(tmp_path / "m"), threshold=threshold, clip_masks=clip)
    expected = twin(threshold, clip, stack)
    assert len(result) == len(expected) > 1
    bitmaps = result.masks.bitmaps()
    for i, (score, class_id, box, mask) in enumerate(expected):
        assert result.scores[i] == np.float32(score)
        assert result.class_ids[i] == class_id
        np.testing.assert_array_equal(result.boxes[i], np.array(box, np.float32))
        np.testing.assert_array_equal(bitmaps[i], mask)
    assert result.labels == [["cat", "dog", "bird"][i] for i in result.class_ids]


def test_masks_on_a_gpu_are_fetched_row_by_row(
    install: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("paddlepaddle-gpu", "3.2.2")
    import paddle

    folder = official(tmp_path / "m")
    monkeypatch.setattr(paddle, "program", answer())
    expected = predict(folder)
    monkeypatch.setattr(paddle, "gpus", 2)
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    result = Predictor(folder, engine="paddle", device="gpu:1").predict(image)
    assert result.masks.rle() == expected.masks.rle()
    np.testing.assert_array_equal(result.boxes, expected.boxes)


def test_the_fewest_options(paddle: Any, tmp_path: Path) -> None:
    folder = official(tmp_path / "m")
    paddle.program = answer()
    everything = predict(folder)
    assert everything.scores.tolist() == ROWS[[1, 0, 6, 7, 3], 1].tolist()
    best = predict(folder, max_detections=2)
    assert best.masks.rle() == everything.masks.rle()[:2]
    cats = predict(folder, classes="cat", max_detections=1)
    assert (cats.labels, len(cats)) == (["cat"], 1)


def test_nothing_found(paddle: Any, tmp_path: Path) -> None:
    paddle.program = answer(np.zeros((1, 6), np.float32), masks()[:1])
    result = predict(official(tmp_path / "m"))
    assert (len(result), result.boxes.shape, result.masks.rle()) == (0, (0, 4), [])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_an_error(paddle: Any, tmp_path: Path, bad: float) -> None:
    rows = ROWS.copy()
    rows[3, 4] = bad
    paddle.program = answer(rows)
    with pytest.raises(EngineError, match=rf"Fake gave {bad} in its output 'boxes_out'"):
        predict(official(tmp_path / "m"))


def test_a_class_without_a_name_is_an_error(paddle: Any, tmp_path: Path) -> None:
    rows = ROWS.copy()
    rows[0, 0] = 3
    paddle.program = answer(rows)
    with pytest.raises(ModelError, match=r"gave class 3, but label_list .* names 3 classes"):
        predict(official(tmp_path / "m"))


def test_outputs_of_another_kind_are_an_error(paddle: Any, tmp_path: Path) -> None:
    paddle.program = answer(ROWS[:, :5])
    with pytest.raises(EngineError, match=r"0 outputs that could be boxes.*boxes_out \[8, 5\]"):
        predict(official(tmp_path / "m"))
