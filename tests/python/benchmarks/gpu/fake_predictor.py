"""Predictors that answer from memory, and everything else that a job uses, without a GPU."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from harness.gpu.job import Job, Tools
from results import sample

from instseg import Masks, Result

THRESHOLD = 0.25


class FakePredictor:
    """Gives `result` for every image; `other_after` predictions later one instance less."""

    def __init__(self, result: Result, *, other_after: int | None = None) -> None:
        self.result = result
        self.other_after = other_after
        self.predictions = 0

    def info(self) -> dict[str, Any]:
        return {"engine": "fake 1.0", "threshold": THRESHOLD, "networks": []}

    def predict(self, image: Any, *, threshold: float | None = None) -> Result:
        self.predictions += 1
        if self.other_after is not None and self.predictions > self.other_after:
            return kept(self.result, len(self.result) - 1)
        return self.result

    def predict_batch(self, images: list[Any], *, threshold: float | None = None) -> list[Result]:
        return [self.predict(image, threshold=threshold) for image in images]


def result_with(count: int = 3, **fields: Any) -> Result:
    timings = {"decode_ms": 1.0, "preprocess_ms": 2.0, "network_ms": 30.0, "postprocess_ms": 4.0}
    return sample(count, timings=timings, **fields)


def kept(result: Result, count: int) -> Result:
    """The first `count` instances."""
    return replace(
        result,
        boxes=result.boxes[:count],
        scores=result.scores[:count],
        class_ids=result.class_ids[:count],
        labels=result.labels[:count],
        masks=Masks(list(result.masks)[:count], result.image_size),
    )


def tools(
    cpu: FakePredictor,
    gpu: FakePredictor,
    *,
    memory: Callable[[], int] = lambda: 1000,
    runner: Callable[..., Any] | None = None,
) -> Tools:
    def load(folder: Path, **options: Any) -> FakePredictor:
        return cpu if options["engine"] == "openvino" else gpu

    def no_runner(*given: Any, **options: Any) -> Any:
        raise AssertionError("dense tensors are not to be compared here")

    return Tools(load=load, runner=runner or no_runner, memory=memory, half=lambda folder: None)


def job(image: Path, **changes: Any) -> Job:
    made = Job(
        label="Mask-RT-DETR-S",
        folder=image.parent,
        weights="trained",
        engine="tensorrt",
        device="gpu",
        precision="fp32",
        image=image,
        cache_dir=image.parent / "cache",
        steps=("correctness", "latency", "throughput", "growth", "threads"),
        runs=3,
        warm_ups=1,
        streams=(1, 2),
        batches=(1, 3),
        growth_predictions=250,
        threads=2,
    )
    return replace(made, **changes)


class FakeRunner:
    """Runs one network: adds `error` of the largest value to what the real one would give."""

    def __init__(self, outputs: Mapping[str, Any], error: float) -> None:
        self.outputs = outputs
        self.error = error

    def run(self, role: str, inputs: list[Any]) -> dict[str, Any]:
        assert role == "main"
        assert inputs[0].dtype == np.float32
        return {
            name: (values + self.error * np.abs(values).max()).astype(np.float32)
            for name, values in self.outputs.items()
        }
