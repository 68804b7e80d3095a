"""Markdown tables from the JSON records of several models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.goals import GOALS

Json = dict[str, Any]
STAGES = ("decode", "preprocess", "network", "postprocess", "rle")


def report(records: Sequence[Json]) -> str:
    """The whole report: times and ratios, stages, network ratios, what it was measured with."""
    parts = [
        "## JPEG file to results\n",
        total_table(records),
        "\n## Stages of instseg (median ms)\n",
        stage_table(records),
        "\n## instseg's network stage against bare OpenVINO\n",
        network_table(records),
        "\n## The networks' work against the machine's peak\n",
        load_table(records),
        "\n## Measured with\n",
        *(provenance(record) for record in records),
    ]
    return "\n".join(part for part in parts if part) + "\n"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["-"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def ms(value: float) -> str:
    """Three significant digits, never in powers of ten."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def mib(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:.0f}"


def total_table(records: Sequence[Json]) -> str:
    header = (
        "model",
        "contender",
        "instances",
        "median ms",
        "p10 to p90",
        "min ms",
        "runs",
        "resident MiB, loaded",
        "peak MiB",
        "faster than PaddleX",
    )
    rows = []
    for record in records:
        ratios = {ratio["of"]: ratio for ratio in record["end_to_end_ratios"]}
        for contender in record["contenders"]:
            row = [record["model"], contender["name"] + mode_note(contender)]
            if "total_ms" not in contender:
                rows.append([*row, "failed: " + (contender["error"] or "did not run")[:200]])
                rows[-1] += [""] * (len(header) - len(rows[-1]))
                continue
            total = contender["total_ms"]
            count = contender["instances"]
            rows.append(
                [
                    *row,
                    "" if count is None else str(count),
                    ms(total["median"]),
                    f"{ms(total['p10'])} to {ms(total['p90'])}",
                    ms(total["min"]),
                    str(total["count"]),
                    mib(contender["memory_loaded"]["resident_bytes"]),
                    mib(contender["memory"]["peak_bytes"]),
                    ratio_cell(ratios.get(contender["name"])),
                ]
            )
    return table(header, rows)


def mode_note(contender: Json) -> str:
    info = contender["info"]
    if contender["kind"] != "paddlex" or "run_mode" not in info:
        return ""
    old_ir = info["engine_config"].get("enable_new_ir") is False
    return f" ({info['run_mode']}{', old IR' if old_ir else ''})"


def ratio_cell(ratio: Json | None) -> str:
    if ratio is None:
        return ""
    if ratio["refused"]:
        return f"refused: {ratio['refused']}"
    pairs = ratio["same_class_and_box"]
    same = "" if pairs is None else f"; same class and box: {pairs} of {ratio['instances'][0]}"
    return (
        f"**{ratio['ratio']:.2f}x** ({ratio['round_min']:.2f} to {ratio['round_max']:.2f}) "
        f"against {ratio['against']}{same}"
    )


def stage_table(records: Sequence[Json]) -> str:
    rows = []
    for record in records:
        for contender in record["contenders"]:
            if contender["kind"] != "instseg" or "total_ms" not in contender:
                continue
            stages = contender["stages_ms"]
            cells = [ms(stages[name]["median"]) if name in stages else "" for name in STAGES]
            accounted = sum(summary["median"] for summary in stages.values())
            both = contender.get("pre_and_post_ms")
            rows.append(
                [
                    record["model"],
                    contender["name"],
                    *cells,
                    ms(max(contender["total_ms"]["median"] - accounted, 0.0)),
                    f"{ms(both['median'])} (p90 {ms(both['p90'])})" if both else "",
                ]
            )
    return table(("model", "contender", *STAGES, "rest", "preprocess + postprocess"), rows)


def network_table(records: Sequence[Json]) -> str:
    rows = []
    for record in records:
        contenders = {contender["name"]: contender for contender in record["contenders"]}
        for ratio in record["network_ratios"]:
            ours = contenders[ratio["against"]]["stages_ms"]["network"]["median"]
            bare = contenders[ratio["of"]]["stages_ms"]["network"]["median"]
            rows.append(
                [
                    record["model"],
                    ratio["against"],
                    ms(ours),
                    ms(bare),
                    f"{ratio['ratio']:.3f} ({ratio['round_min']:.3f} to {ratio['round_max']:.3f})",
                ]
            )
    header = ("model", "contender", "network ms", "bare OpenVINO ms", "ratio (1.05 = 5 % slower)")
    return table(header, rows)


def load_table(records: Sequence[Json]) -> str:
    rows = []
    for record in records:
        ratios = {ratio["of"]: ratio["ratio"] for ratio in record["end_to_end_ratios"]}
        for load in record["network_loads"]:
            goal, largest, ratio = GOALS.get(record["model"]), load["largest_ratio"], None
            if load["of"] in ratios:
                ratio = ratios[load["of"]]
            rows.append(
                [
                    record["model"],
                    load["of"],
                    f"{load['flops'] / 1e9:.1f}",
                    f"{load['flops_per_s'] / 1e9:.0f}",
                    f"{load['peak_flops_per_s'] / 1e9:.0f}",
                    f"{load['fraction_of_peak']:.0%}",
                    "" if largest is None else f"{largest:.1f}x",
                    "" if ratio is None else f"{ratio:.1f}x",
                    "" if goal is None or ratio is None else verdict(goal, ratio, largest),
                ]
            )
    header = (
        "model",
        "contender",
        "GFLOP",
        "GFLOP/s",
        "peak GFLOP/s",
        "of the peak",
        "faster than PaddleX: at the peak",
        "reached",
        "goal",
    )
    return table(header, rows)


def verdict(goal: float, ratio: float, largest: float | None) -> str:
    if ratio >= goal:
        return f"{goal:g}x: reached"
    if largest is not None and largest < goal:
        return f"{goal:g}x: beyond the peak"
    return f"{goal:g}x: missed"


def provenance(record: Json) -> str:
    machine, settings, commit = record["machine"], record["settings"], record["commit"]
    versions: dict[str, str] = {}
    for contender in record["contenders"]:
        versions |= contender["info"].get("versions", {})
    lines = [
        f"- **{record['model']}** ({record['weights']} weights), {record['measured_at']}, commit "
        f"{commit['id'][:12]}{' with changes' if commit['changed'] else ''}; "
        f"{machine['cpu']} ({machine['cpu_family_model_stepping']}; "
        f"{' '.join(machine['cpu_flags'])}), {settings['threads']} threads on cores "
        f"{','.join(map(str, settings['cores']))} of {machine['cores_available']}, "
        f"{mib(machine['memory_bytes'])} MiB; load average {machine['load_before']:.2f} before, "
        f"{machine['load_after']:.2f} after; {settings['rounds']} rounds; "
        f"image {settings['image']['width']} x {settings['image']['height']}, "
        f"threshold {record['threshold']:.6f}; "
        + ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
        + f", Python {machine['python']}"
    ]
    lines += [f"  - {note}" for note in record["notes"]]
    return "\n".join(lines)
