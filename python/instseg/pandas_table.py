"""Results as a pandas table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from instseg.mask_places import centroids
from instseg.optional_package import require

if TYPE_CHECKING:
    from instseg.result import Result


def to_pandas(result: Result) -> Any:
    """A `pandas.DataFrame`; see `Result.to_pandas`. Raises MissingPackage."""
    pandas = require("pandas", extra="pandas", purpose="to_pandas()")
    places = centroids(result)
    count = len(result)
    columns: dict[str, Any] = {
        "source": pandas.array([result.source] * count, dtype="string"),
        "page_index": pandas.array([result.page_index] * count, dtype="Int64"),
        "class_id": result.class_ids,
        "label": pandas.array(result.labels, dtype="string"),
        "score": result.scores,
        "x1": result.boxes[:, 0],
        "y1": result.boxes[:, 1],
        "x2": result.boxes[:, 2],
        "y2": result.boxes[:, 3],
        "area": result.masks.areas(),
        "centroid_x": places[:, 0],
        "centroid_y": places[:, 1],
    }
    return pandas.DataFrame(columns)
