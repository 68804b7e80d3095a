"""The JSON of one run of `gpu.py`, and whether a text is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
FORMAT_VERSION = 1

# Key -> type, or the description of what is inside; a key with "?" may be missing. [T] = a list.
SCHEMA: Json = {
    "benchmark": str,
    "format_version": int,
    "measured_at": str,
    "commit": {"id": str, "changed": bool},
    "machine": {"cpu": str, "cores_available": int, "system": str, "python": str},
    "gpu": {
        "name": str,
        "driver_version": str,
        "memory_mib": int,
        "compute_capability": str,
        "clock_mhz": str,
        "most_clock_mhz": str,
        "temperature_c": str,
        "power_limit_w": str,
    },
    "settings": {
        "engine": str,
        "device": str,
        "image": str,
        "runs": int,
        "warm_ups": int,
        "threads": int,
        "steps": [str],
    },
    "versions": {"instseg": str},
    "models": [
        {
            "label": str,
            "weights": str,
            "runs": [
                {
                    "precision": str,
                    "error?": str,
                    "engine?": str,
                    "threshold?": float,
                    "start?": {"cold_s?": float, "cached_s?": float, "error?": str},
                    "correctness?": {
                        "error?": str,
                        "held?": str,
                        "passed?": bool,
                        "reason?": str,
                        "detections?": {
                            "reference": int,
                            "actual": int,
                            "unpaired": int,
                            "score": float,
                            "box_px": float,
                            "iou_min": float,
                            "iou_median": float,
                            "faults": [str],
                        },
                        "tolerance?": float,
                    },
                    "latency?": {"error?": str, "instances?": int, "runs?": int},
                    "throughput?": {
                        "error?": str,
                        "rates?": [{"streams": int, "batch": int, "images_per_s": float}],
                    },
                    "growth?": {
                        "error?": str,
                        "predictions?": int,
                        "warm_mib?": int,
                        "most_mib?": int,
                        "end_mib?": int,
                    },
                    "threads?": {"error?": str, "predictions?": int, "other_results?": int},
                }
            ],
        }
    ],
    "notes": [str],
}


def problems(record: Any, schema: Any = SCHEMA, where: str = "record") -> list[str]:
    """What in the record is not as SCHEMA says, each with its place; further keys are allowed."""
    if isinstance(schema, Mapping):
        if not isinstance(record, Mapping):
            return [f"{where} is {type(record).__name__}, not an object"]
        found = []
        for key, inside in schema.items():
            name = key.removesuffix("?")
            if name in record:
                found += problems(record[name], inside, f"{where}.{name}")
            elif not key.endswith("?"):
                found.append(f"{where}.{name} is missing")
        return found
    if isinstance(schema, list):
        if not isinstance(record, list):
            return [f"{where} is {type(record).__name__}, not a list"]
        return [
            problem
            for place, each in enumerate(record)
            for problem in problems(each, schema[0], f"{where}[{place}]")
        ]
    allowed = (int, float) if schema is float else schema
    if not isinstance(record, allowed) or (isinstance(record, bool) and schema is not bool):
        return [f"{where} is {record!r}, not {schema.__name__}"]
    return []
