"""Renders the records as Markdown: `python -m parity.report FILE` in tests/e2e."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from parity.models import MANY, MODELS, STAGE_TOLERANCE, WITNESS_FACTOR
from parity.photos import PHOTOS, RECORDED, STRIP
from parity.program_formats import FORMATS
from parity.rcnn_rounding import DRAWS
from parity.records import Json, read_records

MODEL_ORDER = [model.name for model in MODELS]
FORMAT_ORDER = [program_format.name for program_format in FORMATS]
FORMAT_TITLES = {f.name: f"{f.title}, Paddle {f.paddle}" for f in FORMATS}
PHOTO_ORDER = [photo.name for photo in (*PHOTOS, STRIP, RECORDED)]

INTRODUCTION = f"""\
# Equality with Paddle

`make parity` runs the official programs with generated weights in Paddle itself (oneDNN off; PIR
programs with graph optimisation, legacy programs of Mask-RT-DETR without, because it changes their
results) and compares. Preprocessing on Paddle's side is PaddleX's, by OpenCV; on ours, and for the
detections the whole way, it is `instseg.Predictor(folder).predict(file)`, FP32, OpenVINO.

Photos, from scikit-image:

{chr(10).join(f"- `{photo.name}`: {photo.what}" for photo in (*PHOTOS, STRIP, RECORDED))}
"""


def report(records: Sequence[Json]) -> str:
    parts = [INTRODUCTION]
    for title, text, table in SECTIONS:
        rows = table(records)
        if rows:
            parts.append(f"## {title}\n\n{text}\n\n{rows}\n")
    return "\n".join([*parts, _provenance(records)])


def _detections(records: Sequence[Json]) -> str:
    header = ["model", "program", "photo", "score above", "instances", "without counterpart"]
    header += [
        "decided by rounding",
        "box, px",
        "score",
        "mask IoU, min",
        "median",
        "held to",
        "outside",
    ]
    tolerances = {model.name: model.detections for model in MODELS}
    rows = []
    for record in _of(records, "detections"):
        held = tolerances[record["model"]]
        f = record["figures"]
        limits = (
            f"{held.box_px:g} px, {held.score:g}, {held.iou_min:g}, {held.iou_median:g}"
            if held
            else ""
        )
        rows.append(
            [
                *_where(record),
                *(f"{f['threshold']:g}", str(f["rows"]), str(f["unpaired"])),
                _excused(f["excused"]),
                *(f"{f['box_px']:.3f}", f"{f['score']:.1e}"),
                *(f"{f['iou_min']:.4f}", f"{f['iou_median']:.4f}", limits),
                "; ".join(f["faults"]) or "none",
            ]
        )
    return _table(header, rows)


def _excused(faults: Sequence[str]) -> str:
    rows = dict.fromkeys(fault.rsplit(": ", 1)[0] for fault in faults)
    return "; ".join([str(len(rows)), *faults]) if rows else "0"


def _stages(records: Sequence[Json]) -> str:
    """One table per sequence of stages: one row per model and format, one column per stage, the
    worst of its tensors and photos."""
    found = list(_of(records, "stages"))
    tables: dict[tuple[str, ...], list[list[str]]] = {}
    for model in MODEL_ORDER:
        for program_format in FORMAT_ORDER:
            own = [r for r in found if (r["model"], r["format"]) == (model, program_format)]
            if not own:
                continue
            stages = {name: 0.0 for record in own for name in record["figures"]}
            for record in own:
                for name, tensors in record["figures"].items():
                    stages[name] = max(stages[name], *tensors.values())
            cells = [f"{worst:.1e}" for worst in stages.values()]
            table = tables.setdefault(tuple(stages), [])
            table.append([model, FORMAT_TITLES[program_format], *cells])
    return "\n\n".join(_table(["model", "program", *names], rows) for names, rows in tables.items())


def _encoder(records: Sequence[Json]) -> str:
    header = ["model", "program", "in", "ours to Paddle", "ONNX Runtime to Paddle"]
    header += ["ours to ONNX Runtime", "held to"]
    held = {model.name: model.detections is not None for model in MODELS}
    found = list(_of(records, "encoder"))
    rows = []
    for model in MODEL_ORDER:
        for program_format in FORMAT_ORDER:
            own = [r for r in found if (r["model"], r["format"]) == (model, program_format)]
            tensors = [(name, f) for record in own for name, f in record["figures"].items()]
            if not tensors:
                continue
            name, worst = max(tensors, key=lambda item: item[1]["ours"])
            limit = f"{STAGE_TOLERANCE:g}"
            if not held[model]:
                limit = f"{WITNESS_FACTOR:g} x ONNX Runtime's"
            figures = [f"{worst[key]:.1e}" for key in ("ours", "witness", "apart")]
            rows.append([model, FORMAT_TITLES[program_format], f"`{name}`", *figures, limit])
    return _table(header, rows)


def _postprocessing(records: Sequence[Json]) -> str:
    header = ["model", "program", "photo", "instances", "box, px", "score"]
    header += ["masks cut at the box: IoU, min", "equal", "whole masks: IoU, min", "equal"]
    rows = []
    for record in _of(records, "post-processing"):
        f = record["figures"]
        whole = f["whole"]
        cells = [str(whole["rows"]), f"{whole['box_px']:.1e}", f"{whole['score']:.1e}"]
        for kind in ("clipped", "whole"):
            cells += [f"{f[kind]['iou_min']:.5f}", str(f[kind]["equal"])]
        rows.append([*_where(record), *cells])
    return _table(header, rows)


def _stored(records: Sequence[Json]) -> str:
    rows = []
    for record in _of(records, "stored"):
        tensors = record["figures"]
        worst = max(tensors, key=lambda name: tensors[name])
        model, program_format, _ = _where(record)
        rows.append([model, program_format, str(len(tensors)), f"{tensors[worst]:.1e}", worst])
    return _table(["model", "program", "tensors", "largest difference", "in"], rows)


SECTIONS: list[tuple[str, str, Callable[[Sequence[Json]], str]]] = [
    (
        "Detections",
        f"""\
Instances above a threshold, the highest that keeps {MANY} of them (generated weights give few high
scores), paired by class, score and box: the largest differences.
Least IoU: with Mask-RT-DETR, of masks that differ by a cell of the network's mask grid (160 x 160)
or more. Decided by rounding, and left out of the figures: with Mask-RT-DETR, both sides agree on
the query, but its first box, the extent of `mask logit > 0`, is another one, and every logit that
decides this is no further from zero than {WITNESS_FACTOR:g} times what ONNX Runtime and ours, on
the same network, differ by in this query's logits. With Mask R-CNN, the instance is no further
from Paddle's than {WITNESS_FACTOR:g} times the most that it moves in ONNX Runtime when every
weight is moved by -1, 0 or +1 times 2^-23 of itself, in {DRAWS} draws.""",
        _detections,
    ),
    (
        "Dense tensors, stage by stage",
        f"""\
Every stage is fed with Paddle's own tensors and run by our engine; largest difference as a part of
each tensor's largest magnitude, over all photos (held to {STAGE_TOLERANCE:g}).""",
        _stages,
    ),
    (
        "Dense tensors from the image on",
        """\
Up to the selection of the queries (SOLOv2: to the heads), from PaddleX's input on; the tensor that
differs most. Mask-RT-DETR-X and -H amplify rounding with generated weights: three engines on the
same numbers are as far apart from each other, so only the stages above can be held.""",
        _encoder,
    ),
    (
        "Post-processing alone",
        """\
Fed with Paddle's own dense tensors; all rows, whatever their score. SOLOv2 has no boxes.""",
        _postprocessing,
    ),
    (
        "Dense tensors against stored numbers",
        f"""\
PaddleDetection in dygraph mode (Paddle 3.3.1) on the shared data's test image, up to the selection
of the queries (X and H: the first two backbone stages; SOLOv2: to the heads); as a part of each
tensor's largest magnitude (held to {STAGE_TOLERANCE:g}).""",
        _stored,
    ),
]


def _of(records: Iterable[Json], check: str) -> list[Json]:
    """Those of the check, of models in the table, in the table's order."""
    own = [r for r in records if r["check"] == check and r["model"] in MODEL_ORDER]
    photos = [*PHOTO_ORDER, "all", "test image"]
    return sorted(
        own,
        key=lambda r: (
            MODEL_ORDER.index(r["model"]),
            FORMAT_ORDER.index(r["format"]),
            photos.index(r["photo"]),
        ),
    )


def _where(record: Json) -> tuple[str, str, str]:
    return record["model"], FORMAT_TITLES[record["format"]], record["photo"]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["-"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) if rows else ""


def _provenance(records: Sequence[Json]) -> str:
    packages = ("openvino", "numpy", "opencv-python-headless", "pillow")
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    days = sorted({record["measured_at"][:10] for record in records})
    commits = sorted({record["commit"] for record in records})
    return (
        f"Measured on {', '.join(days)} at commit {', '.join(commits)}; {_processor()}, "
        f"{os.cpu_count()} cores; Python {platform.python_version()}, {versions}.\n"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(report(read_records()), encoding="utf-8")
