"""Unpacking tar archives of strangers."""

import contextlib
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instseg.errors import ModelError
from instseg.unpack import MAX_MEMBERS, unpack_tar


def tar_of(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return path


def plain(name: str, data: bytes = b"data") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    return info, data


def special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info, b""


def unpack(archive: Path, folder: Path, max_bytes: int = 1_000_000) -> Path:
    folder.mkdir()
    unpack_tar(archive, folder, max_bytes=max_bytes)
    return folder


def test_files_and_folders_come_out_with_our_permissions(tmp_path: Path) -> None:
    setuid = plain("model/inference.json", b"{}")
    setuid[0].mode = 0o6777
    setuid[0].uid = setuid[0].gid = 4711
    folder = special("model", tarfile.DIRTYPE)
    deep = plain("model/a/b/c.txt", b"deep")
    archive = tar_of(tmp_path / "a.tar", folder, setuid, plain("./model/inference.yml"), deep)
    out = unpack(archive, tmp_path / "out")
    files = {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    assert files == {
        "model/inference.json": b"{}",
        "model/inference.yml": b"data",
        "model/a/b/c.txt": b"deep",
    }
    assert (out / "model/inference.json").stat().st_mode & 0o7000 == 0
    assert (out / "model/inference.json").stat().st_uid == tmp_path.stat().st_uid


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (plain("../evil"), "leads elsewhere"),
        (plain("model/../../evil"), "leads elsewhere"),
        (plain("/tmp/evil"), "leads elsewhere"),
        (plain("C:evil"), "leads elsewhere"),
        (plain("a\\..\\evil"), "leads elsewhere"),
        (plain("a\nb"), "leads elsewhere"),
        (plain("/".join("a" * 20)), "leads elsewhere"),
        (special("link", tarfile.SYMTYPE, "/etc/passwd"), "neither a plain file nor a folder"),
        (special("link", tarfile.LNKTYPE, "first"), "neither a plain file nor a folder"),
        (special("pipe", tarfile.FIFOTYPE), "neither a plain file nor a folder"),
        (special("device", tarfile.CHRTYPE), "neither a plain file nor a folder"),
        (special("sparse", tarfile.GNUTYPE_SPARSE), "neither a plain file nor a folder"),
        (plain("first"), "twice"),
        (plain("./first"), "twice"),
        (plain("big", bytes(1_000_001)), "more than 1000000 bytes"),
    ],
)
def test_a_hostile_member_stops_everything_before_a_byte_is_written(
    tmp_path: Path, member: tuple[tarfile.TarInfo, bytes], words: str
) -> None:
    archive = tar_of(tmp_path / "a.tar", plain("first"), member)
    with pytest.raises(ModelError, match=words):
        unpack(archive, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tar", "out"]


def test_a_link_cannot_redirect_a_later_file(tmp_path: Path) -> None:
    link = special("model", tarfile.SYMTYPE, str(tmp_path))
    archive = tar_of(tmp_path / "a.tar", link, plain("model/evil"))
    with pytest.raises(ModelError, match="neither a plain file nor a folder"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "evil").exists()


def test_too_many_members(tmp_path: Path) -> None:
    members = [plain(f"file{i}", b"") for i in range(MAX_MEMBERS + 1)]
    with pytest.raises(ModelError, match=f"more than {MAX_MEMBERS} entries"):
        unpack(tar_of(tmp_path / "a.tar", *members), tmp_path / "out")


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_compressed_archives_are_refused(tmp_path: Path, mode: str) -> None:
    archive = tar_of(tmp_path / "a.tar", plain("bomb", bytes(100_000)), mode=mode)
    with pytest.raises(ModelError, match="no tar archive"):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"x", b"\0" * 100, b"not a tar" * 1000])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    archive = tmp_path / "a.tar"
    archive.write_bytes(content)
    with pytest.raises(ModelError, match="no tar archive"):
        unpack(archive, tmp_path / "out")


def test_a_truncated_archive_is_refused_at_every_length(tmp_path: Path) -> None:
    whole = tar_of(tmp_path / "a.tar", plain("a", b"x" * 1500), plain("b", b"y" * 700)).read_bytes()
    last_data = 512 + 1536 + 512 + 700
    for length in [*range(1, last_data, 97), last_data - 1]:
        cut = tmp_path / "cut.tar"
        cut.write_bytes(whole[:length])
        folder = tmp_path / f"out{length}"
        folder.mkdir()
        try:
            unpack_tar(cut, folder, max_bytes=10_000)
        except ModelError:
            continue
        # Cut exactly behind the first file, a tar archive is whole.
        assert [p.name for p in folder.iterdir()] == ["a"], length
        assert (folder / "a").stat().st_size == 1500


@given(st.binary(max_size=3000))
def test_random_bytes_never_do_worse_than_a_model_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("random")
    (folder / "a.tar").write_bytes(content)
    (folder / "out").mkdir()
    try:
        unpack_tar(folder / "a.tar", folder / "out", max_bytes=10_000)
    except ModelError:
        pass
    else:
        assert not [p for p in (folder / "out").rglob("*") if p.is_symlink()]


@given(st.data())
def test_a_flipped_byte_never_writes_outside(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("flipped")
    archive = tar_of(folder / "a.tar", plain("m/a", b"x" * 600), plain("m/b", b"y"))
    content = bytearray(archive.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] = data.draw(st.integers(0, 255))
    archive.write_bytes(content)
    (folder / "out").mkdir()
    with contextlib.suppress(ModelError):
        unpack_tar(archive, folder / "out", max_bytes=10_000)
    assert sorted(p.name for p in folder.iterdir()) == ["a.tar", "out"]
