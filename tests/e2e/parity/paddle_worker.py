"""Runs a Paddle program on prepared tensors; a process of its own, in an environment of its own.

    python paddle_worker.py JOB.json

JOB.json: {"program": path, "parameters": path, "graph_optimisation": bool, "threads": int,
           "runs": [{"inputs": path.npz, "outputs": path.npz}, ...]}
An .npz holds one array per input or output, under its name. Of an output that is a stack of
full-size masks (rank 3, all 0 or 1) the bits are kept: np.packbits under "bits of NAME", and its
shape under "shape of NAME".

oneDNN is off. Only NumPy and Paddle are used here. Paddle reads FLAGS_enable_pir_api when it is
imported: to be set to 1 for programs in `.json`, to 0 for `.pdmodel`.
"""

import json
import sys
from pathlib import Path

import numpy as np
from paddle import inference


def predictor_of(job):
    config = inference.Config(job["program"], job["parameters"])
    config.disable_gpu()
    config.disable_glog_info()
    config.disable_mkldnn()
    pir = job["program"].endswith(".json")
    config.enable_new_ir(pir)
    if not pir:  # the same numbers in a fraction of the memory; refused with the new IR
        config.enable_memory_optim()
    config.switch_ir_optim(job["graph_optimisation"])
    config.set_cpu_math_library_num_threads(job["threads"])
    return inference.create_predictor(config)


def stored(name, array):
    """What is written for one output."""
    if array.ndim != 3 or array.size == 0 or not np.isin((array.min(), array.max()), (0, 1)).all():
        return {name: array}
    ones = array == 1
    if np.count_nonzero(ones) + np.count_nonzero(array == 0) != array.size:
        return {name: array}
    shape = np.array(array.shape, np.int64)
    return {f"bits of {name}": np.packbits(ones), f"shape of {name}": shape}


def main(job):
    predictor = predictor_of(job)
    for run in job["runs"]:
        with np.load(run["inputs"]) as inputs:
            for name in predictor.get_input_names():
                predictor.get_input_handle(name).copy_from_cpu(inputs[name])
        predictor.run()
        outputs = {}
        for name in predictor.get_output_names():
            outputs |= stored(name, predictor.get_output_handle(name).copy_to_cpu())
        np.savez(run["outputs"], **outputs)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
