"""Losses, rates and metrics over the run: a file of lines, TensorBoard's format, and a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LINES = "scalars.jsonl"
PICTURE = "curves.png"
TENSORBOARD = "tensorboard"


class Scalars:
    """Writes `scalars.jsonl` and TensorBoard's event files in `output`; a resumed run drops what
    an earlier one wrote beyond `step`."""

    def __init__(self, output: Path, *, step: int):
        from tensorboardX import SummaryWriter

        self._file = output / LINES
        self._picture = output / PICTURE
        self.rows = [row for row in _read(self._file) if row["step"] <= step]
        text = "".join(json.dumps(row) + "\n" for row in self.rows)
        self._file.write_text(text, encoding="utf-8")
        self._writer = SummaryWriter(str(output / TENSORBOARD), purge_step=step + 1)

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """values: `train/loss`, `eval/mask_AP` ... of the run after `step` steps."""
        row = {"step": step, **values}
        self.rows.append(row)
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def draw(self) -> None:
        """Draws `curves.png` anew."""
        self._writer.flush()
        draw_curves(self.rows, self._picture)

    def close(self) -> None:
        self._writer.close()


def _read(file: Path) -> list[dict[str, Any]]:
    """Lines of an earlier run; the last one may be torn."""
    rows = []
    if file.is_file():
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict) and isinstance(row.get("step"), int):
                rows.append(row)
    return rows


def draw_curves(rows: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Losses (logarithmic), average precision and learning rate, one above the other."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = (("train/loss", "loss"), ("eval/", "average precision"), ("train/rate", "rate"))
    figure = Figure(figsize=(9, 9), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (prefix, label) in zip(figure.subplots(3, 1, sharex=True), panels, strict=True):
        names = sorted({n for row in rows for n in row if n.startswith(prefix)})
        for name in names:
            points = [(row["step"], row[name]) for row in rows if row.get(name) is not None]
            style: dict[str, Any] = {"linewidth": 2.2} if name == "train/loss" else {}
            marker = "o" if len(points) < 30 and prefix == "eval/" else None
            axes.plot(*zip(*points, strict=True), label=name, marker=marker, **style)
        if prefix == "train/loss" and any(v > 0 for r in rows for n, v in r.items() if n in names):
            axes.set_yscale("log")
        if prefix == "eval/":
            axes.set_ylim(0, 1)
        if names and prefix != "train/rate":
            axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
    axes.set_xlabel("step")
    figure.savefig(file)
