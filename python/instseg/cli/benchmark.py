"""`instseg benchmark`: how long each stage takes on this machine, beside the published times."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from instseg.cli.model_options import CacheDir, Device, Threads, Threshold


def benchmark(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...", help="Official model folders, network folders, or official names."
        ),
    ],
    image: Annotated[
        Path | None,
        typer.Option(help="A picture file.  [default: a made-up one of 1920 x 1080]"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder for the table of all 15 models: Markdown, CSV, plot."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files of an earlier run.")
    ] = False,
    runs: Annotated[int, typer.Option(min=1, help="Measured predictions.")] = 20,
    warmup: Annotated[int, typer.Option(min=0, help="Predictions before measuring.")] = 3,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    threshold: Threshold = None,
    device: Device = "cpu",
    engine: Annotated[
        list[str] | None,
        typer.Option(help="What runs it: a name, auto or all; several times.  [default: auto]"),
    ] = None,
    precision: Annotated[
        list[str] | None,
        typer.Option(help="fp32, another, or all; several times.  [default: fp32]"),
    ] = None,
    threads: Threads = None,
    cache_dir: CacheDir = None,
) -> None:
    """Measure models on this machine.

    From a picture file to instances with run lengths, one picture at a time: milliseconds per
    stage, over all runs the median, 90th percentile, least, most, and (most - least) / median.
    With --output, writes benchmark.md, .csv, .json and .png: the published figures of all 15
    models beside these times. A model that fails is reported and the others still measured; then
    the exit code is 1.
    """
    import instseg
    from instseg.benchmark_table import BenchmarkTable, official_rows
    from instseg.cli.benchmark_files import BenchmarkFiles
    from instseg.cli.benchmark_session import BenchmarkSession
    from instseg.cli.progress_bar import prediction_bar
    from instseg.engine_runs import engine_runs
    from instseg.image_input import load_pixels
    from instseg.made_up_picture import made_up_jpeg

    wanted = engine_runs(instseg.engines(), engine or ["auto"], precision or ["fp32"], device)
    files = None if output is None else BenchmarkFiles(output, overwrite=overwrite)
    if image is not None:
        load_pixels(image, color="bgr", max_pixels=2**32, name=str(image))  # or an ImageError now
    session = BenchmarkSession(
        picture=made_up_jpeg() if image is None else image,
        picture_name="made up" if image is None else str(image),
        runs=runs,
        warmup=warmup,
        threshold=threshold,
        device=device,
        threads=threads,
        cache_dir=cache_dir,
        rows=official_rows(),
        quiet=json,
    )
    try:
        with prediction_bar(len(models) * len(wanted) * (runs + warmup)) as bar:
            for model in models:
                session.measure(model, wanted, bar)
    finally:  # what was measured before an interruption is kept too
        if files is not None:
            files.write(BenchmarkTable(session.rows, session.conditions()), session.report())
    if json:
        typer.echo(json_module.dumps(session.report()))
    if session.problems:
        raise typer.Exit(1)
