"""Where the labels of boxes go: inside the image, beside their box, off each other."""

from collections.abc import Sequence

# x, y of the upper left corner, width, height in whole pixels.
Place = tuple[int, int, int, int]


def place_labels(
    boxes: Sequence[tuple[float, float, float, float]],
    sizes: Sequence[tuple[int, int]],
    image_size: tuple[int, int],
) -> list[Place]:
    """A place for each label; earlier ones choose first.

    boxes       x1, y1, x2, y2 of each label's box
    sizes       (width, height) of each label
    image_size  (height, width); a label larger than the image starts at its upper left corner
    """
    placed: list[Place] = []
    for box, size in zip(boxes, sizes, strict=True):
        placed.append(_freest(_candidates(box, size, image_size), placed))
    return placed


def _freest(candidates: Sequence[Place], placed: Sequence[Place]) -> Place:
    """The first candidate that covers no placed label, else the one that covers least."""
    least, best = -1, candidates[0]
    for candidate in candidates:
        covered = sum(_overlap(candidate, other) for other in placed)
        if covered == 0:
            return candidate
        if least < 0 or covered < least:
            least, best = covered, candidate
    return best


def _candidates(
    box: tuple[float, float, float, float], size: tuple[int, int], image_size: tuple[int, int]
) -> list[Place]:
    """Above the box, inside its top, below it; left, then right. All inside the image."""
    x1, y1, x2, y2 = (round(edge) for edge in box)
    width, height = size
    image_height, image_width = image_size

    def inside(x: int, y: int) -> Place:
        return (
            max(0, min(x, image_width - width)),
            max(0, min(y, image_height - height)),
            width,
            height,
        )

    return [
        inside(x, y)
        for y in (y1 - height, y1, y2, y2 - height, (y1 + y2 - height) // 2)
        for x in (x1, x2 - width)
    ]


def _overlap(a: Place, b: Place) -> int:
    """Common pixels of two places."""
    if a[0] >= b[0] + b[2] or b[0] >= a[0] + a[2] or a[1] >= b[1] + b[3] or b[1] >= a[1] + a[3]:
        return 0
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return width * height
