"""LabelMe annotations: filled back, they are the masks; parts, holes, paths."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy
from numpy.typing import NDArray
from results import mask_of, ring, sample

from instseg import ImageError, InvalidArgument, Masks, Result


def result_of(*bitmaps: NDArray[np.bool_], **fields: object) -> Result:
    height, width = bitmaps[0].shape
    masks = Masks([mask_of(bitmap) for bitmap in bitmaps], (height, width))
    return sample(len(bitmaps), masks=masks, image_size=(height, width), **fields)


def winding(points: list[list[float]], height: int, width: int) -> NDArray[np.int64]:
    """int64 [2 H, 2 W]: how often the polygon winds around each quarter of each pixel.

    Its vertices lie on pixel edges and at half their height; so each side is a row of quarters'
    sides.
    """
    turns = np.zeros((2 * height, 2 * width + 1), np.int64)
    doubled = (np.array(points) * 2).round().astype(int)
    assert np.array_equal(doubled, np.array(points) * 2)
    for (x0, y0), (x1, y1) in zip(doubled, np.roll(doubled, -1, axis=0), strict=True):
        assert x0 == x1 or y0 == y1
        if x0 == x1:
            turns[min(y0, y1) : max(y0, y1), x0] += np.sign(y0 - y1)
    return turns.cumsum(axis=1)[:, : 2 * width]


def check(bitmap: NDArray[np.bool_]) -> None:
    """Every quarter pixel is wound around once where there is foreground, else not at all."""
    annotation = result_of(bitmap).to_labelme()
    height, width = bitmap.shape
    total = np.zeros((2 * height, 2 * width), np.int64)
    for shape in annotation["shapes"]:
        total += winding(shape["points"], height, width)
    assert np.array_equal(total, bitmap.repeat(2, axis=0).repeat(2, axis=1))


@settings(max_examples=300, deadline=None)
@given(
    hypothesis_numpy.arrays(
        np.bool_, hypothesis_numpy.array_shapes(min_dims=2, max_dims=2, max_side=12)
    )
)
def test_any_mask_comes_back(bitmap: NDArray[np.bool_]) -> None:
    check(bitmap)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.5, 0.99))
def test_masks_with_many_holes_come_back(seed: int, density: float) -> None:
    check(np.random.default_rng(seed).random((30, 40)) < density)


def test_a_hole_is_joined_by_a_cut() -> None:
    bitmap = np.ones((3, 4), bool)
    bitmap[1, 1:3] = False
    [shape] = result_of(bitmap).to_labelme()["shapes"]
    assert shape["points"] == [
        *([0, 0], [4, 0], [4, 3], [0, 3]),
        *([0, 1.5], [1, 1.5], [1, 2], [3, 2], [3, 1], [1, 1], [1, 1.5], [0, 1.5]),
    ]


def test_fields() -> None:
    annotation = sample(3).to_labelme()
    assert annotation["flags"] == {}
    assert annotation["imageData"] is None
    assert annotation["imagePath"] == "b.png"
    assert (annotation["imageHeight"], annotation["imageWidth"]) == (40, 60)
    assert annotation["version"].split(".")[0] == "5"
    assert [s["label"] for s in annotation["shapes"]] == ["cat", "dog", "猫"]
    assert [s["score"] for s in annotation["shapes"]] == sample(3).scores.tolist()
    assert {s["shape_type"] for s in annotation["shapes"]} == {"polygon"}
    assert {s["group_id"] for s in annotation["shapes"]} == {None}


def test_parts_share_a_group() -> None:
    two = np.zeros((40, 60), bool)
    two[2:5, 2:5] = two[20:30, 20:30] = True
    shapes = result_of(ring(40, 60), two, two).to_labelme()["shapes"]
    assert [shape["group_id"] for shape in shapes] == [None, 1, 1, 2, 2]
    assert [shape["label"] for shape in shapes] == ["cat", "dog", "dog", "猫", "猫"]


def test_an_empty_mask_has_no_shape() -> None:
    assert result_of(np.zeros((5, 5), bool)).to_labelme()["shapes"] == []


def test_files(tmp_path: Path) -> None:
    image = tmp_path / "photos" / "a b.png"
    (tmp_path / "annotations").mkdir()
    path = tmp_path / "annotations" / "a.json"
    annotation = sample(2, source=str(image)).to_labelme(path)
    assert json.loads(path.read_text(encoding="utf-8")) == annotation
    assert annotation["imagePath"] == "../photos/a b.png"
    assert sample(2, source=None).to_labelme(path)["imagePath"] == ""
    url = "https://example.com/x/c.jpg?size=3"
    assert sample(2, source=url).to_labelme(path)["imagePath"] == "c.jpg"
    with pytest.raises(OSError, match="nowhere"):
        sample(2).to_labelme(tmp_path / "nowhere" / "a.json")


def test_a_failed_result_has_none() -> None:
    with pytest.raises(InvalidArgument, match="failed result: gone"):
        Result.failed(ImageError("gone"), "a.jpg", "a").to_labelme()
