"""Unpacks a tar archive that is not trusted."""

import os
import shutil
import tarfile
from pathlib import Path, PurePosixPath

from instseg.errors import ModelError

MAX_MEMBERS = 256
MAX_DEPTH = 8


def unpack_tar(archive: Path, destination: Path, *, max_bytes: int) -> None:
    """Writes the files of an uncompressed tar into the existing, empty folder `destination`.

    Everything is checked before the first byte is written: only regular files and folders, with
    plain relative names, in bounded number and size; sparse files, links and devices are refused.
    Owners, modes and times of the archive are not taken over. Raises ModelError; then the
    destination may hold some files and is the caller's to remove.
    """
    try:
        # "r:" reads plain tar only: an archive cannot unpack to more than its own size.
        with tarfile.open(archive, "r:") as tar:
            files = _checked_members(tar, archive, max_bytes)
            for member, path in files:
                target = destination.joinpath(*path.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                source = tar.extractfile(member)
                assert source is not None  # regular files always have content
                with source, open(target, "xb") as out:
                    shutil.copyfileobj(source, out, 1 << 20)
                if target.stat().st_size != member.size:
                    raise ModelError(f"{archive.name} is damaged: {member.name!r} ends early.")
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise ModelError(f"{archive.name} is no tar archive or is damaged: {error}.") from error
    except OSError as error:
        raise ModelError(f"{archive.name} could not be unpacked: {error}.") from error


def _checked_members(
    tar: tarfile.TarFile, archive: Path, max_bytes: int
) -> list[tuple[tarfile.TarInfo, PurePosixPath]]:
    files: list[tuple[tarfile.TarInfo, PurePosixPath]] = []
    names: set[str] = set()
    total_bytes = 0
    for count, member in enumerate(tar, start=1):
        if count > MAX_MEMBERS:
            raise ModelError(f"{archive.name} has more than {MAX_MEMBERS} entries.")
        path = _safe_path(member.name, archive)
        if member.isdir():
            continue
        if not member.isreg() or member.issparse():
            raise ModelError(
                f"{archive.name} holds {member.name!r}, which is neither a plain file nor a folder."
            )
        if member.size < 0:
            raise ModelError(f"{archive.name}: {member.name!r} has a negative size.")
        total_bytes += member.size
        if total_bytes > max_bytes:
            raise ModelError(f"{archive.name} unpacks to more than {max_bytes} bytes.")
        if str(path) in names:
            raise ModelError(f"{archive.name} holds {member.name!r} twice.")
        names.add(str(path))
        files.append((member, path))
    return files


def _safe_path(name: str, archive: Path) -> PurePosixPath:
    path = PurePosixPath(name)
    plain = (
        bool(path.parts)
        and not path.is_absolute()
        and ".." not in path.parts
        and len(path.parts) <= MAX_DEPTH
        and len(os.fsencode(name)) <= 1024
        and not any(ord(letter) < 32 or letter in '\\:"<>|?*' for letter in name)
    )
    if not plain and path.parts:
        raise ModelError(f"{archive.name} holds a name that leads elsewhere: {name!r}.")
    return path
