"""Fetches one image over HTTP into memory, limited in size and time."""

import threading
import time

from instseg.errors import ImageError
from instseg.http_client import TRANSFER_ERRORS, content_length, open_url, transfer_reason

MAX_BYTES = 512 << 20
READ_TIMEOUT_S = 20.0
TOTAL_TIMEOUT_S = 120.0
CHUNK_BYTES = 1 << 18


def fetch_image(
    url: str,
    *,
    max_bytes: int = MAX_BYTES,
    read_timeout_s: float = READ_TIMEOUT_S,
    total_timeout_s: float = TOTAL_TIMEOUT_S,
    cancelled: threading.Event | None = None,
) -> bytes:
    """The body of the answer to a GET request for `url`. Raises ImageError that names the address.

    cancelled: once set, the transfer ends with an ImageError at the next piece.
    """
    deadline = time.monotonic() + total_timeout_s
    try:
        response = open_url(url, timeout_s=read_timeout_s)
        try:
            expected = content_length(response)
            pieces: list[bytes] = []
            received = 0
            while True:
                if max(received, expected or 0) > max_bytes:
                    raise ImageError(f"{url} is larger than {max_bytes} bytes.")
                if time.monotonic() > deadline:
                    raise ImageError(f"{url} took longer than {total_timeout_s:g} s to arrive.")
                if cancelled is not None and cancelled.is_set():
                    raise ImageError(f"{url} was no longer wanted.")
                piece = response.read1(CHUNK_BYTES)
                if not piece:
                    break
                pieces.append(piece)
                received += len(piece)
        finally:
            response.close()
    except TRANSFER_ERRORS as error:
        raise ImageError(f"{url} could not be fetched: {transfer_reason(error)}.") from error
    if expected is not None and received != expected:
        raise ImageError(f"{url} broke off after {received} of {expected} bytes.")
    return b"".join(pieces)
