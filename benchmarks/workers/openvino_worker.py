"""Benchmark worker: bare OpenVINO on the networks of a network folder; no decoding, no results.

The lower bound that instseg's network stage is held against. It gets what favours it: fixed shapes,
input tensors allocated once, outputs left in the engine's own memory. Networks on regions (R-CNNs)
get as many as instseg gives them for this photo, pooled once, while loading.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from worker_protocol import Json, serve

PRECISION_HINTS = {"fp32": "f32", "bf16": "bf16"}


class OpenVinoContender:
    """OpenVINO's Python API, LATENCY hint, precision pinned."""

    _requests: list[Any]
    _values: list[Any]

    def load(self, options: Json) -> Json:
        """Options: folder (a network folder), image, threads, precision, instances: of which masks
        are made, where a network of its own makes them."""
        import numpy as np
        import openvino as ov
        from PIL import Image

        from instseg import _core

        folder = Path(options["folder"])
        description = json.loads((folder / "instseg.json").read_text(encoding="utf-8"))
        networks = {network["role"]: network for network in description["networks"]}
        config = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": PRECISION_HINTS[options["precision"]],
            "INFERENCE_NUM_THREADS": options["threads"],
        }
        core = ov.Core()
        start = time.perf_counter()
        self._requests, self._values, costs = [], [], []

        def prepare(network: Json, values: Any) -> Any:
            [entry] = network["inputs"]
            model = core.read_model(folder / network["file"])
            model.reshape({entry["name"]: list(values.shape)})
            request = core.compile_model(model, "CPU", config).create_infer_request()
            request.set_tensor(entry["name"], ov.Tensor(values, shared_memory=True))
            self._requests.append(request)
            self._values.append(values)  # the tensor does not own them
            costs.append(cost(folder / network["file"], entry["name"], values.shape))
            return request

        with Image.open(options["image"]) as photo:
            pixels = np.asarray(photo.convert("RGB"))
        image = _core.preprocess(pixels, color="rgb", spec=description["preprocess"])[None]
        main = prepare(networks["main"], image)
        if len(networks) > 1:
            main.infer()
            found = {
                entry["meaning"]: np.array(main.get_tensor(entry["name"]).data)
                for entry in networks["main"]["outputs"]
            }
            boxes = proposals(description, found, pixels.shape[:2])
            for role, network in networks.items():
                if role == "main":
                    continue
                count = options["instances"] if role == "mask" else len(boxes)
                prepare(network, pooled(description, found, boxes[:count], role))
        load_s = time.perf_counter() - start
        compiled = main.get_compiled_model()
        return {
            "versions": {"openvino": ov.get_version()},
            "load_s": load_s,
            "networks": costs,
            "properties": {name: str(compiled.get_property(name)) for name in config}
            | {"NUM_STREAMS": str(compiled.get_property("NUM_STREAMS"))},
        }

    def predict(self, threshold: float) -> dict[str, float]:
        del threshold  # a network has none
        start = time.perf_counter_ns()
        for request in self._requests:
            request.infer()
        return {"network": (time.perf_counter_ns() - start) / 1e6}

    def take_detections(self) -> None:
        return None


def cost(file: Path, name: str, shape: tuple[int, ...]) -> Json:
    """Floating-point operations of convolutions and matrix products at this input shape."""
    from instseg.network_cost import network_cost

    flops = network_cost(file, {name: list(shape)}).flops
    return {"file": file.name, "input_shape": list(shape), "flops": flops}


def proposals(description: Json, found: Mapping[str, Any], image_size: tuple[int, int]) -> Any:
    """float32 [R, 4]: the regions of this photo, in the network's input."""
    from instseg import _core

    levels = range(sum(meaning.startswith("rpn_logits_") for meaning in found))
    height, width = resized_size(description["preprocess"], image_size)
    return _core.rcnn_proposals(
        description["postprocess"],
        [found[f"rpn_logits_{level}"][0] for level in levels],
        [found[f"rpn_deltas_{level}"][0] for level in levels],
        height,
        width,
    )


def pooled(description: Json, found: Mapping[str, Any], boxes: Any, role: str) -> Any:
    from instseg import _core

    maps = [found[f"features_{i}"][0] for i in range(sum(m.startswith("features_") for m in found))]
    head = "mask" if role == "mask" else "box"
    return _core.rcnn_pool(description["postprocess"], maps, boxes, head=head)


def resized_size(preprocess: Json, image_size: tuple[int, int]) -> tuple[int, int]:
    """The image within the network's input, without padding: both sides by one factor."""
    shorter, longer = sorted((preprocess["resize"]["height"], preprocess["resize"]["width"]))
    factor = min(longer / max(image_size), shorter / min(image_size))
    return round(image_size[0] * factor), round(image_size[1] * factor)


if __name__ == "__main__":
    serve(OpenVinoContender())
