"""A worker without a model, for the harness's tests: it counts, prints, fails, dies or sleeps.

It finds 40 instances at threshold 0. Options of "load": journal (file that each prediction appends
the name to), name, sleep_ms, fail_at (the prediction that raises; 0: loading does), die_at (the
prediction that ends the process).
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

from worker_protocol import Json, serve


class FakeContender:
    def load(self, options: Json) -> Json:
        print("a library's chatter on standard output")
        self._options: dict[str, Any] = options
        self._predictions = 0
        if options.get("fail_at") == 0:
            raise RuntimeError("cannot load")
        return {"cores": sorted(os.sched_getaffinity(0)), "versions": {options["name"]: "1.0"}}

    def predict(self, threshold: float) -> dict[str, float]:
        self._threshold = threshold
        os.write(1, b"chatter below Python\n")
        self._predictions += 1
        if self._options.get("fail_at") == self._predictions:
            raise RuntimeError("cannot predict")
        if self._options.get("die_at") == self._predictions:
            print("last words", file=sys.stderr, flush=True)
            os._exit(3)
        with Path(self._options["journal"]).open("a") as journal:
            journal.write(self._options["name"])
        start = time.perf_counter()
        time.sleep(self._options.get("sleep_ms", 0) / 1000)
        stage_ms = (time.perf_counter() - start) * 1000
        return {"preprocess": 0.0, "network": stage_ms, "postprocess": 0.0}

    def take_detections(self) -> list[Json]:
        scores = [0.99 - i / 100 for i in range(40)]
        return [
            {"class_id": 0, "score": score, "box": [10.0 * i, 0.0, 10.0 * i + 9, 9.0]}
            for i, score in enumerate(scores)
            if score > self._threshold
        ]


if __name__ == "__main__":
    serve(FakeContender())
