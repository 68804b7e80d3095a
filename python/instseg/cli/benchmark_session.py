"""The measurements of one `instseg benchmark`: what is measured how, and what has been so far."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from instseg.cli.model_options import load_predictor

if TYPE_CHECKING:
    from instseg.benchmark_table import BenchmarkRow
    from instseg.engine_runs import EngineRun
    from instseg.stage_times import StageTimes


class BenchmarkSession:
    """Measures models one by one and keeps what comes of it; a failure stops no other."""

    def __init__(
        self,
        *,
        picture: Path | bytes,
        picture_name: str,
        runs: int,
        warmup: int,
        threshold: float | None,
        device: str,
        threads: int | None,
        cache_dir: Path | None,
        rows: list[BenchmarkRow],
        quiet: bool,
    ) -> None:
        from instseg.machine import load_average, usable_cores

        self.rows = rows
        self.measurements: list[dict[str, Any]] = []
        self.problems: list[dict[str, str]] = []
        self._picture, self._picture_name = picture, picture_name
        self._runs, self._warmup, self._threshold = runs, warmup, threshold
        self._device, self._threads, self._cache_dir = device, threads, cache_dir
        self._quiet = quiet
        self._load = load_average()
        self._used_threads = threads or usable_cores()
        self._engines: dict[str, None] = {}

    def measure(self, model: str, wanted: Sequence[EngineRun], bar: Any) -> None:
        """Measures one model with every engine; what fails becomes a problem."""
        from instseg.engine_table import is_reference
        from instseg.errors import InstsegError

        per_run = self._runs + self._warmup
        try:
            row, flops, official = self._find(model)
        except (InstsegError, OSError) as error:
            for run in wanted:
                self._failed(self._row(model, model), run, error, bar, told=run is not wanted[0])
            bar.update(per_run * len(wanted))
            return
        for run in wanted:
            if is_reference(run.engine) and not official and not run.by_name:
                bar.update(per_run)  # it runs official folders, this is a network folder
                continue
            done = bar.n + per_run
            try:
                self._measure_run(model, row, flops, run, bar)
            except (InstsegError, OSError) as error:
                self._failed(row, run, error, bar)
            bar.update(done - bar.n)

    def _find(self, model: str) -> tuple[BenchmarkRow, int | None, bool]:
        """The model's row, FLOPs of an image, and whether it is an official folder, which is
        imported if need be."""
        from instseg.cli.progress_bar import stage_bar
        from instseg.importer import cached_network_folder, read_manifest
        from instseg.model_cost import model_cost
        from instseg.model_store import locate_model

        with stage_bar() as progress:
            given = locate_model(model, self._cache_dir, progress)
            folder = cached_network_folder(given, self._cache_dir, progress=progress)
        manifest = read_manifest(folder)
        flops = model_cost(folder, manifest).flops
        row = self._row(model, manifest["model_name"])
        row.gflop = None if flops is None else flops / 1e9
        return row, flops, given != folder

    def _row(self, given: str, name: str) -> BenchmarkRow:
        """The table's row of that model; a second folder of one model gets a row of its own."""
        from instseg.benchmark_table import BenchmarkRow

        for row in self.rows:
            if row.label == given or (row.label == name and not (row.times or row.problems)):
                return row
        taken = {row.label for row in self.rows}
        labels = (name, f"{name} ({Path(given).name})", f"{name} ({given})")
        label = next((label for label in labels if label not in taken), labels[-1])
        self.rows.append(BenchmarkRow(label, name))
        return self.rows[-1]

    def _measure_run(
        self, model: str, row: BenchmarkRow, flops: int | None, run: EngineRun, bar: Any
    ) -> None:
        from instseg.stage_times import measure_stages

        bar.set_description(f"{row.label}, {run}")
        predictor = load_predictor(
            model,
            device=self._device,
            engine=run.engine,
            precision=run.precision,
            threads=self._threads,
            cache_dir=self._cache_dir,
        )
        times = measure_stages(
            predictor,
            self._picture,
            runs=self._runs,
            warmup=self._warmup,
            threshold=self._threshold,
            done=bar.update,
        )
        row.times[str(run)] = times
        facts = predictor.info()
        self._engines[facts["engine"]] = None
        measurement = self._describe(model, facts, times, flops)
        self.measurements.append(measurement)
        if not self._quiet:
            bar.clear()
            typer.echo(("\n" if len(self.measurements) > 1 else "") + _text(measurement, row))

    def _describe(
        self, model: str, facts: dict[str, Any], times: StageTimes, flops: int | None
    ) -> dict[str, Any]:
        height, width = times.image_size
        return {
            "model": facts["model_name"],
            "given": model,
            "engine": facts["engine"],
            "device": facts["device"],
            "precision": facts["precision"],
            "threads": facts["num_threads"],
            "image": self._picture_name,
            "image_width": width,
            "image_height": height,
            "instances": times.instances,
            "warmup": self._warmup,
            "runs": self._runs,
            "flops": flops,
            "stages_ms": times.stages_ms,
        }

    def _failed(
        self, row: BenchmarkRow, run: EngineRun, error: Exception, bar: Any, *, told: bool = False
    ) -> None:
        row.problems[str(run)] = str(error)
        self.problems.append(
            {
                "model": row.label,
                "engine": run.engine,
                "precision": run.precision,
                "problem": str(error),
            }
        )
        if not told:
            bar.clear()
            typer.echo(f"instseg: {row.label}, {run}: {error}", err=True)

    def conditions(self) -> list[str]:
        """What the table was measured with, one sentence each; the machine first."""
        from instseg import __version__, _core
        from instseg.machine import memory_bytes, processor_name, usable_cores

        memory = memory_bytes()
        machine = f"This machine: {processor_name()}, {usable_cores()} cores usable"
        machine += f", {memory / 1e9:.0f} GB memory" if memory is not None else ""
        machine += f", kernels {_core.cpu_isa()}; {self._used_threads} threads"
        versions = ["instseg " + __version__, *self._engines, "Python " + platform.python_version()]
        sizes = {(m["image_width"], m["image_height"]) for m in self.measurements}
        size = " and ".join(f"{width} x {height}" for width, height in sorted(sizes))
        load = "" if self._load is None else f"; load average before: {self._load:.2f}"
        date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
        return [
            f"{machine}; {', '.join(versions)}.",
            f"{date}, {platform.platform()}{load}.",
            f"Picture: {self._picture_name}{', ' if size else ''}{size}; one at a time, medians of "
            f"{self._runs} predictions after {self._warmup} that do not count.",
            "network: the model's networks, which end before masks are drawn; an engine that runs "
            "the official program whole draws them too. File to RLE: everything, from the encoded "
            "picture to the run lengths of every mask.",
            "GFLOP: 2 x multiply-adds of convolutions and matrix products at the nominal input; "
            "R-CNN at the most boxes (1000 in the official models), without the mask stage, which "
            "runs once for each instance.",
            "Published: PaddleX's tutorial of instance segmentation, October 2024; mask AP on COCO "
            "val2017, times of the model at batch 1. Its graphs end in masks of full size.",
        ]

    def report(self) -> dict[str, Any]:
        return {
            "conditions": self.conditions(),
            "measurements": self.measurements,
            "problems": self.problems,
        }


def _text(measurement: dict[str, Any], row: BenchmarkRow) -> str:
    from instseg.cli.table import text_table

    rows = [
        [stage, *(f"{times[key]:.2f}" for key in ("median", "p90", "min", "max", "spread"))]
        for stage, times in measurement["stages_ms"].items()
    ]
    published = row.published
    known = [] if published is None else [("T4", published.t4_ms), ("Xeon 5117", published.xeon_ms)]
    told = [f"{name} {ms:.0f} ms" for name, ms in known if ms is not None]
    return (
        f"{row.label}, {measurement['engine']}, {measurement['device']}, "
        f"{measurement['precision']}, {measurement['threads']} threads\n"
        f"{measurement['image']}: {measurement['image_width']} x {measurement['image_height']} "
        f"pixels, {measurement['instances']} instances; {measurement['runs']} runs after "
        f"{measurement['warmup']}\n"
        + (f"published: {', '.join(told)}\n" if told else "")
        + "\n"
        + text_table(["ms", "median", "p90", "min", "max", "spread"], rows)
    )
