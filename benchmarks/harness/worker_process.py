"""One benchmark worker seen from its parent; the protocol is in workers/worker_protocol.py."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

Json = dict[str, Any]
LOG_TAIL_BYTES = 2000


class WorkerError(Exception):
    """A worker failed, died or did not answer in time. The message ends with what it printed."""


class WorkerProcess:
    """A child that answers one JSON line to each JSON line it is sent."""

    def __init__(
        self,
        script: Path,
        *,
        python: Path,
        cores: Sequence[int],
        log_path: Path,
        environment: Mapping[str, str],
    ) -> None:
        log_path.parent.mkdir(parents=True, exist_ok=True)
        self._log_path = log_path
        self._name = script.name
        self._received = b""
        with log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [str(python), str(script), "--cores", ",".join(map(str, cores))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=dict(environment),
                bufsize=0,
            )

    def request(self, command: str, *, timeout_s: float, **options: Any) -> Json:
        """Sends one command and returns its answer. Raises WorkerError."""
        assert self._process.stdin is not None
        line = json.dumps({"command": command, **options}) + "\n"
        try:
            self._process.stdin.write(line.encode())
        except BrokenPipeError:
            raise self._error(f"ended before {command!r}") from None
        reply: Json = json.loads(self._read_line(command, timeout_s))
        if "error" in reply:
            raise self._error(f"{command!r} failed: {reply['error']}")
        return reply

    def close(self) -> None:
        """Ends the process: its input is closed, then it is killed if it does not go."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _read_line(self, command: str, timeout_s: float) -> bytes:
        assert self._process.stdout is not None
        deadline = time.monotonic() + timeout_s
        descriptor = self._process.stdout.fileno()
        while b"\n" not in self._received:
            left_s = max(deadline - time.monotonic(), 0.0)
            if not select.select([descriptor], [], [], left_s)[0]:
                self._process.kill()
                raise self._error(f"no answer to {command!r} within {timeout_s:g} s")
            chunk = os.read(descriptor, 1 << 16)
            if not chunk:
                status = self._process.wait()
                raise self._error(f"ended with status {status} during {command!r}")
            self._received += chunk
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _error(self, what: str) -> WorkerError:
        log = self._log_path.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace").strip()
        printed = f"; it printed: {log}" if log else ""
        return WorkerError(f"{self._name}: {what}{printed}")
