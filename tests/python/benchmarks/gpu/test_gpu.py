"""The command: without a GPU, and whole with everything of the GPU faked."""

import json
from pathlib import Path
from typing import Any

import gpu
import pytest
from fake_predictor import FakePredictor, kept, result_with, tools
from harness.gpu import job as job_module
from harness.gpu import nvidia_smi
from harness.gpu.job import load_seconds, measure
from harness.gpu.nvidia_smi import describe_gpu, device_index, used_memory_mib
from harness.gpu.plan import NoGpu
from harness.gpu.record import problems
from harness.gpu.report import report
from harness.gpu.trtexec import Trtexec
from PIL import Image

import instseg

SMI = "Tesla T4, 550.54.15, 15360, 7.5, 585, 1590, 41, 70.00\n"


def test_without_a_driver_it_says_so_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu.main(["--output", str(tmp_path / "out")]) == 2
    assert "nvidia-smi is not on the PATH, so there is no NVIDIA driver" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_drivers_failure_is_told() -> None:
    with pytest.raises(NoGpu, match="no devices were found"):
        nvidia_smi.run_command(["/bin/sh", "-c", "echo no devices were found; exit 6"])


def test_the_gpu_as_its_driver_describes_it() -> None:
    asked = []

    def run(command: Any) -> str:
        asked.append(command)
        return SMI if "name" in command[1] else "1234\n"

    found = describe_gpu(1, run)
    assert (found.name, found.memory_mib, found.compute_capability) == ("Tesla T4", 15360, "7.5")
    assert used_memory_mib(1, run) == 1234
    assert all("--id=1" in command for command in asked)
    assert (device_index("gpu"), device_index("gpu:3")) == (0, 3)
    with pytest.raises(NoGpu, match="expected 8 values"):
        describe_gpu(0, lambda command: "Tesla T4\n")


def run_whole(
    photo: Path, output: Path, monkeypatch: pytest.MonkeyPatch, gpu_result: Any, trtexec: Any = None
) -> int:
    """gpu.main with an engine, a GPU and predictors that are none."""
    engine = {
        "name": "tensorrt",
        "available": True,
        "devices": ["gpu"],
        "precisions": ["fp32", "fp16"],
        "remedy": "",
    }
    monkeypatch.setattr(instseg, "engines", lambda: [engine])
    monkeypatch.setattr(gpu, "describe_gpu", lambda i: describe_gpu(i, lambda command: SMI))
    monkeypatch.setattr(gpu, "find_trtexec", lambda: trtexec)
    monkeypatch.setattr(job_module, "SECONDS_PER_THROUGHPUT", 0.01)
    fakes = tools(FakePredictor(result_with()), FakePredictor(gpu_result))

    def call(function: Any, job: Any) -> Any:
        return 1.5 if function is load_seconds else measure(job, fakes)

    monkeypatch.setattr(gpu, "in_new_process", call)
    folder = photo.parent / "Mask-RT-DETR-L_infer"
    folder.mkdir()
    (folder / "inference.yml").write_text("Global: {model_name: Mask-RT-DETR-L}\n")
    monkeypatch.setenv("INSTSEG_BENCH_DIR", str(photo.parent / "bench"))
    return gpu.main(
        [
            *("--models", str(folder), "--image", str(photo), "--output", str(output)),
            *("--runs", "3", "--warm-ups", "1", "--growth-predictions", "100"),
        ]
    )


def test_a_whole_run_writes_the_json_and_the_table(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "results"
    assert run_whole(photo, output, monkeypatch, result_with()) == 0
    record = json.loads((output / "gpu.json").read_text(encoding="utf-8"))
    assert problems(record) == []
    assert record["gpu"]["name"] == "Tesla T4"
    [model] = record["models"]
    assert [run["precision"] for run in model["runs"]] == ["fp32", "fp16"]
    assert model["runs"][0]["start"] == {"cold_s": 1.5, "cached_s": 1.5}
    text = (output / "README.md").read_text(encoding="utf-8")
    # The published T4 figure, no network alone, the network with copies.
    assert "| Mask-RT-DETR-L | fp32 | 46.5 | - | 30.0 |" in text
    assert "| Mask-RT-DETR-L | fp16 | 46.5 | - | 30.0 |" in text
    assert "| Mask-RT-DETR-L | trained | fp32 | yes | detections | 3 of 3 |" in text
    assert "trtexec is not on the PATH" in text
    assert "+0 over 100 | 0 of 24 |" in text
    assert str(tmp_path) not in text
    assert str(tmp_path) not in json.dumps(record)


def test_an_inequality_fails_the_run(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "results"
    assert run_whole(photo, output, monkeypatch, kept(result_with(), 1)) == 1
    assert "Mask-RT-DETR-L, fp32: not equal to the CPU engine" in capsys.readouterr().err
    assert "| fp32 | **no** | detections | 1 of 3 |" in (output / "README.md").read_text()


def test_a_trtexec_that_fails_leaves_the_rest(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "results"
    run_whole(photo, output, monkeypatch, result_with(), Trtexec("/nowhere/trtexec", 10))
    text = (output / "README.md").read_text(encoding="utf-8")
    assert "failed: " in text  # the folder holds no program to import
    assert "| 30.0 |" in text


def test_a_process_that_dies_is_an_error_of_its_run(photo: Path) -> None:
    from fake_predictor import job

    def call(function: Any, job: Any) -> Any:
        if job.precision == "fp16":
            raise instseg.EngineError("The process of Mask-RT-DETR-S, fp16 died.")
        return 1.5 if function is load_seconds else {}

    fp32: dict[str, Any] = {}
    fp16: dict[str, Any] = {}
    pairs = [
        (run, job(photo, steps=("start", "latency"), precision=precision))
        for run, precision in ((fp16, "fp16"), (fp32, "fp32"))
    ]
    gpu.run_jobs(pairs, None, 1, call, lambda: None)
    assert fp16 == {"error": "EngineError: The process of Mask-RT-DETR-S, fp16 died."}
    assert fp32 == {"start": {"cold_s": 1.5, "cached_s": 1.5}}
    assert gpu.failures({"models": [{"label": "a", "runs": [{"precision": "fp16", **fp16}]}]}) == [
        "a, fp16: EngineError: The process of Mask-RT-DETR-S, fp16 died."
    ]


def test_all_is_compared_before_anything_is_timed(photo: Path) -> None:
    from fake_predictor import job

    order = []

    def call(function: Any, job: Any) -> Any:
        order.append((job.precision, *job.steps, job.threshold))
        found = {"memory_mib": {"before": len(order)}}
        return found | ({"threshold": 0.4} if job.threshold is None else {})

    saved: list[int] = []
    runs: list[dict[str, Any]] = [{}, {}]
    steps = ("correctness", "threads", "latency", "growth")
    pairs = [
        (run, job(photo, steps=steps, precision=precision))
        for run, precision in zip(runs, ("fp32", "fp16"), strict=True)
    ]
    gpu.run_jobs(pairs, None, 2, call, lambda: saved.append(len(order)))
    assert sorted(order[:2]) == [
        ("fp16", "correctness", "threads", None),
        ("fp32", "correctness", "threads", None),
    ]
    assert order[2:] == [("fp32", "latency", "growth", 0.4), ("fp16", "latency", "growth", 0.4)]
    assert len(saved) == 4
    # The memory of processes that ran beside others is nobody's.
    assert [run["memory_mib"] for run in runs] == [{"before": 3}, {"before": 4}]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"gpu": {}}, "record.gpu.name is missing"),
        ({"notes": [3]}, "record.notes[0] is 3, not str"),
        ({"models": {}}, "record.models is dict, not a list"),
        ({"format_version": True}, "record.format_version is True, not int"),
    ],
)
def test_a_record_of_another_form_is_told(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any, problem: str
) -> None:
    run_whole(photo, tmp_path / "results", monkeypatch, result_with())
    record = json.loads((tmp_path / "results" / "gpu.json").read_text(encoding="utf-8"))
    assert problem in problems(record | change)
    if "models" not in change and "gpu" not in change:
        assert "Mask-RT-DETR-L" in report(record)


def test_trained_models_get_pictures_of_what_they_know(tmp_path: Path) -> None:
    models = gpu.trained_models(tmp_path)
    assert {model.label for model in models} >= {"trained solov2", "trained mask_rtdetr", "demo"}
    assert all((model.folder / "inference.yml").is_file() for model in models)
    for model in models:
        assert model.image is not None
        size = (384, 303) if model.label == "demo" else (192, 192)
        with Image.open(model.image) as picture:
            assert picture.size == size
