"""The side of a benchmark worker that every contender shares: JSON lines in, JSON lines out.

A worker is a process of its own. It reads one command a line from standard input and answers with
one JSON object a line on what was standard output at its start; whatever a library prints goes to
standard error instead, which the parent keeps as a log.

Commands                                      answers
  {"command": "load", ...options}             {"info": {...}}
  {"command": "predict", "count": n,          {"samples": [{"total_ms": float, "count": int | null,
   "threshold": t}                              "stages_ms": {stage: float}}, ...],
                                               "detections": those of the last prediction}
  {"command": "reset_peak"}                   {}
  {"command": "memory"}                       {"resident_bytes": int, "peak_bytes": int,
                                               "peak_was_reset": bool}
  {"command": "stop"}                         {}, and the process ends
A command that fails answers {"error": "...", "traceback": "..."} and the process goes on.

Only the standard library is used here: the file runs in PaddleX's environment too.
"""

import argparse
import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any, Protocol

Json = dict[str, Any]


class Contender(Protocol):
    """One way from a JPEG file (or, for a bare engine, a ready tensor) to its result."""

    def load(self, options: Json) -> Json:
        """Imports the library, loads the model; returns what it runs with: versions, modes."""

    def predict(self, threshold: float) -> dict[str, float]:
        """Runs once, keeps the result; returns ms per stage. This call is what is timed."""

    def take_detections(self) -> list[Json] | None:
        """Drops the result and returns its instances: class_id, score, box x1 y1 x2 y2 in pixels
        (None where the result has no boxes), best first; None for a bare network."""


class PeakMemory:
    """Resident memory of this process as Linux counts it (VmRSS, VmHWM), in bytes."""

    def __init__(self) -> None:
        self._was_reset = False

    def reset(self) -> None:
        """Starts the high-water mark anew from what is resident now; may be forbidden."""
        try:
            Path("/proc/self/clear_refs").write_text("5")
            self._was_reset = True
        except OSError:
            self._was_reset = False

    def read(self) -> Json:
        fields = dict(
            line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines()
        )
        return {
            "resident_bytes": int(fields["VmRSS"].split()[0]) * 1024,
            "peak_bytes": int(fields["VmHWM"].split()[0]) * 1024,
            "peak_was_reset": self._was_reset,
        }


def predictions(contender: Contender, count: int, threshold: float) -> Json:
    """Runs `count` times; only `predict` is timed, not what is read from its result after it."""
    samples = []
    detections: list[Json] | None = None
    for _ in range(count):
        start = time.perf_counter_ns()
        stages_ms = contender.predict(threshold)
        total_ms = (time.perf_counter_ns() - start) / 1e6
        detections = contender.take_detections()
        instances = None if detections is None else len(detections)
        samples.append({"total_ms": total_ms, "count": instances, "stages_ms": stages_ms})
    return {"samples": samples, "detections": detections}


def answer(contender: Contender, memory: PeakMemory, request: Json) -> Json:
    command = request.pop("command")
    if command == "load":
        return {"info": contender.load(request)}
    if command == "predict":
        return predictions(contender, int(request["count"]), float(request["threshold"]))
    if command == "reset_peak":
        memory.reset()
        return {}
    if command == "memory":
        return memory.read()
    if command == "stop":
        return {}
    raise ValueError(f"unknown command {command!r}")


def serve(contender: Contender) -> None:
    """Pins the process to its cores, then answers until "stop" or the end of the input.

    The cores are set before any library is imported (contenders import theirs in `load`), so
    that every thread pool sees no more cores than it may use.
    """
    parser = argparse.ArgumentParser(description=type(contender).__doc__)
    parser.add_argument("--cores", required=True, help="CPU numbers, as 0,1")
    cores = {int(core) for core in parser.parse_args().cores.split(",")}
    os.sched_setaffinity(0, cores)

    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    memory = PeakMemory()
    for line in sys.stdin:
        request = json.loads(line)
        last = request["command"] == "stop"
        try:
            reply = answer(contender, memory, request)
        except Exception as error:  # the parent decides what a failure means
            reply = {
                "error": f"{type(error).__name__}: {error}",
                "traceback": traceback.format_exc(),
            }
        replies.write(json.dumps(reply) + "\n")
        replies.flush()
        if last:
            return
