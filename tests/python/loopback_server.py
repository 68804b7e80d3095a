"""An HTTP server on the loopback that misbehaves on request."""

import re
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


@dataclass
class Served:
    """What the server answers for one path.

    cuts          per request, in turn: after so many bytes of the body the connection breaks
    status        answer this instead of 200
    ranges        whether partial requests are understood
    announced     Content-Length to announce instead of the true one; -1 = none
    range_start   claim in Content-Range to start here
    pause_s       before the body
    drip_s        between single bytes of the body
    location      redirect there
    """

    data: bytes = b""
    etag: str | None = '"1"'
    cuts: list[int] = field(default_factory=list)
    status: int = 200
    ranges: bool = True
    announced: int | None = None
    range_start: int | None = None
    pause_s: float = 0.0
    drip_s: float = 0.0
    location: str | None = None


class LoopbackServer:
    """Serves `files` (path -> Served) at `url`; `requests` collects (path, Range header)."""

    def __init__(self) -> None:
        self.files: dict[str, Served] = {}
        self.requests: list[tuple[str, str | None]] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.requests.append((self.path, self.headers.get("Range")))
                owner._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "LoopbackServer":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        served = self.files.get(request.path)
        if served is None:
            request.send_error(404)
            return
        if served.location is not None:
            request.send_response(302)
            request.send_header("Location", served.location)
            request.end_headers()
            return
        if served.status != 200:
            request.send_error(served.status)
            return
        start = self._start(request, served)
        if start > len(served.data):
            request.send_error(416)
            return
        body = served.data[start:]
        request.send_response(206 if start else 200)
        if start:
            claimed = start if served.range_start is None else served.range_start
            total = len(served.data)
            request.send_header("Content-Range", f"bytes {claimed}-{total - 1}/{total}")
        length = len(body) if served.announced is None else served.announced
        if length >= 0:
            request.send_header("Content-Length", str(length))
        if served.etag:
            request.send_header("ETag", served.etag)
        request.end_headers()
        cut = served.cuts.pop(0) if served.cuts else len(body)
        time.sleep(served.pause_s)
        with suppress(OSError):  # the client went away
            self._send(request, served, body[:cut])

    def _start(self, request: BaseHTTPRequestHandler, served: Served) -> int:
        found = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range") or "")
        if not found or not served.ranges:
            return 0
        if request.headers.get("If-Range") not in (None, served.etag):
            return 0
        return int(found.group(1))

    def _send(self, request: BaseHTTPRequestHandler, served: Served, body: bytes) -> None:
        if not served.drip_s:
            request.wfile.write(body)
            return
        for byte in body:
            request.wfile.write(bytes([byte]))
            request.wfile.flush()
            time.sleep(served.drip_s)
