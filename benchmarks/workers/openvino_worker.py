"""Benchmark worker: bare OpenVINO on the network of a network folder; no decoding, no results.

The lower bound that instseg's network stage is held against. It gets what favours it: a static
batch of 1, one input tensor allocated once, outputs left in the engine's own memory.
"""

import json
import time
from pathlib import Path
from typing import Any

from worker_protocol import Json, serve

PRECISION_HINTS = {"fp32": "f32", "bf16": "bf16"}


def photo_tensor(path: str, shape: list[int], preprocess: Json) -> Any:
    """The photo, float32 [1, 3, height, width], normalised as the folder says.

    The values matter only in that they are those of a photo and not, say, zeros or denormals.
    """
    import numpy as np
    from PIL import Image

    _, _, height, width = shape
    with Image.open(path) as photo:
        pixels = np.asarray(photo.convert("RGB").resize((width, height)), np.float32)
    mean = np.asarray(preprocess["mean"], np.float32)
    std = np.asarray(preprocess["std"], np.float32)
    values = (pixels * np.float32(preprocess["scale"]) - mean) / std
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


class OpenVinoContender:
    """OpenVINO's Python API, LATENCY hint, precision pinned."""

    _request: Any

    def load(self, options: Json) -> Json:
        """Options: folder (a network folder with one network), image, threads, precision."""
        import openvino as ov

        folder = Path(options["folder"])
        description = json.loads((folder / "instseg.json").read_text(encoding="utf-8"))
        networks = description["networks"]
        if len(networks) != 1:
            raise ValueError(f"{folder} holds {len(networks)} networks, only one can be timed bare")
        [network] = networks
        [entry] = network["inputs"]
        shape = [1, *entry["shape"][1:]]
        if min(shape) < 1:
            raise ValueError(f"{folder}: the image input's shape {entry['shape']} is not fixed")
        core = ov.Core()
        model = core.read_model(folder / network["file"])
        model.reshape({entry["name"]: shape})
        config = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": PRECISION_HINTS[options["precision"]],
            "INFERENCE_NUM_THREADS": options["threads"],
        }
        start = time.perf_counter()
        compiled = core.compile_model(model, "CPU", config)
        load_s = time.perf_counter() - start
        self._request = compiled.create_infer_request()
        values = photo_tensor(options["image"], shape, description["preprocess"])
        self._request.set_tensor(entry["name"], ov.Tensor(values, shared_memory=True))
        self._values = values  # the tensor does not own them
        return {
            "versions": {"openvino": ov.get_version()},
            "load_s": load_s,
            "properties": {name: str(compiled.get_property(name)) for name in config}
            | {"NUM_STREAMS": str(compiled.get_property("NUM_STREAMS"))},
        }

    def predict(self, threshold: float) -> dict[str, float]:
        del threshold  # a network has none
        start = time.perf_counter_ns()
        self._request.infer()
        return {"network": (time.perf_counter_ns() - start) / 1e6}

    def take_detections(self) -> None:
        return None


if __name__ == "__main__":
    serve(OpenVinoContender())
