"""Precision over recall of masks, as a picture."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from instseg.optional_package import require
from instseg_train.evaluate.coco_metrics import CocoScores

RECALLS = np.linspace(0, 1, 101)
# Places in COCO's ten IoUs, from 0.50 by 0.05.
IOU_50, IOU_75 = 0, 5
# Up to so many classes have a line of their own; of more, the best and the worst.
MOST_LINES, BEST, WORST = 8, 3, 3
_COLORS = ("#1b6ca8", "#d18a1d", "#2f8f5b", "#c8453b", "#7d4fa3", "#4a4a4a", "#3aa6b9", "#b0578d")
_TEXT, _FAINT = "#333333", "#c9d3df"

Curve = npt.NDArray[np.float64]
"""float64 [101]: precision at recalls 0, 0.01 ... 1; 0 beyond what was reached."""


def plot_precision_recall(scores: CocoScores, title: str) -> bytes:
    """PNG. Left the mean of all classes, at three IoUs; right each class at IoU 0.50.

    Precision is COCO's: at each recall the best at that recall or a higher one. Raises
    MissingPackage without matplotlib.
    """
    # Object-oriented, with Agg behind it: no window, no global state.
    figures = require("matplotlib.figure", extra="train", purpose="The precision-recall plot")
    figure = figures.Figure(figsize=(12, 5.2), dpi=110, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    figure.suptitle(title, fontsize=12, color=_TEXT)
    known = [k for k, ap in enumerate(scores.per_class.values()) if not math.isnan(ap)]
    _draw_means(left, scores.precision[:, :, known])
    _draw_classes(right, scores, known)
    for axes in (left, right):
        axes.set_xlim(0, 1.005)
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("recall: part of the objects that is found", color=_TEXT)
        axes.grid(True, color="0.92")
        axes.tick_params(length=0, colors=_TEXT)
        for side in axes.spines.values():
            side.set_color("0.85")
    left.set_ylabel("precision: part of the finds that is right", color=_TEXT)
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor="white")
    return out.getvalue()


def _draw_means(axes: Any, precision: npt.NDArray[np.float64]) -> None:
    """precision: [10, 101, K] of classes with objects."""
    axes.set_title("masks, mean of all classes", fontsize=11, color=_TEXT)
    if not precision.shape[2]:
        axes.text(0.5, 0.5, "the annotations have no objects", ha="center", color=_TEXT)
        return
    lines = (
        ("IoU 0.50", "AP50", precision[IOU_50].mean(axis=1), 4.0),
        ("IoU 0.75", "AP75", precision[IOU_75].mean(axis=1), 2.5),
        ("mean of IoU 0.50 to 0.95", "AP", precision.mean(axis=(0, 2)), 1.5),
    )
    # Thinner from line to line: where two are equal, both are seen.
    for (name, metric, curve, width), color in zip(lines, _COLORS, strict=False):
        _draw_line(axes, curve, f"{name}: {metric} {curve.mean():.3f}", color, width)
    axes.legend(loc="lower left", fontsize=9, framealpha=0.9, edgecolor="0.85")


def _draw_classes(axes: Any, scores: CocoScores, known: list[int]) -> None:
    axes.set_title("masks, each class at IoU 0.50", fontsize=11, color=_TEXT)
    names = list(scores.per_class)
    curves = {names[k]: scores.precision[IOU_50, :, k] for k in known}
    shown = _shown(scores.per_class_ap50, list(curves))
    for name, curve in curves.items():
        if name not in shown:
            axes.plot(RECALLS, curve, color=_FAINT, linewidth=0.8, zorder=1)
    for name, color in zip(shown, _COLORS, strict=False):
        _draw_line(axes, curves[name], f"{name}: {scores.per_class_ap50[name]:.3f}", color)
    if not shown:
        return
    some = len(shown) < len(curves)
    axes.legend(
        title=f"AP50: best and worst of {len(curves)}" if some else "AP50",
        loc="best",
        fontsize=9,
        framealpha=0.9,
        edgecolor="0.85",
    )


def _shown(ap50: Mapping[str, float], names: list[str]) -> list[str]:
    """Names of the lines with colours, by falling AP50."""
    ranked = sorted(names, key=lambda name: -ap50[name])
    return ranked if len(ranked) <= MOST_LINES else ranked[:BEST] + ranked[-WORST:]


def _draw_line(axes: Any, curve: Curve, label: str, color: str, width: float = 2.0) -> None:
    axes.plot(RECALLS, curve, color=color, linewidth=width, label=label, zorder=2)
