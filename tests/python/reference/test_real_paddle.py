"""The engine "paddle" with Paddle itself, on a small program that Paddle exports."""

import contextlib
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from official import official

from instseg import Predictor

pytest.importorskip("paddle.inference", reason="paddlepaddle is not installed (extra paddle)")

HEIGHT, WIDTH = 50, 70


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rows: the score of the first is the image's most red, of the second its most blue; the
    masks are the left and the right half of the image."""
    import paddle

    class Network(paddle.nn.Layer):
        def __init__(self) -> None:
            super().__init__()
            # Paddle refuses a program without parameters.
            one = paddle.nn.initializer.Constant(1.0)
            self.gain = self.create_parameter([1], default_initializer=one)

        def forward(self, image: Any, im_shape: Any, scale_factor: Any) -> Any:
            size = paddle.floor(im_shape / scale_factor + 0.5)
            height, width = size[0, 0:1], size[0, 1:2]
            zero = paddle.zeros_like(height)
            rows = []
            for class_id, (channel, x1, x2) in enumerate(
                ((0, zero, width / 2), (2, width / 2, width))
            ):
                score = paddle.max(image[:, channel]).reshape([1]) * self.gain
                rows.append(paddle.concat([zero + class_id, score, x1, zero, x2, height]))
            rows = paddle.stack(rows)
            grid = paddle.arange(WIDTH, dtype="float32").reshape([1, 1, WIDTH])
            grid = grid.expand([2, HEIGHT, WIDTH])
            inside = (grid >= rows[:, 2].reshape([2, 1, 1])) & (
                grid < rows[:, 4].reshape([2, 1, 1])
            )
            return rows, paddle.full([1], 2, "int32"), inside.astype("int32")

    folder = official(tmp_path_factory.mktemp("models") / "m")
    (folder / "inference.json").unlink()
    (folder / "inference.pdiparams").unlink()
    spec = [
        paddle.static.InputSpec([1, 3, 64, 96], "float32", "image"),
        paddle.static.InputSpec([1, 2], "float32", "im_shape"),
        paddle.static.InputSpec([1, 2], "float32", "scale_factor"),
    ]
    network = Network()
    network.eval()
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        paddle.jit.save(network, str(folder / "inference"), input_spec=spec)
    return folder


@pytest.mark.parametrize("streams", [1, 2])
def test_what_paddle_computes_is_the_result(folder: Path, streams: int) -> None:
    predictor = Predictor(folder, engine="paddle", num_threads=2, num_streams=streams)
    predictor.warm_up()
    images = []
    for red, blue in ((0.6, 0.8), (0.9, 0.2), (0.1, 0.2)):
        image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        image[..., 0], image[..., 2] = round(red * 255), round(blue * 255)
        images.append(image)
    both, left, none = predictor.predict_batch(images, color="rgb")
    assert (both.labels, left.labels, none.labels) == (["dog", "cat"], ["cat"], [])
    levels = np.array([204, 153], np.float32)
    np.testing.assert_array_equal(both.scores, levels * np.float32(1 / 255))
    np.testing.assert_array_equal(both.boxes, [[35, 0, 70, 50], [0, 0, 35, 50]])
    bitmaps = both.masks.bitmaps()
    assert bitmaps[0][:, 35:].all()
    assert not bitmaps[0][:, :35].any()
    np.testing.assert_array_equal(bitmaps[1], ~bitmaps[0])
    assert predictor.info()["engine"].startswith("paddle 3.")
