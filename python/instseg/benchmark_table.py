"""The published table, reproduced: each model's published figures beside this machine's times."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

from instseg.model_names import OFFICIAL_MODELS
from instseg.published import PublishedFigures, published_figures
from instseg.stage_times import STAGES, StageTimes

UNKNOWN = "-"


@dataclass
class BenchmarkRow:
    """One model.

    label     names the row
    model     the model's own name; the published figures are those of this name
    gflop     10^9 floating-point operations of an image: see `instseg.model_cost`
    times     run ("openvino fp32") -> its times
    problems  run -> why there are none
    """

    label: str
    model: str
    gflop: float | None = None
    times: dict[str, StageTimes] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def published(self) -> PublishedFigures | None:
        return published_figures().get(self.model)


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
        known = row.published
        figures = (
            [known.mask_ap, known.size_mb, known.t4_ms, known.xeon_ms] if known else [None] * 4
        )
        cells = [row.label, *(_number(figure) for figure in (*figures, row.gflop))]
        for run in self.runs():
            times = row.times.get(run)
            for stage in ("network", "total"):
                if times is not None:
                    cells.append(_number(times.stages_ms[stage]["median"]))
                else:
                    cells.append("failed" if run in row.problems else "")
        return cells

    def stage_header(self) -> list[str]:
        return ["model", "run", "instances", *STAGES, "total p90", "total spread"]

    def stage_cells(self) -> list[list[str]]:
        """One list per model and run that was measured: medians of all stages in ms."""
        return [
            [
                row.label,
                run,
                str(times.instances),
                *(f"{times.stages_ms[stage]['median']:.1f}" for stage in STAGES),
                f"{times.stages_ms['total']['p90']:.1f}",
                f"{100 * times.stages_ms['total']['spread']:.0f} %",
            ]
            for row in self.rows
            for run, times in row.times.items()
        ]

    def markdown(self) -> str:
        cells = [[cell or UNKNOWN for cell in line] for line in self.cells()]
        parts = [_markdown_table(self.header(), cells)]
        notes = [*self.conditions]
        for row in self.rows:
            notes += [f"{row.label}, {run}: {_one_line(why)}" for run, why in row.problems.items()]
        parts.append("\n".join(f"* {note}" for note in notes))
        if stages := self.stage_cells():
            parts.append("Medians of the stages, ms; spread is (most - least) / median:")
            parts.append(_markdown_table(self.stage_header(), stages))
        return "\n\n".join(parts) + "\n"

    def csv(self) -> str:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.header())
        writer.writerows(self.cells())
        return out.getvalue()


def official_rows() -> list[BenchmarkRow]:
    """A row for each of the 15 models, with nothing measured yet."""
    return [BenchmarkRow(name, name) for name in OFFICIAL_MODELS]


def _markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    aligned = ["---", *["---:"] * (len(header) - 1)]
    lines = [header, aligned, *rows]
    return "\n".join("| " + " | ".join(_escaped(cell) for cell in line) + " |" for line in lines)


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 1000 else f"{value:.1f}"
