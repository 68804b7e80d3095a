"""Draws instances into a picture: translucent masks with thin outlines, boxes, labels."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from instseg.class_colors import class_color, text_color
from instseg.errors import InvalidArgument
from instseg.label_layout import place_labels

if TYPE_CHECKING:
    from instseg.result import Result

# Share of the colour in 0..255: inside a mask and on its outline.
_FILL_OPACITY = 102
_OUTLINE_OPACITY = 230

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class _Sizes:
    """Widths in pixels that look alike in images of all sizes."""

    box_line: int
    outline: int
    font: int

    @classmethod
    def of(cls, height: int, width: int) -> _Sizes:
        side = (height * width) ** 0.5
        return cls(
            box_line=max(1, round(side / 600)),
            outline=max(1, round(side / 900)),
            font=max(12, round(side / 68)),  # below 12 the spaces between words close up
        )


def draw_instances(
    rgb: NDArray[np.uint8],
    result: Result,
    *,
    boxes: bool = True,
    masks: bool = True,
    labels: bool = True,
    font: str | os.PathLike[str] | None = None,
) -> Image.Image:
    """A picture of `rgb` (uint8 [H, W, 3], not changed) with the result's instances on top.

    Low scores are drawn first, labels last. font is a TrueType file; default: the font inside
    Pillow, which has Latin letters. Raises InvalidArgument if the font cannot be read.
    """
    height, width = result.image_size
    sizes = _Sizes.of(height, width)
    picture = Image.fromarray(rgb)
    by_rising_score = range(len(result) - 1, -1, -1)
    if masks:
        crops = result.masks.crops()
        for i in by_rising_score:
            x, y, bitmap = crops[i]
            color = class_color(int(result.class_ids[i]))
            _draw_mask(picture, x, y, bitmap, color, sizes.outline)
    draw = ImageDraw.Draw(picture)
    if boxes:
        for i in by_rising_score:
            x1, y1, x2, y2 = (round(edge) for edge in result.boxes[i].tolist())
            draw.rectangle(
                (x1, y1, max(x1, x2 - 1), max(y1, y2 - 1)),
                outline=class_color(int(result.class_ids[i])),
                width=sizes.box_line,
            )
    if labels and len(result):
        _draw_labels(draw, result, sizes, os.fspath(font) if font is not None else None)
    return picture


def _draw_mask(
    picture: Image.Image,
    x: int,
    y: int,
    bitmap: NDArray[np.bool_],
    color: tuple[int, int, int],
    outline: int,
) -> None:
    if not bitmap.size:
        return
    opacity = bitmap.view(np.uint8) * np.uint8(_OUTLINE_OPACITY)
    opacity -= _inner(bitmap, outline).view(np.uint8) * np.uint8(_OUTLINE_OPACITY - _FILL_OPACITY)
    picture.paste(color, (x, y), Image.fromarray(opacity))


def _inner(bitmap: NDArray[np.bool_], distance: int) -> NDArray[np.bool_]:
    """Foreground whose neighbours `distance` pixels up, down, left and right are foreground too.

    What lies outside of the crop counts as background.
    """
    d = distance
    inner = np.zeros_like(bitmap)
    if min(bitmap.shape) > 2 * d:
        core = inner[d:-d, d:-d]
        np.logical_and(bitmap[: -2 * d, d:-d], bitmap[2 * d :, d:-d], out=core)
        core &= bitmap[d:-d, : -2 * d]
        core &= bitmap[d:-d, 2 * d :]
        core &= bitmap[d:-d, d:-d]
    return inner


def _draw_labels(
    draw: ImageDraw.ImageDraw, result: Result, sizes: _Sizes, font_file: str | None
) -> None:
    height, width = result.image_size
    font = _load_font(font_file, sizes.font)
    texts = [
        f"{label} {score:.2f}"
        for label, score in zip(result.labels, result.scores.tolist(), strict=True)
    ]
    pad_x, pad_y = max(2, sizes.font // 4), max(1, sizes.font // 8)
    ascent, line = _line_height(font)
    extents = [(round(draw.textlength(text, font)) + 2 * pad_x, line + 2 * pad_y) for text in texts]
    boxes = [(x1, y1, x2, y2) for x1, y1, x2, y2 in result.boxes.tolist()]
    places = place_labels(boxes, extents, (height, width))
    # The best score last, on top.
    for i in range(len(texts) - 1, -1, -1):
        color = class_color(int(result.class_ids[i]))
        x, y, label_width, label_height = places[i]
        if 2 * label_width * label_height > height * width:
            continue  # a thumbnail: the label would hide what it names
        draw.rounded_rectangle(
            (x, y, x + label_width - 1, y + label_height - 1),
            radius=max(1, sizes.font // 5),
            fill=color,
        )
        draw.text((x + pad_x, y + pad_y + ascent), texts[i], text_color(color), font, anchor="ls")


def _line_height(font: _Font) -> tuple[int, int]:
    """(pixels above the base line, pixels above and below) that letters take up."""
    _, top, _, bottom = font.getbbox("Ág|", anchor="ls")
    return round(-top), round(bottom - top)


@lru_cache(maxsize=32)
def _load_font(font_file: str | None, size: int) -> _Font:
    if font_file is None:
        return ImageFont.load_default(size)
    try:
        return ImageFont.truetype(font_file, size)
    except OSError as error:
        raise InvalidArgument(f"The font {font_file} cannot be read: {error}.") from error
