"""A result with PaddleX's keys, attributes, methods and file names."""

from __future__ import annotations

import json
import logging
import mimetypes
import os
import random
import sys
import time
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from instseg.atomic_file import atomic_file
from instseg.errors import InstsegError
from instseg.http_client import is_web_address
from instseg.paddlex.mask_json import JsonIndent, json_with_masks
from instseg.pages.expansion import TIFF_SUFFIXES
from instseg.picture_file import PICTURE_SUFFIXES, write_picture

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage

    from instseg._core import Mask
    from instseg.result import Result

# `str` names a property below.
Text: TypeAlias = str
FilePath: TypeAlias = str | os.PathLike[str]

_KEYS = ("input_path", "page_index", "input_img", "boxes", "masks")

_log = logging.getLogger("instseg")


class SegmentationResult(Mapping[Text, Any]):
    """Read like PaddleX's result; values are made when they are first asked for.

    input_path  path or address as given, None for an image from memory
    page_index  from 0; None unless the file is a TIFF, PDF or video
    input_img   uint8 [H, W, 3], BGR; None if it could not be read
    boxes       a list by falling score of {"cls_id", "label", "score", "coordinate": [x1, y1, x2,
                y2]}, in pixels of the image; of SOLOv2 {"label", "score", "class_id"}
    masks       for each box uint8 [h, w] of 0 and 1, rows round(y1) to round(y2) and columns
                round(x1) to round(x2) of the image, halves rounded to even; of SOLOv2 [H, W]
    """

    def __init__(self, result: Result, *, whole_masks: bool) -> None:
        """whole_masks: as PaddleX gives SOLOv2's results."""
        self._result = result
        self._whole_masks = whole_masks

    def __getitem__(self, key: Text) -> Any:
        if key not in _KEYS:
            raise KeyError(key)
        return getattr(self, f"_{key}")

    def __iter__(self) -> Iterator[Text]:
        return iter(_KEYS)

    def __len__(self) -> int:
        return len(_KEYS)

    def __repr__(self) -> Text:
        where = self._result.source or self._result.source_name
        return f"SegmentationResult({where!r}, {len(self._result)} instances)"

    @property
    def result(self) -> Result:
        """The instseg.Result underneath, which can do more."""
        return self._result

    @property
    def error(self) -> InstsegError | None:
        """Why there is no result; None if there is one. (Not in PaddleX, which raises.)"""
        return self._result.error

    @property
    def json(self) -> dict[Text, Any]:
        """{"res": plain data}: no input_img, masks as nested lists; "error" if there is one."""
        masks = [mask.tolist() for mask in self._masks]
        return {"res": {**self._plain(), "masks": masks, **self._error_entry()}}

    @property
    def str(self) -> dict[Text, Any]:
        """{"res": plain data}, with "..." for the masks."""
        return {"res": {**self._plain(), "masks": "...", **self._error_entry()}}

    @property
    def img(self) -> dict[Text, PilImage]:
        """{"res": the picture with what was found drawn in}. Raises for a failed result."""
        from PIL import Image

        return {"res": Image.fromarray(self._result.plot())}

    def print(self, json_format: bool = False, indent: int = 4, ensure_ascii: bool = False) -> None:
        """Writes `str` to stderr, as a dict or as JSON."""
        text = (
            json.dumps(self.str, indent=indent, ensure_ascii=ensure_ascii)
            if json_format
            else repr(self.str)
        )
        print(text, file=sys.stderr)

    def save_to_json(
        self,
        save_path: FilePath,
        indent: JsonIndent = 4,
        ensure_ascii: bool = False,
    ) -> None:
        """Writes the content of `json`'s "res".

        save_path  a file that ends in .json; else a folder, made if need be, for <stem>_res.json or
                   <stem>_<page>_res.json
        """
        text = json_with_masks(
            {**self._plain(), "masks": None, **self._error_entry()},
            "masks",
            self._masks,
            indent=indent,
            ensure_ascii=ensure_ascii,
        )
        path = Path(save_path)
        if mimetypes.guess_type(path.name)[0] != "application/json":
            path = path / f"{self._stem}_res.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as file:
            file.write(text.encode("utf-8", "backslashreplace"))

    def save_to_img(self, save_path: FilePath) -> None:
        """Writes the picture with what was found drawn in.

        save_path  a picture file; else a folder, made if need be, for <stem>_res<suffix> or
                   <stem>_<page>_res<suffix>; .png where pictures of the source's kind are not
                   written

        For a failed result it writes nothing and logs why.
        """
        if self.error is not None:
            _log.error("No picture for %s: %s", self._input_path or self._stem, self.error)
            return
        path = Path(save_path)
        if not (mimetypes.guess_type(path.name)[0] or "").startswith("image/"):
            suffix = Path(self._file_name).suffix
            suffix = suffix if suffix.lower() in PICTURE_SUFFIXES else ".png"
            path = path / f"{self._stem}_res{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_picture(path, self._result.plot())

    def save_all(self, save_path: FilePath) -> None:
        """JSON and picture into a folder."""
        self.save_to_json(save_path)
        self.save_to_img(save_path)

    @property
    def _input_path(self) -> Text | None:
        return self._result.source

    @property
    def _page_index(self) -> int | None:
        page = self._result.page_index
        is_tiff = (self._result.source or "").lower().endswith(TIFF_SUFFIXES)
        return 0 if page is None and is_tiff and self.error is None else page

    @cached_property
    def _input_img(self) -> NDArray[np.uint8] | None:
        if self.error is not None:
            return None
        return np.ascontiguousarray(self._result.image()[..., ::-1])

    @cached_property
    def _boxes(self) -> list[dict[Text, Any]]:
        result = self._result
        classes = zip(
            result.class_ids.tolist(),
            result.labels,
            result.scores.tolist(),
            result.boxes.tolist(),
            strict=True,
        )
        if self._whole_masks:
            return [
                {"label": label, "score": score, "class_id": class_id}
                for class_id, label, score, _ in classes
            ]
        return [
            {"cls_id": class_id, "label": label, "score": score, "coordinate": box}
            for class_id, label, score, box in classes
        ]

    @cached_property
    def _masks(self) -> list[NDArray[np.uint8]]:
        if self._whole_masks:
            return [mask.bitmap().view(np.uint8) for mask in self._result.masks]
        return [
            _cut_out(mask, [round(edge) for edge in box])
            for box, mask in zip(self._result.boxes.tolist(), self._result.masks, strict=True)
        ]

    @cached_property
    def _file_name(self) -> Text:
        """Of the source; for an image from memory a name that is hardly ever given twice."""
        source = self._result.source
        if source is None:
            return f"{int(time.time())}_{random.randint(1000, 9999)}"
        return Path(unquote(urlsplit(source).path) if is_web_address(source) else source).name

    @property
    def _stem(self) -> Text:
        page = self._page_index
        stem = Path(self._file_name).stem
        return stem if page is None else f"{stem}_{page}"

    def _plain(self) -> dict[Text, Any]:
        return {
            "input_path": self._input_path,
            "page_index": self._page_index,
            "boxes": self._boxes,
        }

    def _error_entry(self) -> dict[Text, Any]:
        return {} if self.error is None else {"error": f"{self.error}"}


def _cut_out(mask: Mask, rectangle: list[int]) -> NDArray[np.uint8]:
    """uint8 [h, w]: the mask inside x1, y1, x2, y2."""
    x1, y1, x2, y2 = rectangle
    out = np.zeros((max(0, y2 - y1), max(0, x2 - x1)), np.uint8)
    x, y, width, height = mask.region
    left, top = max(x1, x), max(y1, y)
    right, bottom = min(x2, x + width), min(y2, y + height)
    if left < right and top < bottom:
        crop = mask.crop()[top - y : bottom - y, left - x : right - x]
        out[top - y1 : bottom - y1, left - x1 : right - x1] = crop
    return out
