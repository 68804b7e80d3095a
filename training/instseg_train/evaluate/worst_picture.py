"""One image, annotated and found side by side, with what went wrong in colours of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from pycocotools import mask as coco_mask

from instseg import Mask, Result
from instseg.class_colors import class_color, text_color
from instseg.drawing import draw_instances
from instseg.label_layout import place_labels
from instseg.masks import Masks
from instseg_train.evaluate.annotations import Truth
from instseg_train.evaluate.detections import Detections
from instseg_train.evaluate.image_scores import ImageScore

# Class ids whose colours stand for what became of an instance: blue, orange, magenta, lime.
RIGHT, MISSED, FALSE, CROWD = 0, 17, 2, 1
# The longer side of a panel: small images are enlarged, large ones reduced.
LEAST_SIDE, MOST_SIDE = 480, 960
FONT, GAP, LINE = 16, 10, 26
# With more than this on a panel, only faults have labels.
MOST_LABELS = 24
_INK = (40, 40, 48)

_Caption = list[tuple[str, int | None]]
"""Words, each with the status whose colour stands before it."""


@dataclass(frozen=True)
class _Marked:
    """One instance: run lengths as COCO's, what became of it, and its label."""

    mask: dict[str, Any]
    status: int
    label: str


def draw_worst_picture(
    rgb: npt.NDArray[np.uint8],
    score: ImageScore,
    truth: Truth,
    detections: Detections,
    class_labels: Mapping[int, str],
    *,
    threshold: float,
    font: str | os.PathLike[str] | None = None,
) -> Image.Image:
    """Left what is annotated: found, missed, crowds; right what was found: right and false.

    rgb           uint8 [H, W, 3], the image of `score`
    class_labels  category id -> name
    threshold     of scores, as given to `score_images`
    font          a TrueType file; default: the font inside Pillow, which has Latin letters

    The label of a false find tells its largest IoU with an object of its class: near 1, a second
    find of the same object; below 0.5, a poor mask; 0, nothing there.
    """
    letters = (
        ImageFont.load_default(FONT) if font is None else ImageFont.truetype(os.fspath(font), FONT)
    )
    height, width = rgb.shape[:2]
    longest = max(height, width)
    side = min(max(longest, LEAST_SIDE), MOST_SIDE)
    size = (max(1, round(width * side / longest)), max(1, round(height * side / longest)))
    # Grey: colours of the image would be taken for ours.
    grey = Image.fromarray(rgb).convert("L").resize(size, Image.Resampling.BICUBIC)
    scaled = grey.convert("RGB")
    left = _panel(scaled, _annotated(score, truth, class_labels), letters)
    right = _panel(scaled, _found(score, truth, detections, class_labels), letters)
    annotated: _Caption = [("annotated:", None), ("found", RIGHT), ("missed", MISSED)]
    if score.ignored:
        annotated.append(("crowd, does not count", CROWD))
    predicted: _Caption = [("predicted:", None), ("right", RIGHT), ("false", FALSE)]
    title = (
        f"{truth.images[score.image_id].file_name}: {len(score.right)} right, "
        f"{len(score.missed)} missed, {len(score.false)} false; F1 {score.f1:.2f} "
        f"(IoU 0.5, score {threshold:g})"
    )
    return _composed(title, [(left, annotated), (right, predicted)], letters)


def _composed(title: str, panels: Sequence[tuple[Image.Image, _Caption]], font: Any) -> Image.Image:
    """Title, captions with swatches of their colours, panels side by side, on white."""
    draw = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    column = max(
        *(panel.width for panel, _ in panels),
        *(_draw_caption(draw, (0, 0), caption, font) for _, caption in panels),
    )
    width = max(len(panels) * (column + GAP) + GAP, round(draw.textlength(title, font)) + 2 * GAP)
    height = panels[0][0].height + 2 * LINE + 2 * GAP
    canvas = Image.new("RGB", (width, height), (255, 255, 255))
    draw = ImageDraw.Draw(canvas)
    draw.text((GAP, GAP + FONT), title, _INK, font, anchor="ls")
    for number, (panel, caption) in enumerate(panels):
        x = GAP + number * (column + GAP)
        _draw_caption(draw, (x, GAP + LINE + FONT), caption, font)
        canvas.paste(panel, (x, GAP + 2 * LINE))
    return canvas


def _annotated(score: ImageScore, truth: Truth, class_labels: Mapping[int, str]) -> list[_Marked]:
    """Faults first: they are drawn on top."""
    places = ((score.missed, MISSED), (score.hit, RIGHT), (score.ignored, CROWD))
    return [
        _Marked(entry["segmentation"], status, class_labels[entry["category_id"]])
        for group, status in places
        for entry in (truth.objects[place] for place in group)
    ]


def _found(
    score: ImageScore, truth: Truth, detections: Detections, class_labels: Mapping[int, str]
) -> list[_Marked]:
    marked = []
    for place in (*score.false, *score.right):
        category_id = detections.category_id(place)
        label = f"{class_labels[category_id]} {detections.score(place):.2f}"
        mask = detections.run_lengths(place)
        false = place in score.false
        if false:
            objects = [truth.objects[i] for i in (*score.hit, *score.missed)]
            own = [o["segmentation"] for o in objects if o["category_id"] == category_id]
            overlap = float(coco_mask.iou([mask], own, [0] * len(own)).max()) if own else 0.0
            label += f", IoU {overlap:.2f}"
        marked.append(_Marked(mask, FALSE if false else RIGHT, label))
    return marked


def _panel(scaled: Image.Image, marked: Sequence[_Marked], font: Any) -> Image.Image:
    width, height = scaled.size
    masks, boxes = [], []
    for one in marked:
        plane = Image.fromarray(coco_mask.decode(one.mask) * np.uint8(255))
        bitmap = np.asarray(plane.resize((width, height), Image.Resampling.BILINEAR)) > 127
        mask = Mask.from_crop(height, width, 0, 0, bitmap)
        x, y, w, h = mask.extent()
        masks.append(mask)
        boxes.append((x, y, x + w, y + h))
    result = Result(
        boxes=np.array(boxes, np.float32).reshape(-1, 4),
        scores=np.ones(len(marked), np.float32),
        class_ids=np.array([one.status for one in marked], np.int32),
        labels=[one.label for one in marked],
        masks=Masks(masks, (height, width)),
        image_size=(height, width),
    )
    picture = draw_instances(np.asarray(scaled), result, boxes=False, labels=False)
    faults = [i for i, one in enumerate(marked) if one.status in (MISSED, FALSE)]
    labelled = faults if len(marked) > MOST_LABELS else list(range(len(marked)))
    _draw_labels(picture, [(boxes[i], marked[i]) for i in labelled], font)
    return picture


def _draw_labels(
    picture: Image.Image,
    labelled: Sequence[tuple[tuple[int, int, int, int], _Marked]],
    font: Any,
) -> None:
    draw = ImageDraw.Draw(picture)
    sizes = [(round(draw.textlength(one.label, font)) + 8, FONT + 5) for _, one in labelled]
    places = place_labels([box for box, _ in labelled], sizes, picture.size[::-1])
    for (x, y, w, h), (_, one) in reversed(list(zip(places, labelled, strict=True))):
        color = class_color(one.status)
        draw.rounded_rectangle((x, y, x + w - 1, y + h - 1), radius=3, fill=color)
        draw.text((x + 4, y + FONT), one.label, text_color(color), font, anchor="ls")


def _draw_caption(
    draw: ImageDraw.ImageDraw, start: tuple[int, int], caption: _Caption, font: Any
) -> int:
    """`start`: of the base line. Returns the width in pixels."""
    x, y = start
    for word, status in caption:
        if status is not None:
            draw.rectangle((x, y - FONT + 4, x + 10, y), fill=class_color(status))
            x += 16
        draw.text((x, y), word, _INK, font, anchor="ls")
        x += round(draw.textlength(word, font)) + 14
    return x - start[0]
