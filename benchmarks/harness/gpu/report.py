"""The Markdown of one run of `gpu.py`: this GPU's figures beside the published ones of a T4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.report import ms, table
from instseg.published import published_figures

Json = dict[str, Any]


def report(record: Json) -> str:
    gpu, settings = record["gpu"], record["settings"]
    parts = [
        f"# {gpu['name']}, {settings['engine']}\n",
        latency_table(record),
        "",
        *(f"* {note}" for note in notes(record)),
        "\n## Equality with the CPU engine in FP32\n",
        correctness_table(record),
        "\n## Throughput, start, memory\n",
        throughput_table(record),
        "\n## Measured with\n",
        conditions(record),
    ]
    return "\n".join(parts) + "\n"


def notes(record: Json) -> list[str]:
    return [
        "T4 (published): PaddleX's tutorial of October 2024, FP32, batch 1, the model alone, whose "
        "graph ends in masks of full size; instseg's networks end before.",
        "network: kernels alone, by trtexec (the main network, plus one run of each head at "
        "its largest block); with copies: the SDK's network stage with the transfers between host "
        "and GPU; file to RLE: from the JPEG file to the run lengths of every mask. Medians.",
        *record["notes"],
    ]


def runs(record: Json) -> list[tuple[Json, Json]]:
    return [(model, run) for model in record["models"] for run in model["runs"]]


def latency_table(record: Json) -> str:
    rows = []
    for model, run in runs(record):
        known = published_figures().get(model["label"])
        published = "-" if known is None or known.t4_ms is None else ms(known.t4_ms)
        stages = run.get("latency", {}).get("stages_ms")
        rows.append(
            [
                model["label"],
                run["precision"],
                published,
                alone(run),
                ms(stages["network"]["median"]) if stages else failure(run, "latency"),
                ms(stages["total"]["median"]) if stages else "-",
                ms(stages["total"]["p90"]) if stages else "-",
                against_fp32(model, run),
            ]
        )
    header = (
        "model",
        "precision",
        "T4 FP32 ms (published)",
        "network ms",
        "with copies ms",
        "file to RLE ms",
        "file to RLE p90",
        "network against FP32",
    )
    return table(header, rows)


def alone(run: Json) -> str:
    networks = run.get("network_alone")
    if not networks or "error" in networks:
        return "-" if not networks else failure(run, "network_alone")
    return ms(sum(network["ms"] for network in networks.values()))


def network_ms(run: Json) -> float | None:
    """The network stage, copies included."""
    stages = run.get("latency", {}).get("stages_ms")
    return stages["network"]["median"] if stages else None


def against_fp32(model: Json, run: Json) -> str:
    """How many times faster than FP32, with copies."""
    base = next((network_ms(r) for r in model["runs"] if r["precision"] == "fp32"), None)
    own = network_ms(run)
    if run["precision"] == "fp32" or base is None or not own:
        return "-"
    return f"{base / own:.2f}x"


def correctness_table(record: Json) -> str:
    rows = []
    for model, run in runs(record):
        found = run.get("correctness")
        row = [model["label"], model["weights"], run["precision"]]
        if not found or "held" not in found:
            rows.append([*row, failure(run, "correctness"), "-", "-", "-", "-", "-"])
            continue
        seen = found["detections"]
        tensors = found.get("tensors", {})
        rows.append(
            [
                *row,
                "yes" if found["passed"] else "**no**",
                found["held"],
                f"{seen['actual']} of {seen['reference']}",
                f"{seen['score']:.1e}",
                f"{seen['iou_min']:.4f} / {seen['iou_median']:.4f}",
                f"{max(tensors.values()):.1e}" if tensors else "-",
            ]
        )
    header = (
        "model",
        "weights",
        "precision",
        "held",
        "what is held",
        "instances",
        "score",
        "mask IoU, least / median",
        "tensors, of absmax",
    )
    return table(header, rows)


def throughput_table(record: Json) -> str:
    rows = []
    for model, run in runs(record):
        start, growth = run.get("start", {}), run.get("growth", {})
        rates = run.get("throughput", {}).get("rates", [])
        best = max(rates, key=lambda rate: rate["images_per_s"], default=None)
        memory = run.get("memory_mib", {})
        shared = run.get("threads", {})
        rows.append(
            [
                model["label"],
                run["precision"],
                f"{best['images_per_s']:.1f} ({best['streams']} streams, batch {best['batch']})"
                if best
                else failure(run, "throughput"),
                seconds(start.get("cold_s")),
                seconds(start.get("cached_s")),
                f"{memory['loaded'] - memory['before']}" if "loaded" in memory else "-",
                f"{growth['end_mib'] - growth['warm_mib']:+d} over {growth['predictions']}"
                if "end_mib" in growth
                else failure(run, "growth"),
                f"{shared['other_results']} of {shared['predictions']}"
                if "other_results" in shared
                else failure(run, "threads"),
            ]
        )
    header = (
        "model",
        "precision",
        "images/s",
        "cold start s",
        "cached start s",
        "GPU MiB of the model",
        "GPU MiB gained",
        "other results in 8 threads",
    )
    return table(header, rows)


def seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def failure(run: Json, step: str) -> str:
    """ "failed" with the reason, or "-" where the step was not asked for."""
    reason = run.get("error") or run.get(step, {}).get("error")
    return f"failed: {' '.join(reason.split())[:160]}".replace("|", "\\|") if reason else "-"


def conditions(record: Json) -> str:
    gpu, machine, settings = record["gpu"], record["machine"], record["settings"]
    engines: Sequence[str] = sorted({run["engine"] for _, run in runs(record) if "engine" in run})
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    changed = " with changes" if record["commit"]["changed"] else ""
    return (
        f"{gpu['name']} (compute capability {gpu['compute_capability']}, {gpu['memory_mib']} MiB, "
        f"driver {gpu['driver_version']}, {gpu['clock_mhz']} of {gpu['most_clock_mhz']} MHz and "
        f"{gpu['temperature_c']} degrees before, power limit {gpu['power_limit_w']} W); "
        f"{machine['cpu']}, {settings['threads']} threads; "
        f"{', '.join(engines) or settings['engine']}; "
        f"{versions}, Python {machine['python']}; {settings['runs']} runs after "
        f"{settings['warm_ups']}, image {settings['image']}; {record['measured_at']}, commit "
        f"{record['commit']['id'][:12]}{changed}."
    )
