"""`instseg predict`: what it prints, writes and how it ends."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loopback_server import LoopbackServer, Served
from pictures import encoded, photo, write_photo
from PIL import Image

from instseg import Predictor


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Four pictures, two with the same stem, in a folder."""
    for name in ("a.png", "b.jpg", "sub/a.jpg", "sub/c.bmp"):
        write_photo(tmp_path / "photos" / name, 40, 60, seed=len(name))
    return tmp_path / "photos"


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_one_picture_gives_a_table(run: Any, tiny_model: Path, photos: Path) -> None:
    done = run("predict", tiny_model, photos / "a.png", "--threshold", 0.6)
    assert done.exit_code == 0
    result = Predictor(tiny_model).predict(photos / "a.png", threshold=0.6)
    header, *rows, summary = done.stdout.splitlines()
    assert header.split() == ["class", "label", "score", "x1", "y1", "x2", "y2", "mask", "pixels"]
    assert len(rows) == len(result) > 3
    for row, instance in zip(rows, result, strict=True):
        cells = row.split()
        assert cells[:3] == [str(instance.class_id), instance.label, f"{instance.score:.3f}"]
        assert cells[3:7] == [f"{edge:.1f}" for edge in instance.box.tolist()]
        assert cells[7] == str(instance.mask.area())
    assert re.fullmatch(
        rf"60 x 40 pixels, {len(result)} instances; ms: decode [\d.]+, preprocess [\d.]+, "
        r"network [\d.]+, postprocess [\d.]+",
        summary,
    )
    assert done.stderr == ""


def test_many_pictures_give_a_line_each_in_order(run: Any, tiny_model: Path, photos: Path) -> None:
    done = run("predict", tiny_model, photos / "sub", photos / "b.jpg")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        *(str(photos / name) for name in ("sub/a.jpg", "sub/c.bmp", "b.jpg"))
    ]
    expected = Predictor(tiny_model).predict(photos / "b.jpg")
    counts = {name: expected.labels.count(name) for name in expected.labels}
    found = re.fullmatch(r".*: (\d+) instances \((.*)\)", lines[2])
    assert found
    assert int(found[1]) == len(expected)
    assert {part.split()[1]: int(part.split()[0]) for part in found[2].split(", ")} == counts
    assert done.stderr == "3 pictures, 0 failed\n"


def test_output_holds_json_and_a_picture_for_each(
    run: Any, tiny_model: Path, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "out"
    assert run("predict", tiny_model, photos, "--output", out).exit_code == 0
    assert files(out) == {
        *("a_segmented.json", "a_segmented.png", "b_segmented.json", "b_segmented.jpg"),
        *("a_2_segmented.json", "a_2_segmented.jpg", "c_segmented.json", "c_segmented.bmp"),
    }
    predictor = Predictor(tiny_model)
    for name, source in (("a", "a.png"), ("a_2", "sub/a.jpg"), ("c", "sub/c.bmp")):
        data = json.loads((out / f"{name}_segmented.json").read_text())
        expected = predictor.predict(photos / source).to_dict()
        assert data["source"] == str(photos / source)
        assert data["instances"] == expected["instances"]
    with Image.open(out / "a_segmented.png") as picture:
        plotted = predictor.predict(photos / "a.png").plot()
        np.testing.assert_array_equal(np.asarray(picture), plotted)


def test_options_reach_the_prediction(
    run: Any, tiny_model: Path, photos: Path, tmp_path: Path
) -> None:
    options = ["--classes", "2, red", "--max-detections", 3, "--threshold", 0.1]
    options += ["--mask-format", "polygon", "--no-picture", "--streams", 2, "--threads", 2]
    out = tmp_path / "out"
    assert run("predict", tiny_model, photos, "--output", out, *options).exit_code == 0
    assert {Path(name).suffix for name in files(out)} == {".json"}
    expected = Predictor(tiny_model).predict(
        photos / "a.png", classes=[0, 2], max_detections=3, threshold=0.1
    )
    data = json.loads((out / "a_segmented.json").read_text())
    assert data["instances"] == expected.to_dict("polygon")["instances"]
    assert len(data["instances"]) == 3


def test_without_json_only_pictures_are_written(
    run: Any, tiny_model: Path, photos: Path, tmp_path: Path
) -> None:
    run("predict", tiny_model, photos / "b.jpg", "-o", tmp_path / "out", "--no-json")
    assert files(tmp_path / "out") == {"b_segmented.jpg"}


def test_a_failed_item_is_reported_the_others_done_and_the_exit_code_is_1(
    run: Any, tiny_model: Path, photos: Path, tmp_path: Path
) -> None:
    (photos / "b.jpg").write_bytes(b"junk")
    out = tmp_path / "out"
    done = run("predict", tiny_model, photos, photos / "none.png", "-o", out)
    assert done.exit_code == 1
    assert len(done.stdout.splitlines()) == 3
    first, second, summary = done.stderr.splitlines()
    assert first.startswith(f"instseg: {photos / 'b.jpg'} is not an image")
    assert second == f"instseg: '{photos / 'none.png'}' does not exist."
    assert summary == "5 pictures, 2 failed"
    assert len(files(out)) == 6


def test_a_picture_that_cannot_be_written_is_a_failed_item(
    run: Any, tiny_model: Path, tmp_path: Path
) -> None:
    """WebP holds at most 16383 pixels a side."""
    wide = tmp_path / "wide.webp"
    wide.write_bytes(encoded(photo(20, 17000)))  # PNG inside: the content decides
    write_photo(tmp_path / "z.png")
    done = run("predict", tiny_model, tmp_path, "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert "wide_segmented.webp cannot hold the picture" in done.stderr
    assert "z.png: " in done.stdout
    assert "z_segmented.png" in files(tmp_path / "out")


def test_earlier_results_are_replaced_only_when_asked(
    run: Any, tiny_model: Path, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = ["predict", tiny_model, photos, "-o", out]
    run(*command)
    before = (out / "a_segmented.json").read_bytes()
    done = run(*command, "--max-detections", 1)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert f"{out} holds a_segmented.json already, and 7 more" in done.stderr
    assert "--overwrite" in done.stderr
    assert (out / "a_segmented.json").read_bytes() == before
    assert run(*command, "--max-detections", 1, "--overwrite").exit_code == 0
    assert len(json.loads((out / "a_segmented.json").read_text())["instances"]) == 1
    assert len(files(out)) == 8


def test_results_beside_the_photos_are_not_segmented_again(
    run: Any, tiny_model: Path, photos: Path
) -> None:
    command = ["predict", tiny_model, photos, "-o", photos / "results"]
    assert run(*command).stderr == "4 pictures, 0 failed\n"
    assert run(*command, "--overwrite").stderr == "4 pictures, 0 failed\n"


def test_a_photo_is_never_overwritten(run: Any, tiny_model: Path, tmp_path: Path) -> None:
    write_photo(tmp_path / "a.png")
    mine = write_photo(tmp_path / "a_segmented.png", seed=3)
    before = mine.read_bytes()
    done = run("predict", tiny_model, tmp_path / "a.png", "-o", tmp_path)
    assert done.exit_code == 2
    assert mine.read_bytes() == before


def test_an_address(run: Any, tiny_model: Path, server: LoopbackServer, tmp_path: Path) -> None:
    server.files["/p/street.png"] = Served(encoded(photo()))
    url = f"{server.url}/p/street.png"
    done = run("predict", tiny_model, url, f"{server.url}/gone.png", "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert f"{url}: " in done.stdout
    assert f"{server.url}/gone.png could not be fetched" in done.stderr
    assert files(tmp_path / "out") == {"street_segmented.json", "street_segmented.png"}


def test_a_picture_without_instances(run: Any, tiny_model: Path, tmp_path: Path) -> None:
    black = tmp_path / "black.png"
    Image.new("RGB", (30, 20)).save(black)
    done = run("predict", tiny_model, black)
    assert done.exit_code == 0
    assert done.stdout.startswith("30 x 20 pixels, 0 instances; ms: ")
    assert f"{black}: 0 instances\n" in run("predict", tiny_model, black, black).stdout


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (["nowhere", "a.png"], "'nowhere' is neither a folder nor one of the official names", 1),
        (["Mask-RT-DETR-Q", "a.png"], "Did you mean 'Mask-RT-DETR-", 1),
        (["MODEL", "missing.png"], "'missing.png' does not exist.", 1),
        (["MODEL", "*.gif"], "The pattern *.gif matches no file.", 1),
        (["MODEL", ""], "does not exist", 1),
        (["MODEL", "."], "holds no image", 1),
        (["MODEL", "a.png", "--classes", "rad"], "no class 'rad'. Did you mean 'red'?", 2),
        (["MODEL", "a.png", "--classes", "7"], "There is no class id 7; the model's are 0 to 2", 2),
        (["MODEL", "a.png", "--classes", ","], "classes is empty", 2),
        (["MODEL", "a.png", "--device", "gpu"], "gpu", 2),
        (["MODEL", "a.png", "--engine", "tensorflow"], "tensorflow", 2),
        (["MODEL", "a.png", "--precision", "int4"], "int4", 2),
        (["MODEL", "a.png", "--streams", "3", "--threads", "2"], "num_streams is 3", 2),
        (["MODEL", "a.png", "--output", "MODEL/instseg.json"], "cannot be used as the output", 2),
        (["MODEL", "a.png", "--threshold", "1.5"], "--threshold", 2),
        (["MODEL", "a.png", "--threshold", "nan"], "--threshold", 2),
        (["MODEL", "a.png", "--threshold", "high"], "--threshold", 2),
        (["MODEL", "a.png", "--max-detections", "0"], "--max-detections", 2),
        (["MODEL", "a.png", "--mask-format", "png"], "--mask-format", 2),
        (["MODEL", "a.png", "--batch", "2"], "--batch", 2),
        (["MODEL"], "SOURCE", 2),
        ([], "MODEL", 2),
    ],
)
def test_mistakes_end_in_one_message(
    run: Any,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
    code: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("predict", *(part.replace("MODEL", str(tiny_model)) for part in arguments))
    assert words in done.stderr
    assert done.exit_code == code
    assert done.stdout == ""
    messages = [line for line in done.stderr.splitlines() if line.startswith(("instseg:", "Error"))]
    assert len(messages) == 1


def test_the_installed_command_ends_with_the_exit_code(tiny_model: Path, photos: Path) -> None:
    """Through the real entry point: exit code, streams, no traceback, a closed pipe."""
    command = [str(Path(sys.executable).with_name("instseg")), "predict", str(tiny_model)]
    done = subprocess.run([*command, "gone.png"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "instseg: 'gone.png' does not exist.\n"
    with subprocess.Popen(
        [*command, str(photos)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()  # as `| head` does
        assert b"Traceback" not in process.stderr.read()
