"""The published table, reproduced: each model's published figures beside this machine's times."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from instseg.atomic_file import atomic_file
from instseg.errors import InvalidArgument
from instseg.published import published_figures


@dataclass(frozen=True)
class Timing:
    """Medians in ms of one engine at one precision: the network alone, and file to run lengths."""

    network_ms: float
    total_ms: float


@dataclass
class BenchmarkRow:
    """One model. `times`: "openvino fp32" -> Timing; `problems`: the same -> why there is none."""

    model: str
    gflop: float | None = None
    times: dict[str, Timing] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BenchmarkTable:
    """rows, and `conditions`: what it was measured with, one sentence each."""

    rows: Sequence[BenchmarkRow]
    conditions: Sequence[str]

    def runs(self) -> list[str]:
        """Engine and precision of every column pair, in order of first sight."""
        return list(dict.fromkeys(run for row in self.rows for run in (*row.times, *row.problems)))

    def header(self) -> list[str]:
        measured = [
            column
            for run in self.runs()
            for column in (f"{run}: network ms", f"{run}: file to RLE ms")
        ]
        return [
            "model",
            "mask AP (published)",
            "size MB (published)",
            "T4 FP32 ms (published)",
            "Xeon 5117 FP32 8 threads ms (published)",
            "GFLOP",
            *measured,
        ]

    def cells(self) -> list[list[str]]:
        """One list per row; what is not known is empty, what failed says so."""
        return [self._cells(row) for row in self.rows]

    def _cells(self, row: BenchmarkRow) -> list[str]:
        known = published_figures().get(row.model)
        figures = (
            [known.mask_ap, known.size_mb, known.t4_ms, known.xeon_ms] if known else [None] * 4
        )
        cells = [row.model, *(_number(figure) for figure in (*figures, row.gflop))]
        for run in self.runs():
            timing = row.times.get(run)
            if timing is not None:
                cells += [_number(timing.network_ms), _number(timing.total_ms)]
            else:
                cells += ["failed" if run in row.problems else ""] * 2
        return cells

    def markdown(self) -> str:
        lines = [self.header(), ["---"] * len(self.header()), *self.cells()]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        notes = [*self.conditions]
        for row in self.rows:
            notes += [f"{row.model}, {run}: {why}" for run, why in row.problems.items()]
        return table + "\n\n" + "\n".join(f"* {note}" for note in notes) + "\n"

    def csv(self) -> str:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.header())
        writer.writerows(self.cells())
        return out.getvalue()

    def save(self, folder: Path) -> list[Path]:
        """Writes benchmark.md, benchmark.csv and benchmark.png; returns their paths.

        Raises InvalidArgument, before anything is written, where matplotlib is missing.
        """
        png = self.plot()
        folder.mkdir(parents=True, exist_ok=True)
        contents = {
            "benchmark.md": self.markdown().encode(),
            "benchmark.csv": self.csv().encode(),
            "benchmark.png": png,
        }
        for name, content in contents.items():
            with atomic_file(folder / name) as file:
                file.write(content)
        return [folder / name for name in contents]

    def plot(self) -> bytes:
        """PNG: published mask AP over time, log scale; a series per machine and engine."""
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise InvalidArgument(
                "The plot needs matplotlib: pip install 'instseg[plot]'."
            ) from None
        figures = published_figures()
        series: dict[str, list[tuple[float, float, str]]] = {}
        for row in self.rows:
            known = figures.get(row.model)
            if known is None:
                continue
            points = {f"this machine, {run}": t.network_ms for run, t in row.times.items()}
            if known.xeon_ms is not None:
                points["Xeon 5117, FP32, 8 threads (published)"] = known.xeon_ms
            if known.t4_ms is not None:
                points["T4, FP32 (published)"] = known.t4_ms
            for name, time_ms in points.items():
                series.setdefault(name, []).append((time_ms, known.mask_ap, row.model))
        figure = Figure(figsize=(11, 6.5), dpi=120, layout="constrained")
        axes = figure.add_subplot()
        for number, name in enumerate(sorted(series)):
            colour = f"C{number}"
            times_ms, mask_aps, _ = zip(*series[name], strict=True)
            measured = name.startswith("this machine")
            axes.scatter(
                times_ms,
                mask_aps,
                marker="osD^vP*X"[number % 8],
                s=55,
                label=name,
                edgecolors=colour,
                facecolors=colour if measured else "none",
            )
            for time_ms, mask_ap, model in series[name]:
                axes.annotate(
                    model,
                    (time_ms, mask_ap),
                    xytext=(6, 3),
                    textcoords="offset points",
                    fontsize=7.5,
                    color="0.25",
                )
        axes.set_xscale("log")
        axes.margins(x=0.12)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("network alone, batch 1, ms (log scale)")
        axes.set_ylabel("mask AP on COCO val2017, per cent (published)")
        axes.grid(True, which="both", alpha=0.25)
        if series:
            axes.legend(loc="lower left", fontsize=9)
        out = io.BytesIO()
        figure.savefig(out, format="png")
        return out.getvalue()


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 1000 else f"{value:.1f}"
