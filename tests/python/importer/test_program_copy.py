"""What the manifest says about a whole program, in either format, of either kind of outputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from instseg.errors import ModelError
from instseg.importer import import_model, read_manifest
from instseg.importer.ir.graph import Graph, Value
from instseg.importer.program_copy import copy_program
from instseg.importer.source_folder import SourceFolder, find_source

Official = Callable[[str, str], Path]

IMAGE = Value("image", np.dtype("float32"), (-1, 3, 64, 64))
BOXES = Value("b", np.dtype("float32"), (-1, 6))
COUNT = Value("n", np.dtype("int32"), (-1,))
MASKS = Value("m", np.dtype("int32"), (-1, -1, -1))


@pytest.fixture
def source(tmp_path: Path) -> SourceFolder:
    folder = tmp_path / "official"
    folder.mkdir()
    for name in ("inference.yml", "inference.json", "inference.pdiparams"):
        (folder / name).write_text(f"content of {name}")
    return find_source(folder)


def graph(inputs: list[Value], outputs: list[Value]) -> Graph:
    named = {f"fetch_{i}": value for i, value in enumerate(outputs)}
    return Graph(inputs=inputs, nodes=[], outputs=named)


def test_the_image_comes_first(source: SourceFolder, tmp_path: Path) -> None:
    sizes = [Value(name, np.dtype("float32"), (-1, 2)) for name in ("im_shape", "scale_factor")]
    program = graph([sizes[0], IMAGE, sizes[1]], [BOXES, COUNT, MASKS])
    entry = copy_program(source, program, tmp_path)
    assert [t["meaning"] for t in entry["inputs"]] == ["image", "im_shape", "scale_factor"]
    assert [(t["name"], t["meaning"]) for t in entry["outputs"]] == [
        ("fetch_0", "boxes"),
        ("fetch_1", "count"),
        ("fetch_2", "masks"),
    ]
    assert (tmp_path / "inference.pdiparams").read_text() == "content of inference.pdiparams"


def test_meanings_do_not_depend_on_the_order(source: SourceFolder, tmp_path: Path) -> None:
    classes = Value("c", np.dtype("int64"), (-1,))
    scores = Value("s", np.dtype("float32"), (-1,))
    counts = [
        Value("n", np.dtype(name), shape) for name in ("int32", "int64") for shape in ((), (1,))
    ]
    for position, count in enumerate([*counts, COUNT]):
        folder = tmp_path / str(position)
        folder.mkdir()
        entry = copy_program(source, graph([IMAGE], [MASKS, scores, count, classes]), folder)
        meanings = [tensor["meaning"] for tensor in entry["outputs"]]
        assert meanings == ["masks", "scores", "count", "class_ids"]


def test_other_inputs_and_outputs_are_refused(source: SourceFolder, tmp_path: Path) -> None:
    sun = Value("sun", np.dtype("float32"), (-1, 2))
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with pytest.raises(ModelError, match="besides the image, programs take"):
        copy_program(source, graph([IMAGE, sun], [BOXES, MASKS]), tmp_path / "a")
    with pytest.raises(ModelError, match="are not those of a model that finds instances"):
        copy_program(source, graph([IMAGE], [sun, MASKS]), tmp_path / "b")


@pytest.mark.parametrize("model", ["SOLOv2", "PP-YOLOE_seg-S"])
@pytest.mark.parametrize("program_format", ["pir", "old"])
def test_official_programs(
    model: str, program_format: str, official_folder: Official, tmp_path: Path
) -> None:
    folder = import_model(
        official_folder(model, program_format), tmp_path / "network", with_program=True
    )
    program = read_manifest(folder)["program"]
    expected = {"count", "class_ids", "scores"} if model == "SOLOv2" else {"boxes", "count"}
    assert {tensor["meaning"] for tensor in program["outputs"]} == {*expected, "masks"}
    assert {tensor["meaning"] for tensor in program["inputs"]} == {
        "image",
        "im_shape",
        "scale_factor",
    }
