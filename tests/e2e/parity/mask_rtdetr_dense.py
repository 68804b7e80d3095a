"""The SDK's post-processing of Mask-RT-DETR, fed with Paddle's own tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from parity.dense_postprocessing import DensePostprocessing
from parity.instances import Instances

from instseg import _core
from instseg.importer import cut_mask_rtdetr, understand
from instseg.importer.ir.graph import Graph

Array = npt.NDArray[Any]


def mask_rtdetr_dense(program: Graph) -> DensePostprocessing:
    cut = cut_mask_rtdetr(understand(program))
    values = {meaning: value.name for (_, meaning), value in cut.networks[0].outputs.items()}
    meanings = ("boxes_cxcywh", "class_logits", "mask_coefficients", "mask_prototypes")

    def run(
        tensors: list[Array], image_size: tuple[int, int], threshold: float, clip_masks: bool
    ) -> Instances:
        boxes, logits, coefficients, prototypes = (np.ascontiguousarray(t[0]) for t in tensors)
        result = _core.postprocess_mask_rtdetr(
            boxes,
            logits,
            coefficients,
            prototypes,
            *image_size,
            threshold=threshold,
            top_k=int(cut.postprocess["top_k"]),
            clip_masks=clip_masks,
        )
        return Instances.of_result(result)

    return DensePostprocessing([values[meaning] for meaning in meanings], run)
