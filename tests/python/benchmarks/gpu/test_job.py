"""All steps of a job with fake predictors."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_predictor import THRESHOLD, FakePredictor, FakeRunner, job, kept, result_with, tools
from harness.gpu import job as job_module
from harness.gpu.job import gpu_options, measure


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "SECONDS_PER_THROUGHPUT", 0.01)


def test_all_steps_of_equal_engines(photo: Path) -> None:
    found = measure(job(photo), tools(FakePredictor(result_with()), FakePredictor(result_with())))
    assert found["threshold"] == THRESHOLD
    assert found["engine"] == "fake 1.0"
    assert found["correctness"]["passed"]
    assert found["correctness"]["held"] == "detections"
    assert found["latency"]["stages_ms"]["network"]["median"] == 30.0
    assert found["latency"]["runs"] == 3
    pairs = [(rate["streams"], rate["batch"]) for rate in found["throughput"]["rates"]]
    assert pairs == [(1, 1), (1, 3), (2, 1), (2, 3)]
    assert all(rate["images_per_s"] > 0 for rate in found["throughput"]["rates"])
    assert found["threads"] == {"threads": 8, "predictions": 24, "other_results": 0}


def test_steps_that_were_not_asked_for_are_not_there(photo: Path) -> None:
    both = tools(FakePredictor(result_with()), FakePredictor(result_with()))
    found = measure(job(photo, steps=("latency",)), both)
    assert {"correctness", "throughput", "growth", "threads"} & set(found) == set()


def test_fewer_instances_on_the_gpu_do_not_pass(photo: Path) -> None:
    gpu = FakePredictor(kept(result_with(), 2))
    found = measure(job(photo, steps=("correctness",)), tools(FakePredictor(result_with()), gpu))
    assert not found["correctness"]["passed"]
    assert found["correctness"]["detections"]["actual"] == 2


def test_threads_that_get_other_results_are_counted(photo: Path) -> None:
    gpu = FakePredictor(result_with(), other_after=8 + 4)
    found = measure(job(photo, steps=("threads",)), tools(FakePredictor(result_with()), gpu))
    assert found["threads"]["other_results"] == 24 - 4


def test_growth_counts_from_the_first_pass_on(photo: Path) -> None:
    used = iter([500, 900, *range(1000, 1004), 1004, 1004])
    both = tools(FakePredictor(result_with()), FakePredictor(result_with()))
    growing = tools(
        both.load(photo, engine="openvino"), both.load(photo, engine=""), memory=lambda: next(used)
    )
    found = measure(job(photo, steps=("growth",)), growing)
    assert found["memory_mib"] == {"before": 500, "loaded": 900, "after growth": 1004}
    # Warm, after 100 and 200 of 250 predictions, at the end.
    assert found["growth"] == {
        "predictions": 250,
        "warm_mib": 1000,
        "most_mib": 1003,
        "end_mib": 1003,
    }


def test_a_step_that_fails_leaves_the_others(photo: Path) -> None:
    class Failing(FakePredictor):
        def predict_batch(self, images: list[Any], **options: Any) -> Any:
            raise RuntimeError("out of memory")

    found = measure(job(photo), tools(FakePredictor(result_with()), Failing(result_with())))
    assert found["throughput"] == {"error": "RuntimeError: out of memory"}
    assert found["threads"]["other_results"] == 0


@pytest.mark.parametrize(("error", "passed"), [(0.0, True), (5e-3, True), (5e-2, False)])
def test_generated_weights_in_fp16_are_held_to_dense_tensors(
    photo: Path, tiny_model: Path, error: float, passed: bool
) -> None:
    values = {"class_logits": np.linspace(-4, 4, 48, dtype=np.float32).reshape(1, 16, 3)}
    prepared = []

    class OfTinyModel(FakePredictor):
        def info(self) -> dict[str, Any]:
            return super().info() | {"networks": [{"file": str(tiny_model / "network.onnx")}]}

    def runner(folder: str, **options: Any) -> FakeRunner:
        assert Path(folder) == tiny_model  # it selects nothing: it is not cut
        return FakeRunner(values, 0.0 if options["engine"] == "openvino" else error)

    made = tools(OfTinyModel(result_with()), FakePredictor(result_with()), runner=runner)
    made = type(made)(made.load, made.runner, made.memory, prepared.append)
    given = job(photo, weights="generated", precision="fp16", steps=("correctness",))
    found = measure(given, made)["correctness"]
    assert found["held"] == "tensors"
    assert found["passed"] == passed
    assert found["tensors"]["main: class_logits"] == pytest.approx(error, rel=1e-3, abs=1e-9)
    assert prepared == [tiny_model]


def test_every_stream_has_a_thread(photo: Path) -> None:
    assert gpu_options(job(photo), streams=4)["num_threads"] == 4
    assert gpu_options(job(photo), streams=1)["num_threads"] == 2
