"""What was found in a data set's images, kept small: numbers and run lengths, no pixels."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from instseg import Result


class Detections:
    """Entry i of every list belongs to detection i, in the order of adding.

    image_ids, category_ids  int64
    scores                   float64, holding float32 values
    boxes                    float64, four a detection: x, y, w, h
    """

    def __init__(self) -> None:
        self._image_ids, self._category_ids = array("q"), array("q")
        self._scores, self._boxes = array("d"), array("d")
        self._counts: list[bytes] = []
        self._sizes: dict[int, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, image_id: int, result: Result, category_ids: Mapping[int, int]) -> None:
        """category_ids: class id -> category id; instances of other classes are left out."""
        self._sizes[image_id] = (int(result.image_size[0]), int(result.image_size[1]))
        for i, (class_id, score) in enumerate(
            zip(result.class_ids.tolist(), result.scores.tolist(), strict=True)
        ):
            if class_id not in category_ids:
                continue
            x1, y1, x2, y2 = result.boxes[i].tolist()
            self._image_ids.append(image_id)
            self._category_ids.append(category_ids[class_id])
            self._scores.append(score)
            self._boxes.extend((x1, y1, x2 - x1, y2 - y1))
            self._counts.append(result.masks[i].rle().encode())

    @property
    def image_ids(self) -> npt.NDArray[np.int64]:
        return np.array(self._image_ids, np.int64)

    @property
    def category_ids(self) -> npt.NDArray[np.int64]:
        return np.array(self._category_ids, np.int64)

    @property
    def scores(self) -> npt.NDArray[np.float64]:
        return np.array(self._scores, np.float64)

    def image_id(self, index: int) -> int:
        return self._image_ids[index]

    def category_id(self, index: int) -> int:
        return self._category_ids[index]

    def score(self, index: int) -> float:
        return self._scores[index]

    def box(self, index: int) -> list[float]:
        """x, y, w, h in pixels of the image."""
        return self._boxes[4 * index : 4 * index + 4].tolist()

    def run_lengths(self, index: int) -> dict[str, Any]:
        """COCO's compressed run lengths, `counts` as bytes."""
        size = self._sizes[self._image_ids[index]]
        return {"size": list(size), "counts": self._counts[index]}

    def coco_entries(self) -> Iterator[dict[str, Any]]:
        """Entries of a COCO results file, one at a time."""
        for i in range(len(self)):
            mask = self.run_lengths(i)
            yield {
                "image_id": self._image_ids[i],
                "category_id": self._category_ids[i],
                "bbox": [round(side, 3) for side in self.box(i)],
                "score": self._scores[i],
                "segmentation": {**mask, "counts": mask["counts"].decode()},
            }
