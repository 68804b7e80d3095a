"""The engine "paddle" behind a Predictor: settings, inputs, threads, and what it refuses."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gpu_arrays import GpuArray, is_used
from official import LABELS, official

from instseg import EngineError, InvalidArgument, ModelError, Predictor


def one_box(inputs: dict[str, Any]) -> dict[str, Any]:
    """The whole image; the score is the mean of the network's input, in 0..1."""
    height, width = np.round(inputs["im_shape"] / inputs["scale_factor"])[0].astype(int)
    score = inputs["image"].mean()
    return {
        "boxes_out": np.array([[1, score, 0, 0, width, height]], np.float32),
        "count_out": np.array([1], np.int32),
        "masks_out": np.ones((1, height, width), np.int32),
    }


@pytest.fixture
def fake(paddle: Any) -> Any:
    paddle.program = one_box
    return paddle


def grey(value: int, height: int = 30, width: int = 20) -> Any:
    return np.full((height, width, 3), value, np.uint8)


@pytest.mark.parametrize(
    ("arch", "program", "new_ir", "passes", "memory"),
    [
        ("DETR", "inference.json", True, True, False),
        ("DETR", "inference.pdmodel", False, False, True),
        ("PPYOLOE", "inference.json", True, True, False),
        ("PPYOLOE", "inference.pdmodel", False, True, True),
    ],
)
def test_settings_follow_format_and_family(
    fake: Any, tmp_path: Path, arch: str, program: str, new_ir: bool, passes: bool, memory: bool
) -> None:
    folder = official(tmp_path / "m", arch=arch, program=program)
    Predictor(folder, engine="paddle", num_threads=6, num_streams=2)
    [config] = fake.inference.configs
    assert config.files == (str(folder / program), str(folder / "inference.pdiparams"))
    expected = {
        "disable_glog_info": (),
        "disable_mkldnn": (),
        "disable_gpu": (),
        "set_cpu_math_library_num_threads": (3,),
        "enable_new_ir": (new_ir,),
        "switch_ir_optim": (passes,),
    }
    assert config.calls == expected | ({"enable_memory_optim": ()} if memory else {})


@pytest.mark.parametrize(("device", "index"), [("gpu", 0), ("gpu:0", 0), ("gpu:1", 1)])
def test_a_gpu_by_number(
    fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, index: int
) -> None:
    monkeypatch.setattr(fake, "gpus", 2)
    predictor = Predictor(official(tmp_path / "m"), engine="paddle", device=device)
    assert predictor.info()["device"] == device
    calls = fake.inference.configs[-1].calls
    assert calls["enable_use_gpu"][1] == index
    assert "disable_gpu" not in calls
    # What the fake returns lies on the GPU: a result shows that nothing was read as CPU memory.
    assert len(predictor.predict(grey(200))) == 1


def test_what_the_program_is_given(fake: Any, tmp_path: Path) -> None:
    seen = {}
    fake.program = lambda inputs: seen.update(inputs) or one_box(inputs)
    image = np.zeros((64, 96, 3), np.uint8)
    image[..., 0] = 51
    Predictor(official(tmp_path / "m"), engine="paddle").predict(image, color="bgr")
    assert {name: (a.dtype.name, a.shape) for name, a in seen.items()} == {
        "im_shape": ("float32", (1, 2)),
        "image": ("float32", (1, 3, 64, 96)),
        "scale_factor": ("float32", (1, 2)),
    }
    # Blue is the last of RGB.
    assert np.unique(seen["image"][0, :2]).tolist() == [0]
    assert np.unique(seen["image"][0, 2]).tolist() == [np.float32(51) * np.float32(1 / 255)]
    assert seen["im_shape"].tolist() == [[64, 96]]
    assert seen["scale_factor"].tolist() == [[1, 1]]


def test_batches_streams_and_tiles(fake: Any, tmp_path: Path) -> None:
    predictor = Predictor(official(tmp_path / "m"), engine="paddle", num_threads=2, num_streams=2)
    images = [grey(value, height) for value, height in ((150, 10), (200, 20), (250, 30), (0, 9))]
    expected = [[np.float32(v / 255)] for v in (150, 200, 250)] + [[]]
    for results in (predictor.predict_batch(images), list(predictor.stream(images, batch_size=3))):
        assert [r.image_size for r in results] == [(h, 20) for h in (10, 20, 30, 9)]
        for result, scores in zip(results, expected, strict=True):
            np.testing.assert_allclose(result.scores, scores, rtol=1e-6)  # a float32 mean
    tiled = predictor.predict(grey(200, 60, 90), tile=40)
    assert tiled.image_size == (60, 90)
    assert len(tiled) > 0
    assert list(tiled.timings) == ["decode_ms", "preprocess_ms", "network_ms", "postprocess_ms"]


def test_a_predictor_of_paddle_serves_one_thread_at_a_time(fake: Any, tmp_path: Path) -> None:
    """The fake's predictors fail where two threads are in one."""
    predictor = Predictor(official(tmp_path / "m"), engine="paddle", num_threads=3, num_streams=3)
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(predictor.predict, [grey(200)] * 40))
    assert [len(result) for result in results] == [1] * 40
    runs = [each.runs for each in fake.inference.predictors]
    assert (len(runs), sum(runs)) == (3, 40)


def test_warming_up_runs_each_once_from_many_threads(fake: Any, tmp_path: Path) -> None:
    predictor = Predictor(official(tmp_path / "m"), engine="paddle", num_threads=2, num_streams=2)
    callers = [threading.Thread(target=predictor.warm_up) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(timeout=30)
    assert [each.runs for each in fake.inference.predictors] == [3, 3]


def test_a_predictor_goes_back_after_a_failure(fake: Any, tmp_path: Path) -> None:
    predictor = Predictor(official(tmp_path / "m"), engine="paddle")

    def fail(inputs: Any) -> Any:
        raise RuntimeError("(PreconditionNotMet) no memory")

    fake.program = fail
    for _ in range(2):
        with pytest.raises(EngineError, match=r"Paddle 3\.3\.1 cannot run .*no memory"):
            predictor.predict(grey(200))
    with pytest.raises(EngineError, match="no memory"):
        predictor.warm_up()
    fake.program = one_box
    assert len(predictor.predict(grey(200))) == 1


def test_a_program_that_paddle_refuses(
    fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import paddle.inference

    def refuse(config: Any) -> Any:
        raise ValueError("(InvalidArgument) Type of attribute: strides is not right.")

    monkeypatch.setattr(paddle.inference, "create_predictor", refuse)
    with pytest.raises(EngineError, match=r"cannot load .*strides is not right.*\n.*newer"):
        Predictor(official(tmp_path / "m"), engine="paddle")


def test_info(fake: Any, tmp_path: Path) -> None:
    folder = official(tmp_path / "m")
    predictor = Predictor(folder, engine="paddle", num_threads=4, num_streams=2)
    info = predictor.info()
    [network] = info.pop("networks")
    assert info == {
        "model_name": "Fake",
        "family": "mask_rtdetr",
        "class_names": LABELS,
        "threshold": 0.5,
        "engine": "paddle 3.3.1",
        "device": "cpu",
        "precision": "fp32",
        "num_threads": 4,
        "num_streams": 2,
        "network_folder": str(folder),
        "max_image_pixels": 178_956_970,
    }
    assert network["file"] == str(folder / "inference.json")
    assert {t["name"]: t["shape"] for t in network["inputs"]} == {
        "im_shape": [1, 2],
        "image": [1, 3, 64, 96],
        "scale_factor": [1, 2],
    }
    assert {t["name"]: t["shape"] for t in network["outputs"]} == dict.fromkeys(fake.outputs)
    assert repr(predictor) == "Predictor('Fake', paddle 3.3.1, fp32)"


def test_a_name_is_looked_up(fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    official(tmp_path / "models" / "SOLOv2")
    monkeypatch.setenv("INSTSEG_MODEL_DIR", str(tmp_path / "models"))
    assert Predictor("SOLOv2", engine="paddle").info()["model_name"] == "Fake"


def test_an_array_on_a_gpu_is_refused(fake: Any, tmp_path: Path) -> None:
    image = GpuArray(grey(9))
    with pytest.raises(InvalidArgument, match='"paddle" takes images in memory of the CPU; give'):
        Predictor(official(tmp_path / "m"), engine="paddle").predict(image)
    assert not is_used(image.capsules[0])  # its library lets it go


def test_a_network_folder_is_refused(fake: Any, tiny_model: Path) -> None:
    with pytest.raises(ModelError, match=r"is a network folder .* needs the official folder"):
        Predictor(tiny_model, engine="paddle")


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"precision": "bf16"}, InvalidArgument, '"bf16" is not available.*has "fp32"'),
        ({"device": "tpu"}, InvalidArgument, 'device "tpu" is unknown to the engine "paddle"'),
        ({"device": "cpu:0"}, InvalidArgument, 'device "cpu:0" is unknown'),
        ({"device": "gpu:x"}, InvalidArgument, 'device "gpu:x" is unknown'),
        ({"device": "gpu"}, EngineError, "3.3.1 is built without CUDA .*paddlepaddle-gpu"),
        ({"num_threads": 2000}, InvalidArgument, "num_threads is 2000; give 1 to 1024"),
        ({"num_threads": 2, "num_streams": 3}, InvalidArgument, "num_streams is 3; give 1 to 2"),
    ],
)
def test_refusals(
    fake: Any, tmp_path: Path, options: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        Predictor(official(tmp_path / "m"), engine="paddle", **options)


def test_a_gpu_that_is_not_there(
    fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake, "gpus", 2)
    with pytest.raises(EngineError, match="There is no gpu:2: Paddle sees 2 GPUs"):
        Predictor(official(tmp_path / "m"), engine="paddle", device="gpu:2")


def test_static_graph_mode_is_an_error(
    fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor(official(tmp_path / "m"), engine="paddle")
    monkeypatch.setattr(fake, "dynamic", False)
    with pytest.raises(EngineError, match=r"call paddle\.disable_static\(\)"):
        predictor.predict(grey(200))


def test_another_process_is_an_error(
    fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor(official(tmp_path / "m"), engine="paddle")
    child = os.getpid() + 1
    monkeypatch.setattr("instseg.reference.reference_predictor.os.getpid", lambda: child)
    for call in (lambda: predictor.predict(grey(200)), predictor.warm_up):
        with pytest.raises(EngineError, match=f"does not work in its child {child}"):
            call()
