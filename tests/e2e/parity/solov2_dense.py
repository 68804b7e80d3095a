"""The SDK's post-processing of SOLOv2, fed with Paddle's own tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from parity.dense_postprocessing import DensePostprocessing
from parity.instances import Instances

from instseg import _core
from instseg.importer import understand
from instseg.importer.cuts.solov2 import cut_solov2
from instseg.importer.ir.graph import Graph

Array = npt.NDArray[Any]

TARGET_SIZE = (800, 1333)
"""Of every official inference.yml: the shorter and the longer side that an image is resized to."""


def solov2_dense(program: Graph) -> DensePostprocessing:
    cut = cut_solov2(understand(program))
    values = {meaning: value.name for (_, meaning), value in cut.networks[0].outputs.items()}
    strides: Any = cut.postprocess["level_strides"]
    meanings = [
        "mask_features",
        *(f"category_scores_{level}" for level in range(len(strides))),
        *(f"kernels_{level}" for level in range(len(strides))),
    ]
    numbers: dict[str, Any] = {
        key: cut.postprocess[key] for key in ("nms_decay", "nms_sigma", "pre_nms_top_k", "top_k")
    }

    def run(
        tensors: list[Array], image_size: tuple[int, int], threshold: float, clip_masks: bool
    ) -> Instances:
        """Masks are never cut at their box: that is what the box is made of."""
        features, *rest = (np.ascontiguousarray(tensor[0]) for tensor in tensors)
        result = _core.postprocess_solov2(
            rest[: len(strides)],
            rest[len(strides) :],
            features,
            resized_size(image_size),
            image_size,
            level_strides=strides,
            threshold=threshold,
            **numbers,
        )
        return Instances.of_result(result)

    return DensePostprocessing([values[meaning] for meaning in meanings], run)


def resized_size(image_size: tuple[int, int]) -> tuple[int, int]:
    """As PaddleX resizes: both sides by one factor, rounded half to even."""
    shorter, longer = TARGET_SIZE
    factor = min(longer / max(image_size), shorter / min(image_size))
    return round(image_size[0] * factor), round(image_size[1] * factor)
