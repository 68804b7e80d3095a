"""What a pass of the importer is worth: a network with it and without it, in turn.

    python benchmarks/importer_passes.py Mask-RT-DETR-S_infer/ --without projected_planes

Bare OpenVINO, FP32, fixed shapes, networks of one input size.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from importlib import import_module
from pathlib import Path

import numpy as np
import openvino as ov
from harness.summary import summarize

from instseg.importer import import_model

PASSES = ("mask_extents", "projected_planes")


def request(network: Path, threads: int) -> ov.InferRequest:
    core = ov.Core()
    model = core.read_model(network)
    [entry] = model.inputs
    shape = [1, *(int(side.get_length()) for side in list(entry.partial_shape)[1:])]
    model.reshape({entry.any_name: shape})
    config = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
    }
    made = core.compile_model(model, "CPU", config).create_infer_request()
    values = np.random.default_rng(0).standard_normal(shape, np.float32)
    made.set_input_tensor(ov.Tensor(values))
    return made


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="an official folder")
    parser.add_argument("--without", choices=PASSES, required=True)
    parser.add_argument("--rounds", type=int, default=20, help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=2, help="default: %(default)s")
    options = parser.parse_args()
    rules = getattr(
        import_module(f"instseg.importer.passes.{options.without}"), options.without.upper()
    )
    with tempfile.TemporaryDirectory() as scratch:
        import_model(options.model, Path(scratch) / "with")
        rules.clear()  # the table of this pass, which the pipeline reads
        import_model(options.model, Path(scratch) / "without")
        requests = {
            name: request(Path(scratch) / name / "network.onnx", options.threads)
            for name in ("with", "without")
        }
        spent: dict[str, list[float]] = {name: [] for name in requests}
        for number in range(options.rounds + 1):
            for name, made in requests.items():
                start = time.perf_counter()
                made.infer()
                if number:  # the first is the warm-up
                    spent[name].append((time.perf_counter() - start) * 1e3)
    for name, times in spent.items():
        found = summarize(times)
        print(
            f"{name:8} {options.without}: median {found['median']:.0f} ms, least "
            f"{found['min']:.0f}, p10 to p90 {found['p10']:.0f} to {found['p90']:.0f}"
        )


if __name__ == "__main__":
    main()
