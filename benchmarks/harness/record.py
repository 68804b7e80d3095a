"""The JSON record of one model's race: everything the tables are made from."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from harness.comparison import Ratio, counts_agree, matched, ratio_of_rounds, refused
from harness.measurement import Measurement
from harness.network_load import network_loads
from harness.summary import summarize

Json = dict[str, Any]
FORMAT_VERSION = 2


def race_record(model: str, measurements: Sequence[Measurement]) -> Json:
    """The contenders' summaries and samples, the ratios between them."""
    return {
        "model": model,
        "contenders": [contender_record(m) for m in measurements],
        "end_to_end_ratios": end_to_end_ratios(model, measurements),
        "network_ratios": network_ratios(measurements),
        "network_loads": network_loads(measurements, fastest_paddlex_ms(measurements)),
    }


def contender_record(measurement: Measurement) -> Json:
    record: Json = {
        "name": measurement.contender.name,
        "kind": measurement.contender.kind,
        "error": measurement.error,
        "info": measurement.info,
        "memory_loaded": measurement.memory_loaded,
        "memory": measurement.memory,
    }
    if finished(measurement):
        samples = [sample for samples in measurement.rounds for sample in samples]
        stages = samples[0]["stages_ms"]
        record["instances"] = instance_count(measurement)
        record["total_ms"] = summarize([sample["total_ms"] for sample in samples])
        record["stages_ms"] = {
            stage: summarize([sample["stages_ms"][stage] for sample in samples]) for stage in stages
        }
        if {"preprocess", "postprocess"} <= set(stages):
            record["pre_and_post_ms"] = summarize(
                [s["stages_ms"]["preprocess"] + s["stages_ms"]["postprocess"] for s in samples]
            )
        record["rounds"] = measurement.rounds
    return record


def finished(measurement: Measurement) -> bool:
    return measurement.error is None and bool(measurement.rounds)


def instance_count(measurement: Measurement) -> int | None:
    """The number of instances, the same in every prediction; None for a bare network.

    Raises ValueError where it changes from run to run: then nothing can be compared.
    """
    counts = {sample["count"] for samples in measurement.rounds for sample in samples}
    if len(counts) != 1:
        name = measurement.contender.name
        raise ValueError(f"{name}: {sorted(counts)} instances in different runs on one image")
    count: int | None = counts.pop()
    return count


def fastest_paddlex_ms(measurements: Sequence[Measurement]) -> float | None:
    """Median of the faster PaddleX mode; None where none ran."""
    theirs = [m for m in measurements if m.contender.kind == "paddlex" and finished(m)]
    return min((median(flat(m.totals_ms())) for m in theirs), default=None)


def end_to_end_ratios(model: str, measurements: Sequence[Measurement]) -> list[Json]:
    """Each instseg against the faster PaddleX; refused unless they found as many instances."""
    theirs = [m for m in measurements if m.contender.kind == "paddlex" and finished(m)]
    if not theirs:
        return []
    fastest = min(theirs, key=lambda m: median(flat(m.totals_ms())))
    records: list[Json] = []
    for ours in measurements:
        if ours.contender.kind != "instseg" or not finished(ours):
            continue
        count, reference_count = instance_count(ours), instance_count(fastest)
        assert count is not None
        assert reference_count is not None
        names = (ours.contender.name, fastest.contender.name)
        ratio: Ratio
        if counts_agree(model, count, reference_count):
            ratio = ratio_of_rounds(names[0], ours.totals_ms(), names[1], fastest.totals_ms())
        else:
            ratio = refused(*names, f"counts differ: {count} and {reference_count}")
        records.append(
            {
                **ratio,
                "instances": [count, reference_count],
                "same_class_and_box": matched(ours.detections or [], fastest.detections or []),
            }
        )
    return records


def network_ratios(measurements: Sequence[Measurement]) -> list[Ratio]:
    """instseg's network stage against bare OpenVINO at the same precision; 1.05 = 5 % slower."""
    ratios = []
    for bare in measurements:
        if bare.contender.kind != "openvino" or not finished(bare):
            continue
        precision = bare.contender.options["precision"]
        for ours in measurements:
            same = ours.contender.options.get("precision") == precision
            if ours.contender.kind == "instseg" and same and finished(ours):
                ratios.append(
                    ratio_of_rounds(
                        bare.contender.name,
                        bare.stage_ms("network"),
                        ours.contender.name,
                        ours.stage_ms("network"),
                    )
                )
    return ratios


def flat(rounds: Sequence[Sequence[float]]) -> list[float]:
    return [value for values in rounds for value in values]
