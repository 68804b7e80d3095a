"""Drawn discs, and a stand-in for the core that segments them exactly.

Each disc is painted in a grey value of its own: whatever part of the picture the stand-in is shown,
it knows which disc a pixel belongs to, and answers with the discs' visible parts.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instseg import Mask


@dataclass(frozen=True)
class Answer:
    """As `_core.Result`."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int32]
    masks: list[Mask]
    image_size: tuple[int, int]
    timings: dict[str, float]


@dataclass
class DiscScene:
    """Discs (x, y, radius, class id), in an image of the given size; later ones lie on top."""

    height: int
    width: int
    discs: list[tuple[float, float, float, int]]
    tiles_seen: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        assert len(self.discs) < 256
        self.image = np.zeros((self.height, self.width), np.uint8)
        y, x = np.mgrid[: self.height, : self.width] + 0.5
        for number, (cx, cy, radius, _) in enumerate(self.discs, 1):
            self.image[np.hypot(x - cx, y - cy) < radius] = number

    def bitmap(self, number: int) -> NDArray[np.bool_]:
        """bool [H, W] of a disc, counted from 0."""
        return self.image == number + 1

    def score(self, number: int, visible: int) -> float:
        """Rises with what can be seen of the disc, and differs from disc to disc."""
        share = visible / max(1, int(self.bitmap(number).sum()))
        return np.float32(0.2 + 0.7 * share + number * 1e-4).item()

    def predict(self, image: NDArray[np.uint8], *, color: str, **options: Any) -> Answer:
        """What is visible in a part of the picture, by falling score."""
        assert color == "gray"
        assert image.base is not None or image is self.image  # a view, no copy
        self.tiles_seen.append(image.shape)
        height, width = image.shape
        found = []
        for number in sorted(set(np.unique(image).tolist()) - {0}):
            seen = image == number
            y, x = np.nonzero(seen)
            x1, y1, x2, y2 = x.min(), y.min(), x.max() + 1, y.max() + 1
            crop = np.ascontiguousarray(seen[y1:y2, x1:x2])
            mask = Mask.from_crop(height, width, int(x1), int(y1), crop)
            score = self.score(number - 1, len(x))
            found.append((score, (x1, y1, x2, y2), self.discs[number - 1][3], mask))
        found.sort(key=lambda entry: -entry[0])
        found = found[: options.get("max_detections")]
        return Answer(
            boxes=np.array([entry[1] for entry in found], np.float32).reshape(-1, 4),
            scores=np.array([entry[0] for entry in found], np.float32),
            class_ids=np.array([entry[2] for entry in found], np.int32),
            masks=[entry[3] for entry in found],
            image_size=(height, width),
            timings={"network_ms": 1.0},
        )
