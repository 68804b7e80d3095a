"""Streams over files of several pages: what is found, named and reported."""

import gc
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loopback_server import LoopbackServer, Served
from pictures import encoded, photo, write_photo
from PIL import Image
from typer.testing import CliRunner
from videos import frame, video

from instseg import ImageError, MissingPackage, Predictor
from instseg.cli.app import app
from instseg.image_arrays import Pixels
from instseg.pages.expansion import page_kind

PAGES = [photo(40, 60, seed=i) for i in range(4)]


@pytest.fixture(scope="module")
def predictor(tiny_model: Path) -> Predictor:
    return Predictor(tiny_model, num_threads=1)


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    first, *others = (Image.fromarray(page) for page in PAGES)
    first.save(tmp_path / "scan.tiff", save_all=True, append_images=others)
    return tmp_path / "scan.tiff"


def boxes(results: Any) -> list[Any]:
    return [result.boxes.tolist() for result in results]


def test_kinds() -> None:
    kinds = {
        "a.tif": "tiff",
        "A.TIFF": "tiff",
        "x/y.pdf": "pdf",
        "film.MP4": "video",
        "http://a/b.pdf?page=1": "pdf",
        "http://a/b?c=d.pdf": None,
        "a.png": None,
        "tif": None,
    }
    assert {name: page_kind(name) for name in kinds} == kinds
    assert page_kind(Path("a.tif")) == "tiff"
    assert page_kind(b"II*\0....") == page_kind(bytearray(b"MM\0*")) == "tiff"
    assert page_kind(b"%PDF-1.7") == "pdf"
    assert page_kind(encoded(photo())) is None
    assert page_kind(photo()) is page_kind(None) is page_kind(Image.fromarray(photo())) is None


def test_a_result_for_each_page(predictor: Predictor, scan: Path) -> None:
    expected = boxes(predictor.predict(page, color="rgb") for page in PAGES)
    for source in (scan, [str(scan)], scan.read_bytes(), bytearray(scan.read_bytes())):
        results = list(predictor.stream(source, batch_size=3))
        assert boxes(results) == expected
        assert [r.page_index for r in results] == [0, 1, 2, 3]
        assert [r.time_s for r in results] == [None] * 4
    [folder] = {r.source for r in predictor.stream(scan.parent)}
    assert folder == str(scan)
    assert [r.source_name for r in predictor.stream(scan)] == [f"scan_{i}" for i in range(4)]


def test_pages_can_be_drawn_during_and_after_the_stream(predictor: Predictor, scan: Path) -> None:
    during = []
    results = []
    for result in predictor.stream(scan):
        during.append(result.plot(masks=False, boxes=False, labels=False))
        results.append(result)
    for result, picture, page in zip(results, during, PAGES, strict=True):
        np.testing.assert_array_equal(picture, page)
        again = result.plot(masks=False, boxes=False, labels=False)
        np.testing.assert_array_equal(again, page)


def test_a_page_alone_is_an_image_as_before(predictor: Predictor, tmp_path: Path) -> None:
    path = write_photo(tmp_path / "one.tif")
    [result] = predictor.stream(path)
    assert (result.page_index, result.source_name, result.error) == (None, "one", None)


def test_several_files_and_images_keep_their_order(
    predictor: Predictor, scan: Path, tmp_path: Path
) -> None:
    png = write_photo(tmp_path / "a.png")
    names = [r.source_name for r in predictor.stream([png, scan, png, [scan, photo()]])]
    pages = [f"scan_{i}" for i in range(4)]
    assert names == ["a", *pages, "a", *pages, "image_00004"]


def test_pages_by_address(predictor: Predictor, scan: Path, server: LoopbackServer) -> None:
    server.files["/scan.tiff"] = Served(scan.read_bytes())
    url = f"{server.url}/scan.tiff"
    results = list(predictor.stream([url, photo()], read_ahead=2))
    assert boxes(results[:-1]) == boxes(predictor.stream(scan))
    assert [r.page_index for r in results] == [0, 1, 2, 3, None]
    assert {r.source for r in results[:-1]} == {url}


def test_bad_files_are_one_error_each(predictor: Predictor, tmp_path: Path, scan: Path) -> None:
    (tmp_path / "bad.tif").write_bytes(b"II*\0 and nothing more")
    (tmp_path / "empty.tif").write_bytes(b"")
    sources = [tmp_path / "bad.tif", tmp_path / "gone.tif", tmp_path / "empty.tif", scan]
    results = list(predictor.stream(sources))
    assert [type(r.error) for r in results] == [ImageError] * 3 + [type(None)] * 4
    assert "does not exist" in str(results[1].error)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_under_the_suffix_of_tiff_stops_nothing(
    predictor: Predictor, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe.tif")
    [result] = predictor.stream(tmp_path / "pipe.tif")
    assert "is not a file" in str(result.error)


def test_a_stream_closed_early_frees_the_file_and_its_threads(
    predictor: Predictor, scan: Path
) -> None:
    """An open file would be a ResourceWarning, which is an error here."""
    results = predictor.stream(scan)
    next(results)
    results.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("instseg-decode")]


def test_frames(predictor: Predictor, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="PyAV (extra video) is not installed")
    path = tmp_path / "film.mkv"
    path.write_bytes(video(12))
    results = list(predictor.stream([path, photo()], batch_size=5))
    assert len(results) == 13
    frames = results[:12]
    assert [r.page_index for r in frames] == list(range(12))
    assert [r.source_name for r in frames[:2]] == ["film_000000", "film_000001"]
    assert [r.time_s for r in frames] == pytest.approx([i / 10 for i in range(12)], abs=0.0006)
    assert boxes(frames) == boxes(predictor.predict(frame(i), color="rgb") for i in range(12))
    data = frames[5].to_dict()
    assert (data["page_index"], data["source"]) == (5, str(path))
    assert data["time_s"] == frames[5].time_s
    plain = {"masks": False, "boxes": False, "labels": False}
    np.testing.assert_array_equal(frames[5].plot(**plain), frame(5))


def test_a_long_film_is_read_in_bounded_memory(predictor: Predictor, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="PyAV (extra video) is not installed")
    path = tmp_path / "film.mkv"
    path.write_bytes(video(60))
    most = 0
    results = []
    for result in predictor.stream(path, read_ahead=3):
        results.append(result)  # holds no pixels
        most = max(most, sum(type(thing) is Pixels for thing in gc.get_objects()))
    assert len(results) == 60
    # Three that wait or are decoded, one in work, one whose result was given last.
    assert 1 <= most <= 5


def test_pages_of_a_pdf(predictor: Predictor, tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2", reason="pypdfium2 (extra pdf) is not installed")
    first, *others = (Image.fromarray(page) for page in PAGES)
    first.save(tmp_path / "a.pdf", save_all=True, append_images=others, resolution=72)
    results = list(predictor.stream([tmp_path / "a.pdf", (tmp_path / "a.pdf").read_bytes()]))
    assert [r.page_index for r in results] == [0, 1, 2, 3] * 2
    assert {r.image_size for r in results} == {(80, 120)}
    assert boxes(results[:4]) == boxes(results[4:])
    assert results[2].plot().shape == (80, 120, 3)


@pytest.mark.parametrize(
    ("package", "name", "extra"), [("av", "a.mp4", "video"), ("pypdfium2", "a.pdf", "pdf")]
)
def test_without_the_package_the_extra_is_named(
    package: str,
    name: str,
    extra: str,
    predictor: Predictor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / name).write_bytes(b"anything")
    failed, good = predictor.stream([tmp_path / name, photo()])
    assert isinstance(failed.error, MissingPackage)
    assert f"pip install 'instseg[{extra}]'" in str(failed.error)
    assert failed.page_index == 0
    assert good.error is None


def test_a_single_prediction_of_several_pages_says_where_to_go(
    predictor: Predictor, scan: Path
) -> None:
    for image in ("a.pdf", Path("film.mp4"), b"%PDF-1.7"):
        with pytest.raises(ImageError, match=r"stream\(\) gives a result for each"):
            predictor.predict(image)
    with pytest.raises(ImageError, match="Image 1 of the batch: One image is expected"):
        predictor.predict_batch([photo(), "a.pdf"])
    # Of a TIFF it is the first page, as OpenCV reads it.
    assert boxes([predictor.predict(scan)]) == boxes([predictor.predict(PAGES[0], color="rgb")])


def test_the_command_line_writes_every_page(tiny_model: Path, scan: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = CliRunner().invoke(app, ["predict", str(tiny_model), str(scan), "-o", str(out)])
    assert run.exit_code == 0, run.output
    names = {path.name for path in out.iterdir()}
    assert names == {f"scan_{i}_segmented{s}" for i in range(4) for s in (".json", ".tiff")}
    assert f"{scan} [2]: " in run.output
    assert "4 pictures, 0 failed" in run.output


def test_files_of_pages_belong_to_their_item(tiny_model: Path, scan: Path, tmp_path: Path) -> None:
    """Among other items, some of which fail; the names of an earlier run are kept."""
    (tmp_path / "bad.tif").write_bytes(b"II*\0 and nothing more")
    png = write_photo(tmp_path / "scan_1.png")
    out = tmp_path / "out"
    sources = [str(path) for path in (scan, tmp_path / "bad.tif", png, scan)]
    command = ["predict", str(tiny_model), *sources, "-o", str(out), "--no-picture"]
    run = CliRunner().invoke(app, command)
    assert run.exit_code == 1
    assert "9 pictures" in run.output or "10 pictures" in run.output
    written = {path.name: json.loads(path.read_text()) for path in out.iterdir()}
    assert Path(written["scan_1_segmented.json"]["source"]).name == "scan_1.png"
    pages = [entry["page_index"] for name, entry in written.items() if entry["source"] == str(scan)]
    assert sorted(pages) == [0, 0, 1, 1, 2, 2, 3, 3]
    again = CliRunner().invoke(app, ["predict", str(tiny_model), str(scan), "-o", str(out)])
    assert again.exit_code == 2
    assert "scan_0_2_segmented.json" in again.output or "scan_0_segmented.json" in again.output
    assert CliRunner().invoke(app, [*command, "--overwrite"]).exit_code == 1
