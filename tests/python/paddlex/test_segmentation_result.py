"""Keys, attributes, printing and files of a result, as PaddleX has them and without its faults."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import photo, write_photo
from PIL import Image
from results import mask_of, sample

from instseg import ImageError, InvalidArgument, Masks, Result
from instseg.image_arrays import Pixels
from instseg.paddlex import SegmentationResult, create_model

HEIGHT, WIDTH = 40, 60


def wrapped(result: Result, *, whole_masks: bool = False) -> SegmentationResult:
    return SegmentationResult(result, whole_masks=whole_masks)


def with_image(**fields: Any) -> SegmentationResult:
    pixels = Pixels(photo(HEIGHT, WIDTH), "rgb")
    return wrapped(sample(3, _pixels=lambda: pixels, **fields))


def failed() -> SegmentationResult:
    return wrapped(Result.failed(ImageError("a/b.png is empty"), "a/b.png", "b"))


def test_read_like_a_dict() -> None:
    res = with_image()
    keys = ["input_path", "page_index", "input_img", "boxes", "masks"]
    assert list(res) == list(res.keys()) == keys
    assert len(res) == 5
    assert dict(res).keys() == set(keys)
    assert res["input_path"] == "a/b.png"
    assert res.get("page_index", 7) is None
    assert res.get("nothing") is None
    assert "boxes" in res
    with pytest.raises(KeyError):
        res["nothing"]
    assert res["boxes"] is res["boxes"]
    assert repr(res) == "SegmentationResult('a/b.png', 3 instances)"
    assert isinstance(res.result, Result)


def test_the_image_is_bgr() -> None:
    image = with_image()["input_img"]
    np.testing.assert_array_equal(image, photo(HEIGHT, WIDTH)[..., ::-1])
    assert image.flags.c_contiguous


def test_boxes_and_cut_out_masks() -> None:
    """Edges at halves are rounded to even; the mask's region lies anywhere over the box."""
    boxes = np.array([[10.5, 3.4, 30.5, 20.6], [0, 0, WIDTH, HEIGHT], [5, 5, 5.2, 9]], np.float32)
    bitmaps = np.random.default_rng(0).random((3, HEIGHT, WIDTH)) < 0.5
    masks = Masks([mask_of(bitmap) for bitmap in bitmaps], (HEIGHT, WIDTH))
    result = sample(3, boxes=boxes, masks=masks)
    res = wrapped(result)
    assert res["boxes"][0] == {
        "cls_id": 0,
        "label": "cat",
        "score": float(result.scores[0]),
        "coordinate": boxes[0].tolist(),
    }
    rectangles = [(10, 3, 30, 21), (0, 0, 60, 40), (5, 5, 5, 9)]
    for (x1, y1, x2, y2), mask, bitmap in zip(rectangles, res["masks"], bitmaps, strict=True):
        assert mask.dtype == np.uint8
        np.testing.assert_array_equal(mask, bitmap[y1:y2, x1:x2])


def test_regions_that_only_partly_cover_the_box() -> None:
    result = sample(30)
    moved = result.boxes + np.random.default_rng(1).uniform(-4, 4, (30, 4)).astype(np.float32)
    moved = np.clip(moved, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT]).astype(np.float32)
    res = wrapped(sample(30, boxes=moved))
    for box, mask, bitmap in zip(moved.tolist(), res["masks"], result.masks.bitmaps(), strict=True):
        x1, y1, x2, y2 = (round(edge) for edge in box)
        np.testing.assert_array_equal(mask, bitmap[y1:y2, x1:x2])


def test_solov2_has_whole_masks_and_no_boxes() -> None:
    result = sample(2)
    res = wrapped(result, whole_masks=True)
    assert res["boxes"][1] == {"label": "dog", "score": float(result.scores[1]), "class_id": 1}
    assert [mask.dtype for mask in res["masks"]] == [np.uint8] * 2
    np.testing.assert_array_equal(np.stack(res["masks"]), result.masks.bitmaps())


def test_json_and_str() -> None:
    res = with_image(page_index=3)
    data = res.json["res"]
    assert list(data) == ["input_path", "page_index", "boxes", "masks"]
    assert data["page_index"] == 3
    assert data["boxes"] == res["boxes"]
    assert data["masks"] == [mask.tolist() for mask in res["masks"]]
    assert json.loads(json.dumps(res.json)) == res.json
    assert res.str == {"res": {**data, "masks": "..."}}


def test_printing_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    res = with_image()
    res.print()
    res.print(json_format=True, indent=2, ensure_ascii=True)
    out, err = capsys.readouterr()
    assert out == ""
    plain, text = err.split("\n", 1)
    assert plain == repr(res.str)
    assert json.loads(text) == res.str
    assert "\\u732b" in text
    assert '\n  "res"' in text


def test_names_of_files(tmp_path: Path) -> None:
    with_image().save_all(tmp_path / "out" / "deep")
    with_image(page_index=3).save_all(str(tmp_path / "out"))
    with_image(source="x/y.jpg").save_to_img(tmp_path / "out")
    with_image(source="doc.pdf", page_index=0).save_to_img(tmp_path / "out")
    with_image(source="https://a/b/c%20d.webp?e=f.png").save_to_img(tmp_path / "out")
    with_image(source="x/one.tif").save_to_json(tmp_path / "out")
    found = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*")}
    assert found == {
        *("deep/b_res.json", "deep/b_res.png", "b_3_res.json", "b_3_res.png", "y_res.jpg"),
        *("doc_0_res.png", "c d_res.webp", "one_0_res.json"),
    }


def test_files_by_name(tmp_path: Path) -> None:
    with_image().save_to_json(tmp_path / "new" / "x.json")
    with_image().save_to_img(f"{tmp_path}/new/x.bmp")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["x.bmp", "x.json"]
    with pytest.raises(InvalidArgument, match=r"\.gif"):
        with_image().save_to_img(tmp_path / "x.gif")


def test_an_image_from_memory_gets_one_name(tmp_path: Path) -> None:
    res = with_image(source=None)
    res.save_all(tmp_path)
    [stem] = {path.stem for path in tmp_path.iterdir()}
    seconds, number, mark = stem.split("_")
    assert int(seconds) > 1_600_000_000
    assert 1000 <= int(number) <= 9999
    assert mark == "res"
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".png"}
    assert res["input_path"] is None


@pytest.mark.parametrize("options", [{}, {"indent": None}, {"indent": 1, "ensure_ascii": True}])
def test_the_json_file_is_that_of_the_standard_library(
    options: dict[str, Any], tmp_path: Path
) -> None:
    res = with_image()
    res.save_to_json(tmp_path / "a.json", **options)
    expected = json.dumps(res.json["res"], **{"indent": 4, "ensure_ascii": False, **options})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == expected


def test_pictures_keep_their_colours(tmp_path: Path) -> None:
    """PaddleX swaps red and blue."""
    red = Pixels(np.full((HEIGHT, WIDTH, 3), (200, 10, 0), np.uint8), "rgb")
    res = wrapped(sample(0, _pixels=lambda: red))
    res.save_to_img(tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").getpixel((5, 5)) == (200, 10, 0)
    assert res.img["res"].getpixel((5, 5)) == (200, 10, 0)
    assert res["input_img"][5, 5].tolist() == [0, 10, 200]


def test_instances_of_a_class_have_one_colour() -> None:
    """In PaddleX each further one is paler."""
    black = Pixels(np.zeros((HEIGHT, WIDTH, 3), np.uint8), "rgb")
    bitmaps = np.zeros((3, HEIGHT, WIDTH), bool)
    for i in range(3):
        bitmaps[i, 5:35, 20 * i + 2 : 20 * i + 18] = True
    boxes = np.array([[20 * i + 2, 5, 20 * i + 18, 35] for i in range(3)], np.float32)
    masks = Masks([mask_of(bitmap) for bitmap in bitmaps], (HEIGHT, WIDTH))
    result = sample(
        3, boxes=boxes, masks=masks, class_ids=np.zeros(3, np.int32), _pixels=lambda: black
    )
    picture = result.plot(labels=False)
    assert len({tuple(picture[30, 20 * i + 10].tolist()) for i in range(3)}) == 1


def test_empty_masks_and_no_instances_can_be_saved(tmp_path: Path) -> None:
    pixels = Pixels(photo(HEIGHT, WIDTH), "rgb")
    empty = Masks([mask_of(np.zeros((HEIGHT, WIDTH), bool))], (HEIGHT, WIDTH))
    for whole in (False, True):
        for result in (
            sample(0, _pixels=lambda: pixels),
            sample(1, masks=empty, _pixels=lambda: pixels),
        ):
            wrapped(result, whole_masks=whole).save_all(tmp_path)


def test_a_failed_result(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    res = failed()
    assert str(res.error) == "a/b.png is empty"
    assert res.json["res"]["error"] == "a/b.png is empty"
    assert res.str["res"]["error"] == "a/b.png is empty"
    with caplog.at_level(logging.ERROR, "instseg"):
        res.save_all(tmp_path)
    assert "No picture for a/b.png: a/b.png is empty" in caplog.text
    [written] = tmp_path.iterdir()
    assert json.loads(written.read_text()) == res.json["res"]
    with pytest.raises(InvalidArgument, match="failed result"):
        _ = res.img


def test_pages_of_a_file(tiny_model: Path, tmp_path: Path) -> None:
    pages = [Image.fromarray(photo(seed=i)) for i in range(3)]
    pages[0].save(tmp_path / "scan.tif", save_all=True, append_images=pages[1:])
    one = write_photo(tmp_path / "one.tif")
    model = create_model(tiny_model)
    for res in model.predict([str(tmp_path / "scan.tif"), str(one)]):
        res.save_to_json(tmp_path / "out")
    found = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert found == ["one_0_res.json", "scan_0_res.json", "scan_1_res.json", "scan_2_res.json"]
