"""HTTP and HTTPS requests and nothing else: no file: or ftp: address, not even by redirect."""

import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import cache
from http.client import HTTPException, HTTPResponse
from typing import Protocol, cast
from urllib.parse import urlsplit

# What a request or the reading of its answer may raise. HTTPError (an answer with an error status)
# is among them, as URLError and OSError.
TRANSFER_ERRORS = (OSError, HTTPException)

USER_AGENT = "instseg"


class Response(Protocol):
    """The part of http.client.HTTPResponse that is used here."""

    status: int

    # At most `amount` bytes, as soon as there are any; b"" = end of the body.
    def read1(self, amount: int, /) -> bytes: ...
    def getheader(self, name: str, /) -> str | None: ...
    def close(self) -> None: ...


def is_web_address(text: str) -> bool:
    """Whether `text` starts as an http or https address does."""
    return text[:8].lower().startswith(("http://", "https://"))


@cache
def _opener() -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def open_url(url: str, *, timeout_s: float, headers: Mapping[str, str] | None = None) -> Response:
    """Answer to a GET request, its body not yet read; the caller closes it.

    timeout_s limits connecting and every single read. Raises one of TRANSFER_ERRORS.
    """
    try:
        host = urlsplit(url).hostname
    except ValueError as error:
        raise urllib.error.URLError(f"not an address: {error}") from error
    if not is_web_address(url) or not host:
        raise urllib.error.URLError("not an http or https address with a host name")
    request = urllib.request.Request(
        url,
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **(headers or {})},
    )
    try:
        return cast(HTTPResponse, _opener().open(request, timeout=timeout_s))
    except urllib.error.HTTPError as error:
        error.close()  # it holds the connection
        raise
    except ValueError as error:  # e.g. control characters in the address
        raise urllib.error.URLError(f"not an address: {error}") from error


def transfer_reason(error: BaseException) -> str:
    """Why a transfer failed, in words for a message."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def content_length(response: Response) -> int | None:
    """Length of the body in bytes as announced; None = not announced."""
    text = response.getheader("Content-Length")
    return int(text) if text and text.strip().isdecimal() else None
