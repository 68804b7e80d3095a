"""`instseg demo`: what it prints, writes and how it ends."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from demo_stand_in import write_stand_in
from pictures import write_photo
from PIL import Image

import instseg
from instseg.cli.demo import MAX_OVERLAP
from instseg.demo import demo_model as module
from instseg.demo.photos import PHOTOS

# The stand-in is sure of less than the package's own model.
LOW = ["--threshold", 0.2]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_stand_in(tmp_path / "model")
    monkeypatch.setattr(module, "FOLDER", folder)
    monkeypatch.chdir(tmp_path)
    return folder


def test_without_a_picture_it_shows_the_photos_of_scikit_image(run: Any, folder: Path) -> None:
    done = run("demo", *LOW)
    assert (done.exit_code, done.stderr) == (0, "")
    written = {f"{name}_segmented{suffix}" for name in PHOTOS for suffix in (".json", ".png")}
    assert {path.name for path in Path("instseg_demo").iterdir()} == written
    predictor = instseg.Predictor(folder)
    for name, load in PHOTOS.items():
        result = predictor.predict(load(), threshold=0.2).select(max_overlap=MAX_OVERLAP)
        data = json.loads(Path(f"instseg_demo/{name}_segmented.json").read_text())
        assert data["instances"] == result.to_dict()["instances"]
        with Image.open(f"instseg_demo/{name}_segmented.png") as picture:
            np.testing.assert_array_equal(np.asarray(picture), result.plot())
    assert len(predictor.predict(PHOTOS["coins"](), threshold=0.2)) > 3


def test_it_prints_the_model_a_table_the_counts_the_time_and_the_files(
    run: Any, folder: Path, tmp_path: Path
) -> None:
    PHOTOS["coins"]().save("mine.bmp")
    done = run("demo", "mine.bmp", *LOW, "--output", "out")
    assert done.exit_code == 0
    introduction, body = done.stdout.split("\n\n")
    assert introduction == (
        "Model: a small PP-YOLOE_seg-S (classes coin, cell), taught on 8 drawn pictures.\n"
        "On 3 others: mask AP 0.123, box AP 0.250."
    )
    found_all = instseg.Predictor(folder).predict("mine.bmp", threshold=0.2)
    result = found_all.select(max_overlap=MAX_OVERLAP)
    assert len(result) < len(found_all)
    header, *rows, summary, found, json_file, picture = body.splitlines()
    assert header.split() == ["class", "label", "score", "x1", "y1", "x2", "y2", "mask", "pixels"]
    assert [row.split()[2] for row in rows] == [f"{score:.3f}" for score in result.scores]
    assert summary.startswith(f"384 x 303 pixels, {len(result)} instances; ms: decode ")
    counts = {label: result.labels.count(label) for label in result.labels}
    line = re.fullmatch(r"mine\.bmp: (\d+) instances \((.*)\), [\d.]+ ms", found)
    assert line
    assert int(line[1]) == len(result)
    assert {part.split()[1]: int(part.split()[0]) for part in line[2].split(", ")} == counts
    assert [json_file.strip(), picture.strip()] == [
        str(Path("out", f"mine_segmented{suffix}")) for suffix in (".json", ".bmp")
    ]
    assert all(Path(line.strip()).is_file() for line in (json_file, picture))


def test_each_of_several_pictures_has_its_table(run: Any) -> None:
    for name in ("a.png", "b.png"):
        write_photo(Path(name), 60, 80)
    done = run("demo", "a.png", "b.png", "--threshold", 0)
    assert done.exit_code == 0
    assert len(re.findall("^class ", done.stdout, re.MULTILINE)) == 2
    assert re.findall(r"^  (\S+)$", done.stdout, re.MULTILINE) == [
        f"instseg_demo/{stem}_segmented{suffix}" for stem in "ab" for suffix in (".json", ".png")
    ]


def test_files_of_an_earlier_run_are_replaced_only_when_asked(run: Any) -> None:
    write_photo(Path("a.png"), 60, 80)
    assert run("demo", "a.png").exit_code == 0
    old = Path("instseg_demo/a_segmented.json").read_bytes()
    again = run("demo", "a.png", "--threshold", 0)
    assert (again.exit_code, again.stdout) == (2, "")
    assert "--overwrite" in again.stderr
    assert Path("instseg_demo/a_segmented.json").read_bytes() == old
    assert run("demo", "a.png", "--threshold", 0, "--overwrite").exit_code == 0
    assert Path("instseg_demo/a_segmented.json").read_bytes() != old


def test_a_picture_that_fails_is_reported_and_the_others_done(run: Any) -> None:
    write_photo(Path("good.png"), 60, 80)
    done = run("demo", "none.png", "good.png")
    assert done.exit_code == 1
    assert done.stderr == "instseg: 'none.png' does not exist.\n"
    assert Path("instseg_demo/good_segmented.png").is_file()


def test_without_scikit_image_a_picture_of_ones_own_still_works(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "skimage", None)
    done = run("demo")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "pip install 'instseg[demo]'" in done.stderr
    assert "instseg demo IMAGE" in done.stderr
    assert not Path("instseg_demo").exists()
    write_photo(Path("a.png"), 60, 80)
    assert run("demo", "a.png").exit_code == 0
