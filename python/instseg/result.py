"""What a prediction gives for one image."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from instseg import result_json
from instseg.errors import InstsegError, InvalidArgument
from instseg.masks import Masks

if TYPE_CHECKING:
    from instseg._core import Mask
    from instseg.image_arrays import Pixels

MaskFormat = Literal["rle", "polygon", "dense"]


@dataclass(frozen=True, eq=False)
class Instance:
    """One entry of a Result.

    box  float32 [4]: x1, y1, x2, y2 in pixels of the original image
    """

    box: NDArray[np.float32]
    score: float
    class_id: int
    label: str
    mask: Mask


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """Instances of one image by falling score; entry i of every field belongs to instance i.

    boxes        float32 [n, 4]: x1, y1, x2, y2 in pixels of the original image, clipped to it
    scores       float32 [n], in 0..1, falling
    class_ids    int32 [n], index into the model's class names
    labels       the class name of each instance
    masks        see Masks
    image_size   (height, width) of the image, turned as its EXIF orientation says
    timings      milliseconds per stage: decode_ms, preprocess_ms, network_ms, postprocess_ms
    source       path or address of the image; None if it came from memory
    source_name  short name for files made from it: the source's stem, else e.g. image_00003
    model_name   the model that made the result
    page_index   page of a document or frame of a video, from 0; None for an image by itself
    time_s       seconds from the start of the video; None for anything else
    error        why there is no result (then n is 0 and image_size (0, 0)), None if there is one;
                 only a stream gives results with errors

    The image itself is not kept, only what was given: plot() reads a path again and draws on an
    array as it is by then. A result can be pickled; its copy does not know the image.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int32]
    labels: list[str]
    masks: Masks
    image_size: tuple[int, int]
    timings: dict[str, float] = field(default_factory=dict)
    source: str | None = None
    source_name: str = "image"
    model_name: str = ""
    page_index: int | None = None
    time_s: float | None = None
    error: InstsegError | None = None
    _pixels: Callable[[], Pixels] | None = None

    @classmethod
    def failed(cls, error: InstsegError, source: str | None, source_name: str) -> Result:
        """The result of an image that could not be read or segmented."""
        return cls(
            boxes=np.zeros((0, 4), np.float32),
            scores=np.zeros(0, np.float32),
            class_ids=np.zeros(0, np.int32),
            labels=[],
            masks=Masks([], (0, 0)),
            image_size=(0, 0),
            source=source,
            source_name=source_name,
            error=error,
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pixels": None}

    def __len__(self) -> int:
        return len(self.scores)

    def __bool__(self) -> bool:
        """True, with or without instances: a result is a result."""
        return True

    def __getitem__(self, index: int) -> Instance:
        return Instance(
            box=self.boxes[index],
            score=float(self.scores[index]),
            class_id=int(self.class_ids[index]),
            label=self.labels[index],
            mask=self.masks[index],
        )

    def __iter__(self) -> Iterator[Instance]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        where = self.source or self.source_name
        if self.error is not None:
            return f"Result({where!r}, error={self.error})"
        height, width = self.image_size
        return f"Result({where!r}, {width} x {height} pixels, {len(self)} instances)"

    def select(
        self,
        *,
        classes: Iterable[str | int] | str | int | None = None,
        min_area: float | None = None,
        max_area: float | None = None,
        min_score: float | None = None,
        region: Any = None,
        max_overlap: float | None = None,
    ) -> Result:
        """A result with only the instances that meet every condition given, in the same order.

        classes             of one of these, by name or id
        min_area, max_area  mask pixels, both included
        min_score           included
        region              the centroid (see `centroids`) lies in it: a box (x1, y1, x2, y2) or a
                            polygon [m, 2] of x, y in pixels, filled by the even-odd rule. Edges at
                            the left and top belong to it, those at the right and bottom do not, so
                            that of neighbouring regions exactly one holds an instance
        max_overlap         of those that meet the other conditions: no better one, of any class,
                            overlaps it with a higher IoU of the masks. Models suppress
                            duplicates within a class only; for classes that exclude each other

        Raises InvalidArgument.
        """
        from instseg.selection import select

        return select(
            self,
            classes=classes,
            min_area=min_area,
            max_area=max_area,
            min_score=min_score,
            region=region,
            max_overlap=max_overlap,
        )

    def centroids(self) -> NDArray[np.float32]:
        """float32 [n, 2]: x, y, the mean of each mask's pixel centres.

        The box's centre where a mask is empty.
        """
        from instseg.mask_places import centroids

        return centroids(self)

    def oriented_boxes(self) -> NDArray[np.float32]:
        """float32 [n, 4, 2]: corners x, y of the smallest rectangle around each mask, at any angle.

        Exact: around the convex hull of whole pixels. Clockwise as seen in the picture, from the
        topmost corner (of two, the left one); corners may lie outside of the image. Where a mask is
        empty, the corners of the box.
        """
        from instseg.mask_places import oriented_boxes

        return oriented_boxes(self)

    def to_dict(self, mask_format: MaskFormat = "rle") -> dict[str, Any]:
        """Plain Python data for JSON; see `to_json`."""
        return result_json.to_dict(self, mask_format)

    def to_json(
        self, path: str | os.PathLike[str] | None = None, mask_format: MaskFormat = "rle"
    ) -> str:
        """JSON text, also written to `path` (whole or not at all) if that is given.

        mask_format  "rle": COCO run lengths; "polygon": exact outlines with holes; "dense": the
                     shape of PaddleX's JSON, masks as lists of 0 and 1 inside the rounded box
        """
        text = result_json.to_json(self, mask_format)
        if path is not None:
            from instseg.atomic_file import atomic_file

            with atomic_file(Path(path)) as file:
                file.write(text.encode())
        return text

    def to_coco(
        self, image_id: int | str = 0, category_ids: Mapping[int, int] | Sequence[int] | None = None
    ) -> list[dict[str, Any]]:
        """Entries of a COCO results file: image_id, category_id, bbox x, y, w, h, score, RLE.

        category_ids  class id -> COCO category id; default: the class id itself
        """
        return result_json.to_coco(self, image_id, category_ids)

    def to_labelme(self, path: str | os.PathLike[str] | None = None) -> dict[str, Any]:
        """A LabelMe annotation, also written to `path` (whole or not at all) if that is given.

        Each part of a mask is one polygon along its pixels' edges; the parts of an instance that
        has several share a group_id, its index. LabelMe has no holes: each hole is joined to the
        outside by a cut of no width, which leaves the area as it is. An instance with an empty mask
        has no shape. imagePath is relative to the file's folder, imageData is null. Each shape
        also has its `score`, which LabelMe keeps.

        Raises InvalidArgument for a failed result, OSError.
        """
        from instseg.labelme import to_labelme

        folder = None if path is None else Path(path).absolute().parent
        annotation = to_labelme(self, folder)
        if path is not None:
            from instseg.atomic_file import atomic_file

            text = json.dumps(annotation, ensure_ascii=False, indent=2)
            with atomic_file(Path(path)) as file:
                file.write(text.encode("utf-8", "backslashreplace"))
        return annotation

    def to_supervision(self) -> Any:
        """A `supervision.Detections`: xyxy, mask (bool [n, H, W]), confidence, class_id, and the
        labels as data["class_name"].

        Raises MissingPackage without the extra: pip install 'instseg[supervision]'.
        """
        from instseg.supervision_detections import to_supervision

        return to_supervision(self)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with one row per instance.

        Columns: source (string), page_index (Int64), class_id (int32), label (string), score, x1,
        y1, x2, y2 (float32), area (int64, mask pixels), centroid_x, centroid_y (float32). source
        and page_index are <NA> where there is none.

        Raises MissingPackage without the extra: pip install 'instseg[pandas]'.
        """
        from instseg.pandas_table import to_pandas

        return to_pandas(self)

    def image(self) -> NDArray[np.uint8]:
        """The image that was segmented: uint8 [H, W, 3], RGB, a new array.

        Read again: see the class. Raises ImageError if that fails, InvalidArgument for a result
        that failed or does not know its image.
        """
        return self._canvas(None)

    def plot(
        self,
        image: Any = None,
        *,
        boxes: bool = True,
        masks: bool = True,
        labels: bool = True,
        font: str | os.PathLike[str] | None = None,
    ) -> NDArray[np.uint8]:
        """The image with its instances drawn in: uint8 [H, W, 3], RGB.

        image  what to draw on, of the result's size, as for `Predictor.predict`; default: the image
               that was segmented, read again
        font   a TrueType file for labels in scripts that the built-in font lacks
        """
        from instseg.drawing import draw_instances
        from instseg.pil_array import pil_array

        canvas = self._canvas(image)
        picture = draw_instances(canvas, self, boxes=boxes, masks=masks, labels=labels, font=font)
        return np.array(pil_array(picture))  # a copy that can be written to

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        mask_format: MaskFormat = "rle",
        **plot_options: Any,
    ) -> None:
        """Writes `path`, whole or not at all: JSON if it ends in .json, else the plotted picture.

        The picture's format follows the suffix (.jpg, .png, .webp, .bmp, .tif). plot_options as for
        `plot`. Raises InvalidArgument for another suffix, OSError if the file cannot be written.
        """
        target = Path(path)
        if target.suffix.lower() == ".json":
            self.to_json(target, mask_format)
            return
        from instseg.picture_file import check_picture_suffix, write_picture

        check_picture_suffix(target)
        write_picture(target, self.plot(**plot_options))

    def _canvas(self, image: Any) -> NDArray[np.uint8]:
        if self.error is not None:
            raise InvalidArgument(f"There is no picture of a failed result: {self.error}")
        if image is not None:
            from instseg.image_input import load_pixels

            pixels = load_pixels(image)
        elif self._pixels is not None:
            pixels = self._pixels()
        else:
            raise InvalidArgument("This result does not know its image; give plot(image=...).")
        if pixels.size != tuple(self.image_size):
            raise InvalidArgument(
                f"The image to draw on has (height, width) {pixels.size}, the result is of one "
                f"with {tuple(self.image_size)}."
            )
        return pixels.rgb()
