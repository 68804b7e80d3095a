"""The figures published for the official models; the benchmark's tables stand beside them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class PublishedFigures:
    """One model of PaddleX's tutorial (October 2024); None where nothing was published.

    mask_ap   COCO val2017, mask AP over IoU 0.50:0.95, per cent
    t4_ms     the network alone on a Tesla T4, FP32, batch 1
    xeon_ms   the same on a Xeon Gold 5117, FP32, 8 threads
    size_mb   as published, which does not say of what: the weights of the official programs have
              4 % (SOLOv2) to 15 % more than so many 10^6 bytes
    """

    model: str
    mask_ap: float
    t4_ms: float | None
    xeon_ms: float | None
    size_mb: float


@cache
def published_figures() -> dict[str, PublishedFigures]:
    """Model name -> its figures, in the order of the published table."""
    text = (files("instseg") / "published.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))

    def number(field: str) -> float | None:
        return float(field) if field else None

    return {
        row["model"]: PublishedFigures(
            model=row["model"],
            mask_ap=float(row["mask_ap"]),
            t4_ms=number(row["t4_fp32_ms"]),
            xeon_ms=number(row["xeon5117_fp32_8thr_ms"]),
            size_mb=float(row["size_mb"]),
        )
        for row in rows
    }
