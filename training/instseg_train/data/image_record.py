"""One image of a data set before it is decoded: where it is, and what is on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instseg_train.data.image_file import read_image
from instseg_train.data.sample import Sample
from instseg_train.data.shapes import Bitmap, Polygons, Shape


@dataclass(frozen=True)
class ImageRecord:
    """An image file with n objects. It is what goes to worker processes, so it is small.

    path       of the file
    size       height, width that the annotations are for
    boxes      float32 [n, 4] x1, y1, x2, y2 in pixels
    class_ids  int64 [n]
    crowd      bool [n]
    outlines   of each object its polygons, or the counts of its run lengths as COCO compresses
               them, which fill the image
    """

    path: str
    image_id: int
    size: tuple[int, int]
    boxes: npt.NDArray[np.float32]
    class_ids: npt.NDArray[np.int64]
    crowd: npt.NDArray[np.bool_]
    outlines: Sequence[Polygons | bytes]

    def __len__(self) -> int:
        return len(self.boxes)

    def read(self, *, crowds: bool = True) -> Sample:
        """Decodes the image. crowds: with the regions of many objects.

        Raises ImageError, which names the file.
        """
        image = read_image(self.path, self.size)
        used = [index for index in range(len(self)) if crowds or not self.crowd[index]]
        return Sample(
            image=image,
            boxes=self.boxes[used],
            class_ids=self.class_ids[used],
            crowd=self.crowd[used],
            shapes=[self._shape(self.outlines[index]) for index in used],
            masks=None,
            image_id=self.image_id,
            original=self.size,
        )

    def _shape(self, outline: Polygons | bytes) -> Shape:
        if isinstance(outline, Polygons):
            return outline
        return Bitmap.of_run_lengths(outline, self.size)
