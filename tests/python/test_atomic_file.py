"""Files appear whole or not at all."""

from pathlib import Path

import pytest

from instseg.atomic_file import atomic_file


def write(path: Path, content: bytes) -> None:
    with atomic_file(path) as file:
        file.write(content)


def test_the_file_appears_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with atomic_file(path) as file:
        file.write(b"half")
        file.flush()
        assert not path.exists()
        file.write(b" whole")
    assert path.read_bytes() == b"half whole"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_keeps_the_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write(path, b"old")

    def interrupted() -> None:
        with atomic_file(path) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no such folder to write to: '.*missing'"):
        write(tmp_path / "missing" / "a.json", b"")


def test_the_longest_names_that_a_file_system_takes(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 250 + ".json")
    write(path, b"x")
    assert path.read_bytes() == b"x"
