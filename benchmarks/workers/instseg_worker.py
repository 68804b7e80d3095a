"""Benchmark worker: instseg, from a JPEG file to boxes, scores, class ids and COCO RLE of masks."""

import time
from typing import Any

from worker_protocol import Json, serve


class InstsegContender:
    """instseg.Predictor on a network folder."""

    _predictor: Any
    _image: str
    _result: Any
    _encoded: Any

    def load(self, options: Json) -> Json:
        """Options: folder, image, threads, precision."""
        import instseg

        self._image = options["image"]
        start = time.perf_counter()
        self._predictor = instseg.Predictor(
            options["folder"],
            device="cpu",
            precision=options["precision"],
            num_threads=options["threads"],
        )
        load_s = time.perf_counter() - start
        return {
            "versions": {"instseg": instseg.__version__},
            "load_s": load_s,
            "predictor": self._predictor.info(),
        }

    def predict(self, threshold: float) -> dict[str, float]:
        self._result = self._predictor.predict(self._image, threshold=threshold)
        start = time.perf_counter_ns()
        self._encoded = self._result.masks.rle()
        rle_ms = (time.perf_counter_ns() - start) / 1e6
        stages_ms = {
            stage.removesuffix("_ms"): float(ms) for stage, ms in self._result.timings.items()
        }
        stages_ms.pop("total", None)
        return {**stages_ms, "rle": rle_ms}

    def take_detections(self) -> list[Json]:
        result, self._result = self._result, None
        rows = zip(result.class_ids, result.scores, result.boxes, self._encoded, strict=True)
        return [
            {"class_id": int(class_id), "score": float(score), "box": [float(v) for v in box]}
            for class_id, score, box, _ in rows
        ]


if __name__ == "__main__":
    serve(InstsegContender())
