"""What the workers decide without the libraries that they time."""

from pathlib import Path

import numpy as np
import pytest
from openvino_worker import photo_tensor
from paddlex_worker import engine_configs
from PIL import Image


def test_default_mode_leaves_the_choice_to_paddlex() -> None:
    assert list(engine_configs("default", 4)) == [{"cpu_threads": 4}]


def test_forced_onednn_falls_back_to_the_old_ir() -> None:
    new, old = engine_configs("onednn", 4)
    assert new == {"cpu_threads": 4, "run_mode": "mkldnn"}
    assert old == {**new, "enable_new_ir": False}


def test_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="expected default or onednn"):
        list(engine_configs("fast", 4))


def test_photo_tensor_is_the_normalised_photo(tmp_path: Path) -> None:
    pixels = np.full((8, 10, 3), (10, 20, 30), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    spec = {"scale": 1 / 255, "mean": [0.1, 0.2, 0.3], "std": [0.5, 0.25, 0.125]}
    tensor = photo_tensor(str(tmp_path / "photo.png"), [1, 3, 4, 6], spec)
    assert (tensor.shape, tensor.dtype) == ((1, 3, 4, 6), np.float32)
    for channel, level in enumerate((10, 20, 30)):
        expected = (level / 255 - spec["mean"][channel]) / spec["std"][channel]
        # float32 arithmetic on values below 3
        np.testing.assert_allclose(tensor[0, channel], expected, atol=1e-6)
