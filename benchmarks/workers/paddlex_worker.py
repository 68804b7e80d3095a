"""Benchmark worker: PaddleX, from a JPEG file to its own result object (boxes and dense masks).

No RLE step is added for PaddleX: its time ends where `predict` yields the result.
"""

import os
import time
from collections.abc import Iterator
from typing import Any

from worker_protocol import Json, serve


def engine_configs(mode: str, threads: int) -> Iterator[Json]:
    """Engine settings to try in turn, for mode "default" or "onednn".

    Forced oneDNN on a model of PaddleX's blocklist: Paddle's new IR refuses some of these programs
    while it optimises them (Mask-RT-DETR-S, Paddle 3.2.2); its old IR runs them.
    """
    if mode == "default":
        yield {"cpu_threads": threads}
    elif mode == "onednn":
        yield {"cpu_threads": threads, "run_mode": "mkldnn"}
        yield {"cpu_threads": threads, "run_mode": "mkldnn", "enable_new_ir": False}
    else:
        raise ValueError(f"mode is {mode!r}, expected default or onednn")


class PaddleXContender:
    """PaddleX's create_model(name, model_dir)."""

    _model: Any
    _image: str
    _result: Any

    def load(self, options: Json) -> Json:
        """Options: name, folder, image, threads, mode (default or onednn)."""
        # Both are read when PaddleX is imported.
        os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
        if options["mode"] == "onednn":
            os.environ["PADDLE_PDX_DISABLE_MKLDNN_MODEL_BL"] = "True"
        import cv2
        import numpy as np
        import paddle
        import paddlex

        self._image = options["image"]
        refused: list[str] = []
        for engine_config in engine_configs(options["mode"], options["threads"]):
            start = time.perf_counter()
            try:
                self._model = paddlex.create_model(
                    options["name"],
                    model_dir=options["folder"],
                    device="cpu",
                    engine_config=engine_config,
                )
            except Exception as error:
                refused.append(f"{engine_config}: {str(error).strip().splitlines()[0][:300]}")
                continue
            return {
                "versions": {
                    "paddlex": paddlex.__version__,
                    "paddlepaddle": paddle.__version__,
                    "opencv": cv2.__version__,
                    "numpy": np.__version__,
                },
                "load_s": time.perf_counter() - start,
                "engine_config": engine_config,
                "run_mode": self._model.runner._config["run_mode"],
                "refused": refused,
                "opencv_threads": cv2.getNumThreads(),
            }
        raise RuntimeError("; ".join(refused))

    def predict(self, threshold: float) -> dict[str, float]:
        [self._result] = self._model.predict(self._image, threshold=threshold)
        return {}

    def take_detections(self) -> list[Json]:
        """SOLOv2 has no boxes in PaddleX's result: "box" is None there."""
        result, self._result = self._result, None
        rows = [
            {
                "class_id": int(row["cls_id"] if "cls_id" in row else row["class_id"]),
                "score": float(row["score"]),
                "box": [float(v) for v in row["coordinate"]] if "coordinate" in row else None,
            }
            for row in result["boxes"]
        ]
        return sorted(rows, key=lambda row: -row["score"])


if __name__ == "__main__":
    serve(PaddleXContender())
