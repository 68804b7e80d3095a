"""Mask R-CNN with ONNX Runtime in the place of the SDK's engine.

The same network folder and the same steps between the networks; what differs is how the networks'
sums are rounded. Weights can be moved by about their own rounding, to see what that alone does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import numpy_helper
from parity.instances import Instances

from instseg import _core

Array = npt.NDArray[Any]
THREADS = 2

ROUNDING = 2.0**-23
"""A weight is moved by -1, 0 or +1 times this, relative to itself."""


class RcnnWitness:
    """folder: a network folder of Mask R-CNN. noise: seed of the weights' moves; None: as they are.

    Numbers in tensors of one dimension stay: they may be sizes.
    """

    def __init__(self, folder: Path, noise: int | None = None) -> None:
        manifest = json.loads((folder / "instseg.json").read_text(encoding="utf-8"))
        assert manifest["family"] == "mask_rcnn"
        self.spec = manifest["postprocess"]
        self.mask_threshold = manifest["thresholds"]["mask"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.log_severity_level = 3
        self.sessions = {
            network["role"]: onnxruntime.InferenceSession(
                _network(folder / network["file"], noise), options, ["CPUExecutionProvider"]
            )
            for network in manifest["networks"]
        }

    def instances(
        self, inputs: Mapping[str, Array], size: tuple[int, int], threshold: float
    ) -> Instances:
        """inputs: the program's, as PaddleX feeds them; size: (height, width) of the image."""
        main = self._run("main", image=inputs["image"])
        features = [main[f"features_{i}"][0] for i in range(_levels(main, "features"))]
        logits = [main[f"rpn_logits_{i}"][0] for i in range(_levels(main, "rpn_logits"))]
        deltas = [main[f"rpn_deltas_{i}"][0] for i in range(len(logits))]
        height, width = (int(side) for side in inputs["im_shape"][0])
        rois = _core.rcnn_proposals(self.spec, logits, deltas, height, width, num_threads=THREADS)
        boxes, scores, class_ids = self._boxes(features, rois, (height, width), threshold)
        masks = np.zeros((len(boxes), *size), bool)
        scale = np.array(inputs["scale_factor"][0, [1, 0, 1, 0]], np.float32)
        original = (boxes / scale).clip(0, np.array([*size[::-1], *size[::-1]], np.float32))
        if len(boxes):
            pooled = _core.rcnn_pool(self.spec, features, boxes, head="mask", num_threads=THREADS)
            found = self._run("mask", roi_features=pooled)["mask_logits"]
            for i, (box, class_id) in enumerate(zip(original, class_ids, strict=True)):
                masks[i] = self._mask(found[i, class_id], box, size)
        return Instances(class_ids, scores, original, masks)

    def _boxes(
        self, features: list[Array], rois: Array, size: tuple[int, int], threshold: float
    ) -> tuple[Array, Array, Array]:
        """Boxes [n, 4] in the network's input, scores [n], class ids [n]."""
        stages = self.spec["rcnn"]["box_stages"]
        assert len(stages) == 1, "cascades move their boxes from stage to stage"
        pooled = _core.rcnn_pool(self.spec, features, rois, head="box", num_threads=THREADS)
        found = self._run("box", roi_features=pooled)
        scores, deltas = found["class_probabilities"], found["box_deltas"]
        return _core.rcnn_detections(self.spec, rois, scores, deltas, *size, threshold=threshold)

    def _mask(self, logits: Array, box: Array, size: tuple[int, int]) -> Array:
        """Cut at the rounded box, as PaddleX does."""
        probabilities = (1 / (1 + np.exp(-logits))).astype(np.float32)
        pasted = _core.paste_mask(
            probabilities, box.tolist(), *size, threshold=self.mask_threshold
        ).bitmap()
        mask = np.zeros(size, bool)
        x1, y1, x2, y2 = (round(side) for side in box.tolist())
        mask[y1:y2, x1:x2] = pasted[y1:y2, x1:x2]
        return mask

    def _run(self, role: str, **feeds: Array) -> dict[str, Array]:
        session = self.sessions[role]
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, feeds), strict=True))


def _levels(outputs: Mapping[str, Array], kind: str) -> int:
    return sum(name.startswith(f"{kind}_") for name in outputs)


def _network(file: Path, noise: int | None) -> bytes:
    if noise is None:
        return file.read_bytes()
    random = np.random.default_rng(noise)
    model = onnx.load(file)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.ndim >= 2:
            moved = values * (1 + ROUNDING * random.integers(-1, 2, values.shape))
            tensor.CopyFrom(numpy_helper.from_array(moved.astype(np.float32), tensor.name))
    content: bytes = model.SerializeToString()
    return content
