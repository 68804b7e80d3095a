"""Runs a network on the tiles of one image and puts the answers together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from instseg._core import Mask
from instseg.decode_ahead import run_ahead
from instseg.image_arrays import Pixels
from instseg.tiling.grid import Tile, Tiling, tiles_of
from instseg.tiling.merge import View, merge_views


class CoreResult(Protocol):
    """What `_core.Result` and `TiledResult` have in common."""

    @property
    def boxes(self) -> NDArray[np.float32]: ...
    @property
    def scores(self) -> NDArray[np.float32]: ...
    @property
    def class_ids(self) -> NDArray[np.int32]: ...
    @property
    def masks(self) -> list[Mask]: ...
    @property
    def image_size(self) -> tuple[int, int]: ...
    @property
    def timings(self) -> dict[str, float]: ...


@dataclass(frozen=True, eq=False)
class TiledResult:
    """As `_core.Result`; each timing is the sum over the tiles."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int32]
    masks: list[Mask]
    image_size: tuple[int, int]
    timings: dict[str, float]


def predict_tiled(
    predict: Callable[..., CoreResult],
    pixels: Pixels,
    tiling: Tiling,
    options: dict[str, Any],
    *,
    num_streams: int = 1,
) -> CoreResult:
    """Segments an image tile by tile; instances that edges cut are whole again in the result.

    predict      `_core.Predictor.predict`
    options      its options; max_detections counts whole objects
    num_streams  tiles segmented side by side

    A tile is a view of the image: nothing is copied, and beside the image itself memory holds the
    masks of what was found (a bit per pixel of each mask's region).
    """
    height, width = pixels.size
    tiles = tiles_of(height, width, tiling)
    if len(tiles) == 1:
        return predict(pixels.array, color=pixels.color, **options)
    each_options = {**options, "max_detections": None}

    def segment(tile: Tile) -> CoreResult:
        x, y, tile_width, tile_height = tile
        part = pixels.array[y : y + tile_height, x : x + tile_width]
        return predict(part, color=pixels.color, **each_options)

    views: list[View] = []
    timings: dict[str, float] = {}
    for i, found in enumerate(_side_by_side(segment, tiles, num_streams)):
        views += _views(i, tiles[i], found, (height, width))
        for stage, ms in found.timings.items():
            timings[stage] = timings.get(stage, 0.0) + ms
    start = time.perf_counter()
    merged = merge_views(views, tiles, (height, width))[: options.get("max_detections")]
    merge_ms = (time.perf_counter() - start) * 1e3
    timings["postprocess_ms"] = timings.get("postprocess_ms", 0.0) + merge_ms
    return TiledResult(
        boxes=np.array([instance.box for instance in merged], np.float32).reshape(-1, 4),
        scores=np.array([instance.score for instance in merged], np.float32),
        class_ids=np.array([instance.class_id for instance in merged], np.int32),
        masks=[instance.mask for instance in merged],
        image_size=(height, width),
        timings=timings,
    )


def _side_by_side(segment: Any, tiles: list[Tile], num_streams: int) -> Iterable[CoreResult]:
    if num_streams == 1:
        return map(segment, tiles)
    return run_ahead(
        tiles,
        lambda tile, _: segment(tile),
        weight=lambda _: 0,
        num_threads=num_streams,
        max_items=2 * num_streams,
        max_weight=1,
    )


def _views(position: int, tile: Tile, found: CoreResult, image_size: tuple[int, int]) -> list[View]:
    """What a tile shows, in pixels of the image."""
    height, width = image_size
    offset = np.array([tile.x, tile.y, tile.x, tile.y], np.float32)
    return [
        View(position, box, score, class_id, mask.moved(height, width, tile.x, tile.y))
        for box, score, class_id, mask in zip(
            found.boxes + offset,
            found.scores.tolist(),
            found.class_ids.tolist(),
            found.masks,
            strict=True,
        )
    ]
