"""The benchmark's table as a picture: who is accurate, who is fast, at one glance."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

from instseg.benchmark_table import BenchmarkRow, BenchmarkTable
from instseg.optional_package import require

_BARS = "#c9d3df"
_TEXT = "#333333"
_T4 = "#7a8fa6"
_XEON = "#b0883f"
_MEASURED = ("#1b6ca8", "#c8453b", "#2f8f5b", "#7d4fa3", "#d18a1d", "#4a4a4a")
_ROW_INCHES = 0.36
_ROOM = 1.6  # marks whose times differ by this factor leave room for a label between them


def plotting() -> Any:
    """matplotlib's module of figures. Raises MissingPackage."""
    return require("matplotlib.figure", extra="plot", purpose="The benchmark's plot")


def plot_benchmark(table: BenchmarkTable) -> bytes:
    """PNG. Rows are models, the most accurate on top; left their mask AP, right times, log scale.

    Hollow marks are published times, filled ones those of this machine. Raises MissingPackage.
    """
    rows = _sorted(table.rows)
    places = range(len(rows))
    height = _ROW_INCHES * len(rows) + 2.1
    figure = plotting().Figure(figsize=(12, height), dpi=120, layout="constrained")
    accuracy, times = figure.subplots(1, 2, sharey=True, width_ratios=(1, 2.4))
    figure.suptitle(
        "Instance segmentation models: accuracy, and time of the network for one image",
        fontsize=13,
        color=_TEXT,
    )
    _draw_accuracy(accuracy, rows)
    _draw_times(times, rows, table.runs())
    accuracy.set_yticks(places, [row.label for row in rows])
    accuracy.set_ylim(len(rows) - 0.4, -0.6)
    for axes in (accuracy, times):
        axes.tick_params(length=0, colors=_TEXT)
        for side in axes.spines.values():
            side.set_visible(False)
    if table.conditions:
        figure.supxlabel(table.conditions[0], fontsize=8.5, color=_TEXT)
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor="white")
    return out.getvalue()


def _sorted(rows: Sequence[BenchmarkRow]) -> list[BenchmarkRow]:
    """By falling mask AP; those without come last, those of which nothing is known not at all."""
    known = [row for row in rows if row.published or row.times]
    return sorted(known, key=lambda row: -row.published.mask_ap if row.published else 0.0)


def _draw_accuracy(axes: Any, rows: Sequence[BenchmarkRow]) -> None:
    for place, row in enumerate(rows):
        if row.published is None:
            continue
        mask_ap = row.published.mask_ap
        axes.barh(place, mask_ap, height=0.62, color=_BARS)
        axes.text(mask_ap - 0.8, place, f"{mask_ap:.1f}", ha="right", va="center", color=_TEXT)
    axes.set_xlabel("mask AP on COCO, per cent (published)", color=_TEXT)
    axes.set_xticks([])


def _draw_times(axes: Any, rows: Sequence[BenchmarkRow], runs: Sequence[str]) -> None:
    places = range(len(rows))
    axes.hlines(places, 0, 1, transform=axes.get_yaxis_transform(), color="0.93", linewidth=1)
    t4 = {p: row.published.t4_ms for p, row in enumerate(rows) if row.published}
    xeon = {p: row.published.xeon_ms for p, row in enumerate(rows) if row.published}
    series: list[tuple[str, str, str, bool, dict[int, float | None]]] = [
        ("Tesla T4, FP32 (published)", _T4, "o", False, t4),
        ("Xeon Gold 5117, FP32, 8 threads (published)", _XEON, "s", False, xeon),
    ]
    for number, run in enumerate(runs):
        measured: dict[int, float | None] = {
            place: row.times[run].stages_ms["network"]["median"]
            for place, row in enumerate(rows)
            if run in row.times
        }
        colour = _MEASURED[number % len(_MEASURED)]
        series.append((f"this machine, {run}", colour, "Dv^P*X"[number % 6], True, measured))
    for name, colour, marker, filled, values in series:
        known = {place: ms for place, ms in values.items() if ms is not None}
        if not known:
            continue
        axes.scatter(
            list(known.values()),
            list(known),
            label=name,
            marker=marker,
            s=62,
            facecolors=colour if filled else "white",
            edgecolors=colour,
            linewidths=1.6,
            zorder=3,
        )
    for place in places:
        _label_row(
            axes, place, [(v[place], colour) for _, colour, _, _, v in series if v.get(place)]
        )
    axes.set_xscale("log")
    axes.margins(x=0.1)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(True, axis="x", which="major", color="0.9")
    axes.set_axisbelow(True)
    axes.set_xlabel("network, batch 1, ms (log scale)", color=_TEXT)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, fontsize=9.5)


def _label_row(axes: Any, place: int, marks: Sequence[tuple[float | None, str]]) -> None:
    """Writes the times of a row beside their marks, or above them where it is crowded."""
    ordered = sorted((ms, colour) for ms, colour in marks if ms is not None)
    for i, (ms, colour) in enumerate(ordered):
        room_left = ms / ordered[i - 1][0] if i > 0 else math.inf
        room_right = ordered[i + 1][0] / ms if i + 1 < len(ordered) else math.inf
        if room_right > _ROOM:
            offset, across, along = (8, 0), "left", "center"
        elif room_left > _ROOM**2:  # the neighbour's label may be there too
            offset, across, along = (-8, 0), "right", "center"
        else:
            offset, across, along = (0, 5), "center", "bottom"
        axes.annotate(
            f"{ms:.0f}" if ms >= 10 else f"{ms:.1f}",
            (ms, place),
            xytext=offset,
            textcoords="offset points",
            ha=across,
            va=along,
            fontsize=8.5,
            color=colour,
        )
