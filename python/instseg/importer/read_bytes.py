"""Reads a file whole, but only up to a size."""

from pathlib import Path

from instseg.errors import ModelError


def read_bytes(path: Path, limit: int) -> bytes:
    """Raises ModelError where the file is missing, unreadable or larger than `limit` bytes."""
    if not path.is_file():
        raise ModelError(f"cannot read {path}: it does not exist or is no regular file")
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error}") from None
    if len(data) > limit:
        raise ModelError(f"{path} is larger than the {limit} bytes that are supported")
    return data
