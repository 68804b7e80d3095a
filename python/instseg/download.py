"""Fetches one large file over HTTP: resumed where it stopped, limited, put in place whole."""

import json
import os
import re
import shutil
import time
import urllib.error
from dataclasses import dataclass
from pathlib import Path

from instseg.errors import DownloadError
from instseg.http_client import (
    TRANSFER_ERRORS,
    Response,
    content_length,
    open_url,
    transfer_reason,
)
from instseg.progress import Progress

CHUNK_BYTES = 1 << 20
# Attempts in a row that bring nothing new before the transfer is given up.
FRUITLESS_ATTEMPTS = 3
FIRST_PAUSE_S = 0.5
TIMEOUT_S = 30.0


class _Interrupted(Exception):
    """The transfer stopped; trying again may help."""


@dataclass(frozen=True)
class _Partial:
    """What an earlier transfer of the same file left: `file` and, beside it, what it belongs to."""

    file: Path
    note: Path

    @classmethod
    def beside(cls, destination: Path) -> "_Partial":
        return cls(
            destination.with_name(destination.name + ".part"),
            destination.with_name(destination.name + ".part.json"),
        )

    def resumable(self, url: str) -> tuple[int, str]:
        """(bytes held, validator of the version that they belong to); (0, "") = start anew."""
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
            size = self.file.stat().st_size
        except (OSError, ValueError):
            return 0, ""
        if not isinstance(note, dict) or note.get("url") != url:
            return 0, ""
        validator = note.get("validator")
        return (size, validator) if size and isinstance(validator, str) and validator else (0, "")

    def remember(self, url: str, response: Response) -> None:
        """Notes which version of the file the bytes belong to.

        A weak ETag cannot validate a range (RFC 9110, 13.1.5).
        """
        etag = response.getheader("ETag") or ""
        validator = etag if etag.startswith('"') else response.getheader("Last-Modified") or ""
        self.note.write_text(json.dumps({"url": url, "validator": validator}), encoding="utf-8")

    def remove(self) -> None:
        self.file.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def download(
    url: str,
    destination: Path,
    *,
    max_bytes: int,
    progress: Progress | None = None,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Fetches `url` into the file `destination`, whose folder exists.

    Bytes go to `destination`.part first; when a transfer breaks off they are kept, and the next one
    (in this call or a later one) asks for the rest, provided that the server can tell that the file
    is still the same (ETag or Last-Modified). The caller keeps other processes from the same
    destination. Raises DownloadError.
    """
    partial = _Partial.beside(destination)
    fruitless = 0
    held = partial.resumable(url)[0]
    while True:
        try:
            _transfer(url, partial, max_bytes, progress, timeout_s)
            break
        except _Interrupted as error:
            now = partial.resumable(url)[0]
            fruitless = 0 if now > held else fruitless + 1
            held = now
            if fruitless >= FRUITLESS_ATTEMPTS:
                raise DownloadError(f"{url} could not be fetched: {error}.") from error
            time.sleep(FIRST_PAUSE_S * 2**fruitless)
        except OSError as error:
            raise DownloadError(
                f"{url} could not be stored in {destination.parent}: {error}."
            ) from error
    try:
        os.replace(partial.file, destination)
    except OSError as error:
        raise DownloadError(f"{url} could not be stored as {destination}: {error}.") from error
    partial.remove()


def _transfer(
    url: str, partial: _Partial, max_bytes: int, progress: Progress | None, timeout_s: float
) -> None:
    """One request: appends to the partial file until it is whole, or raises _Interrupted."""
    held, validator = partial.resumable(url)
    headers = {"Range": f"bytes={held}-", "If-Range": validator} if held else {}
    try:
        response = open_url(url, timeout_s=timeout_s, headers=headers)
    except urllib.error.HTTPError as error:
        if error.code == 416 and held:  # the file has become shorter than what we hold
            partial.remove()
            raise _Interrupted("the partial file does not fit the server's") from error
        if error.code in (408, 425, 429) or error.code >= 500:
            raise _Interrupted(transfer_reason(error)) from error
        raise DownloadError(f"{url} could not be fetched: {transfer_reason(error)}.") from error
    except TRANSFER_ERRORS as error:
        raise _Interrupted(transfer_reason(error)) from error

    try:
        start, total = _extent(url, response, held)
        _check_size(url, total, max_bytes)
        free_bytes = shutil.disk_usage(partial.file.parent).free
        if total - start > free_bytes:
            raise DownloadError(
                f"{url} needs {total - start} bytes more, but {partial.file.parent} has "
                f"{free_bytes} bytes free."
            )
        if start == 0:
            partial.file.write_bytes(b"")
            partial.remember(url, response)
        with open(partial.file, "ab") as file:
            file.truncate(start)
            done = start
            while done < total:
                try:
                    chunk = response.read1(min(CHUNK_BYTES, total - done))
                except TRANSFER_ERRORS as error:
                    raise _Interrupted(
                        f"the transfer broke off after {done} of {total} bytes "
                        f"({transfer_reason(error)})"
                    ) from error
                if not chunk:
                    raise _Interrupted(f"the transfer broke off after {done} of {total} bytes")
                file.write(chunk)
                done += len(chunk)
                if progress:
                    progress("download", done / total)
            file.flush()
            os.fsync(file.fileno())
    finally:
        response.close()


def _extent(url: str, response: Response, held: int) -> tuple[int, int]:
    """(position of the answer's first byte, length of the whole file), from the headers."""
    if response.status == 206:
        found = re.fullmatch(
            r"bytes (\d+)-(\d+)/(\d+)", (response.getheader("Content-Range") or "").strip()
        )
        if found:
            first, last, total = (int(group) for group in found.groups())
            if first == held and last + 1 == total:
                return first, total
        raise DownloadError(
            f"{url}: the server sent another part than asked for (from byte {held}): "
            f"Content-Range {response.getheader('Content-Range')!r}."
        )
    if response.status != 200:
        raise DownloadError(f"{url} could not be fetched: the server answered {response.status}.")
    total_or_none = content_length(response)
    if total_or_none is None:
        raise DownloadError(f"{url}: the server does not say how long the file is.")
    return 0, total_or_none


def _check_size(url: str, size_bytes: int, max_bytes: int) -> None:
    if size_bytes > max_bytes:
        raise DownloadError(
            f"{url} is {size_bytes} bytes long; at most {max_bytes} are accepted for this file."
        )
    if size_bytes == 0:
        raise DownloadError(f"{url} is empty.")
