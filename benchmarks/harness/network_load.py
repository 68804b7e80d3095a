"""How much of the machine's peak a model's networks reach, and what the peak would allow."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TypedDict

from harness.measurement import Measurement


class NetworkLoad(TypedDict):
    """Of one contender that runs the networks.

    of                    the contender
    flops                 of the networks' convolutions and matrix products for this photo
    flops_per_s           that work / the median of the network stage
    peak_flops_per_s      of the matrix product, median in the same rounds
    fraction_of_peak      of the two
    largest_ratio         PaddleX's median / the time of the networks' work at the peak: more is
                          beyond any engine. None without PaddleX
    """

    of: str
    flops: int
    flops_per_s: float
    peak_flops_per_s: float
    fraction_of_peak: float
    largest_ratio: float | None


def network_loads(
    measurements: Sequence[Measurement], paddlex_ms: float | None
) -> list[NetworkLoad]:
    """Of every contender whose "network" stage was timed; empty where the peak or the networks'
    work is not known."""
    timed = [m for m in measurements if m.error is None and m.rounds]
    peaks = [m for m in timed if m.contender.kind == "matmul"]
    bare = [m for m in timed if m.contender.kind == "openvino"]
    if not peaks or not bare:
        return []
    counts = [network["flops"] for network in bare[0].info["networks"]]
    if None in counts:
        return []
    flops = sum(counts)
    peak = peaks[0].info["flops"] / network_s(peaks[0])
    loads: list[NetworkLoad] = []
    for measurement in timed:
        if measurement.contender.kind not in ("instseg", "openvino"):
            continue
        speed = flops / network_s(measurement)
        loads.append(
            {
                "of": measurement.contender.name,
                "flops": flops,
                "flops_per_s": speed,
                "peak_flops_per_s": peak,
                "fraction_of_peak": speed / peak,
                "largest_ratio": None if paddlex_ms is None else paddlex_ms / 1e3 / (flops / peak),
            }
        )
    return loads


def network_s(measurement: Measurement) -> float:
    return median(ms for turn in measurement.stage_ms("network") for ms in turn) / 1e3
