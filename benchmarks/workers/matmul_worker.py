"""Benchmark worker: a large product of matrices, the most that this machine computes.

What a network's speed is held against. NumPy's product of two float32 matrices, by OpenBLAS.
"""

import time
from typing import Any

from worker_protocol import Json, serve

SIDE = 3072
"""Of the square matrices: large enough for OpenBLAS's best, 58 GFLOP."""


class MatmulContender:
    """NumPy's matmul with as many threads as the process has cores."""

    _left: Any
    _right: Any
    _product: Any

    def load(self, options: Json) -> Json:
        """Options: threads: as many as the process's cores, or ValueError."""
        import os

        import numpy as np

        cores = len(os.sched_getaffinity(0))
        if options["threads"] != cores:
            raise ValueError(f"{options['threads']} threads were asked for on {cores} cores")
        random = np.random.default_rng(0)
        self._left = random.standard_normal((SIDE, SIDE), np.float32)
        self._right = random.standard_normal((SIDE, SIDE), np.float32)
        self._product = np.empty((SIDE, SIDE), np.float32)
        return {"versions": {"numpy": np.__version__}, "flops": 2 * SIDE**3}

    def predict(self, threshold: float) -> dict[str, float]:
        del threshold
        import numpy as np

        start = time.perf_counter_ns()
        np.matmul(self._left, self._right, out=self._product)
        return {"network": (time.perf_counter_ns() - start) / 1e6}

    def take_detections(self) -> None:
        return None


if __name__ == "__main__":
    serve(MatmulContender())
