"""One model at one precision, measured in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.gpu.agreement import compare, same
from harness.gpu.dense import compare_networks, selection_free_folder
from harness.gpu.held import held
from harness.gpu.nvidia_smi import device_index, used_memory_mib
from harness.gpu.plan import CPU_ENGINE
from harness.threshold import choose_threshold

Json = dict[str, Any]
THREADS_AT_ONCE = 8
GROWTH_SIZES = 20
SECONDS_PER_THROUGHPUT = 3.0


@dataclass(frozen=True)
class Job:
    """Can be sent to another process.

    cache_dir   of what this benchmark imports and builds
    threshold   of the scores, where an earlier job of the same model chose it
    """

    label: str
    folder: Path
    weights: str
    engine: str
    device: str
    precision: str
    image: Path
    cache_dir: Path
    steps: Sequence[str]
    runs: int
    warm_ups: int
    streams: Sequence[int]
    batches: Sequence[int]
    growth_predictions: int
    threads: int
    threshold: float | None = None


@dataclass(frozen=True)
class Tools:
    """What a job uses; tests put others in their place.

    load    (folder, **options of Predictor) -> a Predictor
    runner  (network folder, **options) -> a NetworkRunner
    memory  -> MiB of the GPU in use
    half    prepares the mixed-precision files of a network folder
    """

    load: Callable[..., Any]
    runner: Callable[..., Any]
    memory: Callable[[], int]
    half: Callable[[Path], object]


def real_tools(job: Job) -> Tools:
    from instseg import Predictor, _core

    def half(folder: Path) -> None:
        from instseg.mixed_precision import ensure_mixed_precision

        ensure_mixed_precision(folder)

    return Tools(
        load=Predictor,
        runner=_core.NetworkRunner,
        memory=lambda: used_memory_mib(device_index(job.device)),
        half=half,
    )


def load_seconds(job: Job) -> float:
    """Of loading the model; to be called first in a new process, which loads the libraries too."""
    from instseg import Predictor

    start = time.perf_counter()
    Predictor(job.folder, **gpu_options(job))
    return time.perf_counter() - start


def gpu_options(job: Job, streams: int = 1) -> Json:
    return {
        "engine": job.engine,
        "device": job.device,
        "precision": job.precision,
        "cache_dir": job.cache_dir,
        "num_threads": max(job.threads, streams),
        "num_streams": streams,
    }


def measure(job: Job, tools: Tools | None = None) -> Json:
    """All steps of the job but "start"; step -> what was found, or {"error": why}."""
    tools = tools or real_tools(job)
    found: Json = {"memory_mib": {"before": tools.memory()}}
    needs_cpu = "correctness" in job.steps or job.threshold is None
    cpu = load_cpu(job, tools) if needs_cpu else None
    threshold = job.threshold if job.threshold is not None else reference_threshold(cpu, job)
    found["threshold"] = threshold
    predictor = tools.load(job.folder, **gpu_options(job))
    found["engine"] = predictor.info()["engine"]
    found["memory_mib"]["loaded"] = tools.memory()

    steps: dict[str, Callable[[], Json]] = {
        "correctness": lambda: correctness(job, tools, cpu, predictor, threshold),
        "latency": lambda: latency(job, predictor, threshold),
        "throughput": lambda: throughput(job, tools, threshold),
        "growth": lambda: growth(job, tools, predictor, threshold),
        "threads": lambda: threads(job, predictor, threshold),
    }
    for name, step in steps.items():
        if name not in job.steps:
            continue
        try:
            found[name] = step()
        except Exception as error:  # one step's failure does not take the others' figures away
            found[name] = {"error": f"{type(error).__name__}: {error}"}
        found["memory_mib"][f"after {name}"] = tools.memory()
    # Read last: networks with open shapes are built by the first prediction.
    found["layer_types"] = {
        network["role"]: network["layer_types"] for network in predictor.info()["networks"]
    }
    return found


def load_cpu(job: Job, tools: Tools) -> Any:
    return tools.load(
        job.folder,
        engine=CPU_ENGINE,
        precision="fp32",
        cache_dir=job.cache_dir,
        num_threads=job.threads,
    )


def reference_threshold(cpu: Any, job: Job) -> float:
    """A trained model's own; else one that keeps some 20 instances (threshold.py)."""
    own = float(cpu.info()["threshold"])
    if job.weights == "trained":
        return own
    scores = cpu.predict(job.image, threshold=0.0).scores
    try:
        return choose_threshold([float(score) for score in scores])
    except ValueError:  # too few instances to choose among
        return own


def correctness(job: Job, tools: Tools, cpu: Any, predictor: Any, threshold: float) -> Json:
    """Detections of both engines and, where they are not what is held, dense tensors."""
    rule = held(job.label, job.weights, job.precision)
    found: Json = {"reason": rule.reason}
    tolerance = rule.detections
    reported = tolerance or held(job.label, "trained", job.precision).detections
    assert reported is not None
    agreement = compare(
        cpu.predict(job.image, threshold=threshold),
        predictor.predict(job.image, threshold=threshold),
        threshold,
        reported,
    )
    found["detections"] = agreement.to_dict()
    if tolerance is not None:
        return found | {"held": "detections", "passed": not agreement.faults}
    assert rule.tensors is not None
    tensors = dense(job, tools, cpu)
    passed = max(tensors.values()) <= rule.tensors
    return found | {
        "held": "tensors",
        "tensors": tensors,
        "tolerance": rule.tensors,
        "passed": passed,
    }


def dense(job: Job, tools: Tools, cpu: Any) -> Json:
    """Returns "role: tensor" -> largest difference of the two engines' networks."""
    from instseg import _core
    from instseg.image_input import load_pixels
    from instseg.importer import read_manifest

    folder = Path(cpu.info()["networks"][0]["file"]).parent
    manifest = read_manifest(folder)
    cut = selection_free_folder(folder, job.cache_dir / "without_selection" / folder.name)
    if cut != folder:
        manifest["networks"] = [n for n in manifest["networks"] if n["role"] == "main"]
    if job.precision == "fp16":
        tools.half(cut)
    loaded = load_pixels(job.image, color="bgr", max_pixels=2**32, name=str(job.image))
    image = _core.preprocess(loaded.array, color=loaded.color, spec=manifest["preprocess"])
    cache = str(job.cache_dir / "compiled")
    reference = tools.runner(str(cut), engine=CPU_ENGINE, num_threads=job.threads)
    actual = tools.runner(
        str(cut), engine=job.engine, device=job.device, precision=job.precision, cache_dir=cache
    )
    return compare_networks(manifest, image, loaded.array.shape[:2], reference.run, actual.run)


def latency(job: Job, predictor: Any, threshold: float) -> Json:
    """Stages of a prediction from file to RLE; "network" includes copies from and to the host."""
    from instseg.stage_times import measure_stages

    times = measure_stages(
        predictor, job.image, runs=job.runs, warmup=job.warm_ups, threshold=threshold
    )
    return {
        "stages_ms": {stage: dict(summary) for stage, summary in times.stages_ms.items()},
        "instances": times.instances,
        "image_size": list(times.image_size),
        "runs": job.runs,
        "warm_ups": job.warm_ups,
    }


def throughput(job: Job, tools: Tools, threshold: float) -> Json:
    """Decoded images to results, images per second, for every number of streams and batch."""
    image = decoded(job.image)
    found = []
    for streams in job.streams:
        predictor = tools.load(job.folder, **gpu_options(job, streams))
        for batch in job.batches:
            images = [image] * batch
            predictor.predict_batch(images, threshold=threshold)
            start, count = time.perf_counter(), 0
            while count == 0 or time.perf_counter() - start < SECONDS_PER_THROUGHPUT:
                predictor.predict_batch(images, threshold=threshold)
                count += batch
            rate = count / (time.perf_counter() - start)
            found.append({"streams": streams, "batch": batch, "images_per_s": rate})
    return {"rates": found}


def growth(job: Job, tools: Tools, predictor: Any, threshold: float) -> Json:
    """Memory of the GPU over many predictions of changing sizes, after a first pass over them."""
    choose = np.random.default_rng(0)
    image = decoded(job.image)
    sizes = [
        tuple(choose.integers(side // 4, side + 1) for side in image.shape[:2])
        for _ in range(GROWTH_SIZES)
    ]
    images = [image, *(np.ascontiguousarray(image[:h, :w]) for h, w in sizes)]
    for each in images:
        predictor.predict(each, threshold=threshold)
    warm = tools.memory()
    most = warm
    for number in range(job.growth_predictions):
        predictor.predict(images[number % len(images)], threshold=threshold)
        if (number + 1) % 100 == 0:
            most = max(most, tools.memory())
    end = tools.memory()
    return {
        "predictions": job.growth_predictions,
        "warm_mib": warm,
        "most_mib": max(most, end),
        "end_mib": end,
    }


def threads(job: Job, predictor: Any, threshold: float) -> Json:
    """Whether threads that share a predictor get what one thread gets."""
    image = decoded(job.image)
    height = image.shape[0]
    images = [np.ascontiguousarray(image[: height - 8 * i]) for i in range(THREADS_AT_ONCE)]
    serial = [predictor.predict(each, threshold=threshold) for each in images]
    with ThreadPoolExecutor(THREADS_AT_ONCE) as pool:
        rounds = [
            list(pool.map(lambda each: predictor.predict(each, threshold=threshold), images))
            for _ in range(3)
        ]
    other = sum(not same(a, b) for results in rounds for a, b in zip(serial, results, strict=True))
    return {"threads": THREADS_AT_ONCE, "predictions": 3 * len(images), "other_results": other}


def decoded(path: Path) -> NDArray[np.uint8]:
    """uint8 [H, W, 3], BGR."""
    from PIL import Image, ImageOps

    with Image.open(path) as photo:
        rgb = np.asarray(ImageOps.exif_transpose(photo).convert("RGB"))
    return np.ascontiguousarray(rgb[:, :, ::-1])
