"""A loaded model as PaddleX offers it: `predict` gives a generator of results."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import Any

from instseg.encoded_image import IMAGE_SUFFIXES
from instseg.paddlex.segmentation_result import SegmentationResult
from instseg.pages.expansion import PDF_SUFFIXES
from instseg.predict_options import check_count, check_threshold
from instseg.predictor import Predictor
from instseg.sources import list_items

# The family whose masks cover the whole image and whose results have no boxes.
_WHOLE_MASK_FAMILY = "solov2"


class SegmentationModel:
    """What `create_model` gives. May be shared by threads."""

    def __init__(
        self, predictor: Predictor, *, batch_size: int = 1, threshold: float | None = None
    ) -> None:
        """batch_size, threshold: for `predict` calls that do not say; checked values."""
        self._predictor = predictor
        self._batch_size = batch_size
        self._threshold = threshold
        info = predictor.info()
        self._model_name = str(info["model_name"])
        self._whole_masks = info["family"] == _WHOLE_MASK_FAMILY

    def __repr__(self) -> str:
        return f"SegmentationModel({self._model_name!r})"

    @property
    def model_name(self) -> str:
        """The name in the model's folder."""
        return self._model_name

    @property
    def predictor(self) -> Predictor:
        """The instseg.Predictor underneath, which can do more."""
        return self._predictor

    def predict(
        self, input: Any, batch_size: int | None = None, threshold: float | None = None
    ) -> Generator[SegmentationResult, None, None]:
        """A result for each image or page, in order.

        input       array (BGR), path, address, folder (searched for images and PDF files), PDF,
                    TIFF of several pages, a list of these, and what `Predictor.stream` takes
                    besides; also {"img": array}, as PaddleX took it until 2024
        batch_size  images per run, for this call only; default: create_model's
        threshold   default: create_model's, else the model's own

        What cannot be read gives a result whose `error` says why; the others go on. Raises
        InvalidArgument at once for wrong options.
        """
        batch = self._batch_size if batch_size is None else check_count("batch_size", batch_size)
        limit = self._threshold if threshold is None else check_threshold(threshold)
        items = list_items(_unpacked(input), suffixes=(*IMAGE_SUFFIXES, *PDF_SUFFIXES))
        results = self._predictor.stream(items, batch_size=batch, threshold=limit)
        return self._wrapped(results)

    __call__ = predict

    def _wrapped(
        self, results: Generator[Any, None, None]
    ) -> Generator[SegmentationResult, None, None]:
        try:
            for result in results:
                yield SegmentationResult(result, whole_masks=self._whole_masks)
        finally:
            results.close()


def _unpacked(source: Any) -> Any:
    """{"img": image} -> image, also in lists."""
    if isinstance(source, dict) and set(source) == {"img"}:
        return source["img"]
    if isinstance(source, list | tuple | Iterator):
        return _unpacked_entries(source)
    return source


def _unpacked_entries(entries: Iterable[Any]) -> Iterator[Any]:
    for entry in entries:
        yield _unpacked(entry)
