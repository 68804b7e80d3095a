"""Instances as they are read from a program's outputs, and which of them a call wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instseg._core import Mask
from instseg.errors import EngineError, ModelError
from instseg.reference.paddle_program import Outputs

Array = NDArray[Any]


@dataclass(frozen=True)
class Selection:
    """What one call wants; None = no limit, all classes."""

    threshold: float
    max_detections: int | None
    class_ids: Sequence[int] | None
    clip_masks: bool

    def order(self, rows: NDArray[np.intp], scores: Array, class_ids: Array) -> list[int]:
        """Those of the rows with a wanted class, by falling score; of equal ones the first first.

        scores, class_ids  of all rows. max_detections is not looked at.
        """
        if self.class_ids is not None:
            rows = rows[np.isin(class_ids[rows], np.asarray(self.class_ids))]
        order: list[int] = rows[np.argsort(-scores[rows], kind="stable")].tolist()
        return order


@dataclass(frozen=True, eq=False)
class Found:
    """Instances of one image by falling score; see `instseg.Result`."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int32]
    masks: list[Mask]


def found(
    boxes: Sequence[Sequence[float]] | Array, scores: Array, class_ids: Array, masks: list[Mask]
) -> Found:
    """With the types of a result, also where there is no instance."""
    return Found(
        boxes=np.asarray(boxes, np.float32).reshape(-1, 4),
        scores=np.asarray(scores, np.float32),
        class_ids=np.asarray(class_ids, np.int32),
        masks=masks,
    )


def one_output(candidates: dict[str, Any], what: str, outputs: Outputs) -> tuple[str, Any]:
    """The only candidate; raises EngineError where the program has none or several."""
    if len(candidates) != 1:
        shapes = "; ".join(f"{name} {list(tensor.shape)}" for name, tensor in outputs.items())
        raise EngineError(
            f"The program has {len(candidates)} outputs that could be {what}, expected one. Its "
            f"outputs are {shapes}: it is no official program of this family."
        )
    [(name, tensor)] = candidates.items()
    return name, tensor


def check_finite(values: Array, output: str, model: str) -> None:
    """Raises EngineError where a value is NaN or infinite, as the core does."""
    bad = values[~np.isfinite(values)]
    if bad.size:
        raise EngineError(
            f"{model} gave {bad[0]} in its output '{output}'; every value must be finite. The "
            "weights are damaged or overflow."
        )


def check_classes(class_ids: Array, num_classes: int, model: str) -> None:
    """Raises ModelError for an id that inference.yml has no name for."""
    if class_ids.size and not 0 <= class_ids.min() <= class_ids.max() < num_classes:
        raise ModelError(
            f"{model} gave class {int(class_ids.max())}, but label_list of its configuration names "
            f"{num_classes} classes: the files do not belong together."
        )
