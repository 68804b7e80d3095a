"""Tiles through the predictor: pixels are views, options hold, memory stays bounded."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from instseg import InvalidArgument, Predictor
from instseg.tiling.grid import Tiling, tiles_of


@pytest.fixture(scope="module")
def predictor(tiny_model: Path) -> Predictor:
    return Predictor(tiny_model, num_threads=1)


def picture(height: int = 150, width: int = 200) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] RGB: coloured rectangles on black."""
    image = np.zeros((height, width, 3), np.uint8)
    image[10:60, 20:150, 0] = 255
    image[70:140, 40:90, 1] = 255
    image[80:120, 120:190, 2] = 255
    return image


def fields(result: Any) -> tuple[Any, ...]:
    return (result.boxes.tolist(), result.scores.tolist(), result.labels, result.masks.rle())


def test_a_tile_as_large_as_the_image_changes_nothing(predictor: Predictor) -> None:
    plain = predictor.predict(picture())
    assert len(plain) > 3
    assert fields(predictor.predict(picture(), tile=200)) == fields(plain)


def test_every_instance_comes_from_the_tiles(predictor: Predictor) -> None:
    """Tiles that share two columns, through which no object of this picture goes."""
    image = np.zeros((64, 126, 3), np.uint8)
    image[:, 2:50, 0] = 255
    image[:, 70:120, 1] = 255
    tiles = tiles_of(64, 126, Tiling(64, 64, 2, 2))
    assert [(tile.x, tile.width) for tile in tiles] == [(0, 64), (62, 64)]
    alone = [predictor.predict(image[:, t.x : t.x + t.width], color="rgb") for t in tiles]
    found = predictor.predict(image, color="rgb", tile=64, overlap=2)
    assert len(found) == len(alone[0]) + len(alone[1])
    assert sorted(found.masks.areas()) == sorted([*alone[0].masks.areas(), *alone[1].masks.areas()])
    places = {
        (*np.add(box, (tile.x, 0, tile.x, 0)).tolist(), label)
        for tile, result in zip(tiles, alone, strict=True)
        for box, label in zip(result.boxes, result.labels, strict=True)
    }
    assert {(*b.tolist(), label) for b, label in zip(found.boxes, found.labels, strict=True)} == (
        places
    )
    assert found.image_size == (64, 126)


def test_single_images_batches_and_streams_agree(predictor: Predictor) -> None:
    images = [picture(), picture(300, 90), picture(50, 50)]
    options: dict[str, Any] = {"tile": (64, 80), "overlap": 0.25, "threshold": 0.4}
    alone = [fields(predictor.predict(image, **options)) for image in images]
    assert [fields(r) for r in predictor.predict_batch(images, **options)] == alone
    assert [fields(r) for r in predictor.stream(images, batch_size=2, **options)] == alone


def test_streams_of_the_engine_give_the_same(tiny_model: Path, predictor: Predictor) -> None:
    parallel = Predictor(tiny_model, num_threads=2, num_streams=2)
    options: dict[str, Any] = {"tile": 64, "overlap": 16}
    one = predictor.predict(picture(), **options)
    assert fields(parallel.predict(picture(), **options)) == fields(one)


def test_options_hold_for_the_whole(predictor: Predictor) -> None:
    options: dict[str, Any] = {"color": "rgb", "tile": 64, "overlap": 8}
    everything = predictor.predict(picture(), **options)
    assert {"red", "green", "blue"} == set(everything.labels)
    few = predictor.predict(picture(), max_detections=3, **options)
    assert few.scores.tolist() == everything.scores.tolist()[:3]
    reds = predictor.predict(picture(), classes=["red"], **options)
    assert set(reds.labels) == {"red"}
    assert everything.plot().shape == (150, 200, 3)


def test_colours_and_layouts_keep_their_meaning(predictor: Predictor) -> None:
    options: dict[str, Any] = {"tile": 64, "overlap": 8}
    expected = fields(predictor.predict(picture(), color="rgb", **options))
    bgr = np.ascontiguousarray(picture()[..., ::-1])
    assert fields(predictor.predict(bgr, **options)) == expected
    rgba = np.dstack([picture(), np.zeros((150, 200), np.uint8)])
    assert fields(predictor.predict(rgba, color="rgb", **options)) == expected
    grey = predictor.predict(np.full((150, 200), 200, np.uint8), **options)
    assert len(grey) > 0


def test_wrong_tiles_are_refused_before_anything_is_read(predictor: Predictor) -> None:
    with pytest.raises(InvalidArgument, match="tile="):
        predictor.predict("nowhere.png", tile=0)
    with pytest.raises(InvalidArgument, match="overlap="):
        predictor.stream("nowhere.png", tile=64, overlap=0.9)


# 8000 x 6000 pixels are 144 MB. Pillow holds four bytes a pixel while it decodes, 192 MB, and the
# array beside it.
# The peak of this process alone: ru_maxrss would begin with that of the process which started it.
LARGE = """
import re, sys
from pathlib import Path
import numpy as np
import instseg
def peak_kb():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
predictor = instseg.Predictor(sys.argv[1], num_threads=1)
image = np.zeros((6000, 8000, 3), np.uint8)
image[1000:5000, 1000:7000, 2] = 255
before = peak_kb()
result = predictor.predict(image, tile=640, overlap=0.2)
after = peak_kb()
print(len(result), (after - before) >> 10, after >> 10)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_picture_of_48_megapixels_needs_little_beside_itself(tiny_model: Path) -> None:
    run = [sys.executable, "-c", LARGE, str(tiny_model)]
    printed = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    found, more_mb, whole_mb = map(int, printed.split())
    assert found > 0
    # No copy of the picture (144 MB): masks of one bit a pixel, and the tiny network's own memory.
    assert more_mb < 72
    assert whole_mb < 1500
