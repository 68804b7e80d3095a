"""Results: access, JSON in three mask formats, COCO entries, saving."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from pictures import photo
from PIL import Image
from pycocotools import mask as coco
from results import HEIGHT, WIDTH, mask_of, ring, sample

from instseg import ImageError, InvalidArgument, Masks, Result


def test_instances() -> None:
    result = sample(4)
    assert len(result) == 4
    instances = list(result)
    assert [i.label for i in instances] == result.labels
    assert [i.class_id for i in instances] == result.class_ids.tolist()
    assert [i.score for i in instances] == result.scores.tolist()
    assert [i.mask.rle() for i in instances] == [rle["counts"] for rle in result.masks.rle()]
    np.testing.assert_array_equal(result[-1].box, result.boxes[3])
    with pytest.raises(IndexError):
        result[4]


def test_an_empty_result_is_no_failure() -> None:
    result = sample(0)
    assert bool(result)
    assert len(result) == 0
    assert result.error is None
    assert result.boxes.shape == (0, 4)
    assert json.loads(result.to_json())["instances"] == []
    assert result.to_coco() == []


def test_a_failed_result_says_why() -> None:
    result = Result.failed(ImageError("a.jpg is empty"), "a.jpg", "a")
    assert (len(result), result.image_size, result.labels) == (0, (0, 0), [])
    assert str(result.error) == "a.jpg is empty"
    assert json.loads(result.to_json())["error"] == "a.jpg is empty"
    assert "error=a.jpg is empty" in repr(result)
    with pytest.raises(InvalidArgument, match=r"failed result: a\.jpg is empty"):
        result.plot()


def test_repr() -> None:
    assert repr(sample(3)) == f"Result('a/b.png', {WIDTH} x {HEIGHT} pixels, 3 instances)"


def test_json_with_run_lengths() -> None:
    result = sample(3)
    data = json.loads(result.to_json())
    assert data == result.to_dict()
    assert data["schema"] == "instseg-result"
    assert data["schema_version"] == 1
    assert (data["image_height"], data["image_width"]) == (HEIGHT, WIDTH)
    assert data["source"] == "a/b.png"
    assert data["model"] == "Hand-made"
    assert data["mask_format"] == "rle"
    assert data["timings_ms"] == {"decode": 1.5, "network": 20.25}
    assert data["error"] is None
    for i, entry in enumerate(data["instances"]):
        assert entry["label"] == result.labels[i]
        assert entry["class_id"] == result.class_ids[i]
        assert np.float32(entry["score"]) == result.scores[i]
        assert np.array_equal(np.float32(entry["box"]), result.boxes[i])
        assert entry["area"] == result.masks.areas()[i]
        np.testing.assert_array_equal(coco.decode(entry["mask"]), result.masks.bitmaps()[i])


def test_json_with_polygons() -> None:
    masks = Masks([mask_of(ring(HEIGHT, WIDTH))], (HEIGHT, WIDTH))
    [entry] = sample(1, masks=masks).to_dict("polygon")["instances"]
    [part] = entry["mask"]
    assert len(part["holes"]) == 1
    assert part["exterior"] == masks.polygons()[0][0][0].tolist()
    assert part["holes"][0] == masks.polygons()[0][0][1].tolist()


def test_dense_json_has_the_shape_of_paddlex() -> None:
    boxes = np.array([[10.5, 3.4, 30.5, 20.6], [0, 0, WIDTH, HEIGHT]], np.float32)
    bitmaps = np.random.default_rng(0).random((2, HEIGHT, WIDTH)) < 0.5
    masks = Masks([mask_of(bitmap) for bitmap in bitmaps], (HEIGHT, WIDTH))
    data = json.loads(sample(2, boxes=boxes, masks=masks).to_json(mask_format="dense"))
    assert data["input_path"] == "a/b.png"
    assert data["page_index"] is None
    assert data["schema_version"] == 1
    first = data["boxes"][0]
    assert list(first) == ["cls_id", "label", "score", "coordinate"]
    assert first["coordinate"] == boxes[0].tolist()
    # Python's round, half to even: 10.5 -> 10, 30.5 -> 30, 3.4 -> 3, 20.6 -> 21.
    np.testing.assert_array_equal(data["masks"][0], bitmaps[0, 3:21, 10:30])
    np.testing.assert_array_equal(data["masks"][1], bitmaps[1])
    assert {type(v) for row in data["masks"][0] for v in row} == {int}


def test_unknown_mask_format() -> None:
    with pytest.raises(InvalidArgument, match="expected one of rle, polygon, dense"):
        sample(1).to_json(mask_format="png")  # type: ignore[arg-type]


def test_json_keeps_letters_and_escapes_what_is_no_text(tmp_path: Path) -> None:
    source = os.fsdecode(b"caf\xe9.png")
    result = sample(3, source=source)
    text = result.to_json(tmp_path / "a.json")
    assert "猫" in text
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == text
    assert json.loads(text)["source"] == source


def test_coco_entries_can_be_loaded() -> None:
    result = sample(3)
    entries = json.loads(json.dumps(result.to_coco(image_id=17)))
    assert [entry["image_id"] for entry in entries] == [17] * 3
    assert [entry["category_id"] for entry in entries] == [0, 1, 2]
    for entry, box, bitmap in zip(entries, result.boxes, result.masks.bitmaps(), strict=True):
        x, y, width, height = entry["bbox"]
        np.testing.assert_allclose([x, y, x + width, y + height], box, rtol=0, atol=1e-4)
        np.testing.assert_array_equal(coco.decode(entry["segmentation"]), bitmap)


def test_coco_category_ids() -> None:
    result = sample(3)
    assert [e["category_id"] for e in result.to_coco(0, [1, 7, 90])] == [1, 7, 90]
    assert [e["category_id"] for e in result.to_coco(0, {0: 5, 1: 6, 2: 8})] == [5, 6, 8]
    with pytest.raises(InvalidArgument, match="no entry for class id 2"):
        result.to_coco(0, [1, 7])


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".JPEG", ".webp", ".bmp", ".tif"])
def test_save_writes_the_plotted_picture(tmp_path: Path, suffix: str) -> None:
    canvas = photo(HEIGHT, WIDTH)
    result = sample(3)
    path = tmp_path / f"out{suffix}"
    result.save(path, image=canvas)
    with Image.open(path) as picture:
        assert picture.size == (WIDTH, HEIGHT)
        if suffix in (".png", ".bmp", ".tif"):
            np.testing.assert_array_equal(np.asarray(picture), result.plot(canvas))
    assert list(tmp_path.iterdir()) == [path]


def test_save_json(tmp_path: Path) -> None:
    sample(3).save(tmp_path / "a.json", mask_format="polygon")
    data = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert data["mask_format"] == "polygon"


@pytest.mark.parametrize("name", ["a", "a.txt", "a.json.gz"])
def test_save_with_another_suffix(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidArgument, match=r"expected one of \.bmp"):
        sample(1).save(tmp_path / name, image=photo(HEIGHT, WIDTH))
    assert not list(tmp_path.iterdir())


def test_a_failed_save_keeps_the_old_file_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        sample(1).save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(FileNotFoundError):
        sample(1).save(tmp_path / "missing" / "a.json")


def test_plot_needs_an_image_of_the_right_size() -> None:
    with pytest.raises(InvalidArgument, match="does not know its image"):
        sample(1).plot()
    with pytest.raises(InvalidArgument, match=r"\(20, 20\), the result is of one with \(40, 60\)"):
        sample(1).plot(photo(20, 20))


def test_a_picture_too_large_for_its_format_is_an_os_error(tmp_path: Path) -> None:
    canvas = np.zeros((4, 17000, 3), np.uint8)
    with pytest.raises(OSError, match=r"cannot hold|encoding error"):
        sample(0, 4, 17000).save(tmp_path / "a.webp", image=canvas)
    assert not list(tmp_path.iterdir())
