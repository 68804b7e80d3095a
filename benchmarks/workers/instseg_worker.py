"""Benchmark worker: instseg, from a JPEG file to boxes, scores, class ids and COCO RLE of masks."""

import time
from typing import Any

from worker_protocol import Json, serve


class InstsegContender:
    """instseg.Predictor on a network folder."""

    _predictor: Any
    _image: str

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

    def predict(self, threshold: float) -> tuple[int, dict[str, float]]:
        result = self._predictor.predict(self._image, threshold=threshold)
        start = time.perf_counter_ns()
        encoded = result.masks.rle()
        rle_ms = (time.perf_counter_ns() - start) / 1e6
        stages_ms = {
            stage.removesuffix("_ms"): float(ms)
            for stage, ms in result.timings.items()
            if stage.removesuffix("_ms") != "total"
        }
        return len(encoded), {**stages_ms, "rle": rle_ms}

    def detections(self, threshold: float) -> list[Json]:
        result = self._predictor.predict(self._image, threshold=threshold)
        return [
            {"class_id": int(class_id), "score": float(score), "box": [float(v) for v in box]}
            for class_id, score, box in zip(
                result.class_ids, result.scores, result.boxes, strict=True
            )
        ]


if __name__ == "__main__":
    serve(InstsegContender())
