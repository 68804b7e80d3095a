"""Results for Roboflow's supervision: annotators, trackers, zones, slicers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from instseg.optional_package import require

if TYPE_CHECKING:
    from instseg.result import Result


def to_supervision(result: Result) -> Any:
    """A `supervision.Detections`; see `Result.to_supervision`. Raises MissingPackage."""
    supervision = require("supervision", extra="supervision", purpose="to_supervision()")
    return supervision.Detections(
        xyxy=result.boxes.copy(),
        mask=result.masks.bitmaps(),
        confidence=result.scores.copy(),
        class_id=result.class_ids.astype(np.int64),
        data={"class_name": np.array(result.labels, dtype=np.str_)},
    )
