"""Names of output files: never the same twice, never outside the folder."""

from pathlib import Path

import pytest
from results import sample

from instseg import InvalidArgument
from instseg.cli.output_files import OutputFiles, free_stem, picture_suffix
from instseg.sources import SourceItem


def item(name: str, source: str | None = None) -> SourceItem:
    return SourceItem(source, source, name)


def test_stems_differ_even_where_case_does_not_count() -> None:
    taken: set[str] = set()
    names = ["a", "a", "A", "a_2", "a", "b"]
    stems = [free_stem(name, taken) for name in names]
    assert stems == [
        *("a_segmented", "a_2_segmented", "A_3_segmented", "a_2_2_segmented", "a_4_segmented"),
        "b_segmented",
    ]
    assert len({stem.casefold() for stem in stems}) == len(stems)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\\b", "c:d", "e\nf", "*?", "", "\udc80", "猫" * 200]
)
def test_any_name_becomes_one_file_name(name: str, tmp_path: Path) -> None:
    stem = free_stem(name, set())
    assert stem.endswith("_segmented")
    path = tmp_path / f"{stem}.json"
    path.write_text("")
    assert path.parent.resolve() == tmp_path.resolve()
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_pictures_keep_their_format_where_it_can_be_written() -> None:
    assert picture_suffix(item("a", "x/a.JPG")) == ".jpg"
    assert picture_suffix(item("a", "x/a.ppm")) == ".png"
    assert picture_suffix(item("a", "http://h/a.webp")) == ".webp"
    assert picture_suffix(item("a")) == ".png"


def output(folder: Path, names: list[str], *, overwrite: bool = False) -> OutputFiles:
    items = [item(name, f"photos/{name}.png") for name in names]
    return OutputFiles(
        folder, items, json=True, picture=False, mask_format="rle", overwrite=overwrite
    )


def test_each_position_has_its_own_file(tmp_path: Path) -> None:
    files = output(tmp_path / "out", ["a", "b", "a"])
    files.write(2, sample(1))  # items that failed leave no file
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["a_2_segmented.json"]


def test_files_that_are_there_are_named_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "b_segmented.json").write_text("old")
    output(tmp_path, ["a"])
    with pytest.raises(InvalidArgument, match=r"holds b_segmented\.json already\. Choose another"):
        output(tmp_path, ["a", "b"])
    output(tmp_path, ["b"], overwrite=True).write(0, sample(1))
    assert (tmp_path / "b_segmented.json").read_text() != "old"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InvalidArgument, match="cannot be used as the output folder"):
            output(folder, [])
