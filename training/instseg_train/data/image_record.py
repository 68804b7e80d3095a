"""One image of a data set before it is decoded: where it is, and what is on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from instseg.errors import InvalidArgument
from instseg_train.data.image_file import read_image
from instseg_train.data.sample import Polygons, Sample
from instseg_train.data.transforms.rasterise import draw_polygons

Outline = Polygons | bytes
"""The parts of an object, or the counts of its compressed run lengths."""


@dataclass(frozen=True)
class ImageRecord:
    """An image file with n objects. It is what goes to worker processes, so it is small.

    path       of the file
    size       height, width that the annotations are for
    boxes      float32 [n, 4] x1, y1, x2, y2 in pixels
    class_ids  int64 [n]
    crowd      bool [n]
    outlines   n of them
    """

    path: str
    image_id: int
    size: tuple[int, int]
    boxes: npt.NDArray[np.float32]
    class_ids: npt.NDArray[np.int64]
    crowd: npt.NDArray[np.bool_]
    outlines: Sequence[Outline]

    def __len__(self) -> int:
        return len(self.boxes)

    def read(self) -> Sample:
        """Decodes the image. Objects stay polygons if all of them are, else all become masks.

        Raises ImageError (the file), InvalidArgument (run lengths that do not fit the image).
        """
        image = read_image(self.path, self.size)
        polygons: list[Polygons] | None = []
        for outline in self.outlines:
            if isinstance(outline, bytes):
                polygons = None
                break
            polygons.append(outline)
        masks = None if polygons is not None else self._masks()
        return Sample(
            image=image,
            boxes=self.boxes.copy(),
            class_ids=self.class_ids,
            crowd=self.crowd,
            polygons=polygons,
            masks=masks,
            image_id=self.image_id,
            original=self.size,
        )

    def without_crowds(self) -> ImageRecord:
        """As PaddleDetection trains: regions of many objects teach nothing."""
        if not self.crowd.any():
            return self
        keep = ~self.crowd
        return ImageRecord(
            path=self.path,
            image_id=self.image_id,
            size=self.size,
            boxes=self.boxes[keep],
            class_ids=self.class_ids[keep],
            crowd=self.crowd[keep],
            outlines=[self.outlines[i] for i in np.flatnonzero(keep)],
        )

    def _masks(self) -> npt.NDArray[np.uint8]:
        masks = np.zeros((len(self), *self.size), np.uint8)
        for mask, outline in zip(masks, self.outlines, strict=True):
            if isinstance(outline, bytes):
                try:
                    mask[:] = coco_mask.decode({"size": list(self.size), "counts": outline})
                except (ValueError, TypeError) as error:
                    raise InvalidArgument(
                        f"{self.path}: an annotation's run lengths do not describe an image of "
                        f"{self.size[1]} x {self.size[0]} pixels: {error}"
                    ) from error
            else:
                draw_polygons(outline, mask)
        return masks
