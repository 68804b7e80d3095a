"""`instseg benchmark`: how long each stage takes on this machine."""

import json as json_module
import statistics
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from instseg.cli.model_options import (
    CacheDir,
    Device,
    Engine,
    Model,
    Precision,
    Threads,
    Threshold,
    load_predictor,
)

STAGES = ("decode", "preprocess", "network", "postprocess", "rle", "total")


def benchmark(
    model: Model,
    image: Annotated[
        Path | None,
        typer.Argument(
            metavar="[IMAGE]", help="A picture.  [default: a made-up one of 1920 x 1080]"
        ),
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Measured predictions.")] = 20,
    warmup: Annotated[int, typer.Option(min=0, help="Predictions before measuring.")] = 3,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    threshold: Threshold = None,
    device: Device = "cpu",
    engine: Engine = "auto",
    precision: Precision = "fp32",
    threads: Threads = None,
    cache_dir: CacheDir = None,
) -> None:
    """Measure a model on this machine.

    From a picture file to instances with run lengths, one picture at a time: milliseconds per
    stage, over all runs the median, 90th percentile, least, most, and (most - least) / median.
    """
    from instseg.made_up_picture import made_up_jpeg

    predictor = load_predictor(
        model,
        device=device,
        engine=engine,
        precision=precision,
        threads=threads,
        cache_dir=cache_dir,
    )
    subject: Any = made_up_jpeg() if image is None else image
    for _ in range(warmup):
        predictor.predict(subject, threshold=threshold)
    times_ms: dict[str, list[float]] = {stage: [] for stage in STAGES}
    instances = 0
    for _ in range(runs):
        start = time.perf_counter()
        result = predictor.predict(subject, threshold=threshold)
        before_rle = time.perf_counter()
        result.masks.rle()
        end = time.perf_counter()
        instances = len(result)
        for stage, ms in result.timings.items():
            times_ms[stage.removesuffix("_ms")].append(ms)
        times_ms["rle"].append((end - before_rle) * 1e3)
        times_ms["total"].append((end - start) * 1e3)
    facts = predictor.info()
    height, width = result.image_size
    report = {
        "model": facts["model_name"],
        "engine": facts["engine"],
        "device": facts["device"],
        "precision": facts["precision"],
        "threads": facts["num_threads"],
        "image": "made up" if image is None else str(image),
        "image_width": width,
        "image_height": height,
        "instances": instances,
        "warmup": warmup,
        "runs": runs,
        "stages_ms": {stage: summary(times) for stage, times in times_ms.items()},
    }
    typer.echo(json_module.dumps(report) if json else _text(report))


def summary(times_ms: list[float]) -> dict[str, float]:
    """Median, 90th percentile (nearest rank), least, most, and (most - least) / median."""
    ordered = sorted(times_ms)
    median = statistics.median(ordered)
    p90 = ordered[max(0, -(-len(ordered) * 9 // 10) - 1)]
    least, most = ordered[0], ordered[-1]
    spread = (most - least) / median if median > 0 else 0.0
    return {"median": median, "p90": p90, "min": least, "max": most, "spread": spread}


def _text(report: dict[str, Any]) -> str:
    from instseg.cli.table import text_table

    rows = [
        [stage, *(f"{row[key]:.2f}" for key in ("median", "p90", "min", "max", "spread"))]
        for stage, row in report["stages_ms"].items()
    ]
    return (
        f"{report['model']}, {report['engine']}, {report['device']}, {report['precision']}, "
        f"{report['threads']} threads\n"
        f"{report['image']}: {report['image_width']} x {report['image_height']} pixels, "
        f"{report['instances']} instances; {report['runs']} runs after {report['warmup']}\n\n"
        + text_table(["ms", "median", "p90", "min", "max", "spread"], rows)
    )
