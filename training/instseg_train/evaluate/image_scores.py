"""How well each image went: what was found, missed and made up at one threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from instseg_train.evaluate.annotations import Truth
from instseg_train.evaluate.coco_metrics import Matches
from instseg_train.evaluate.detections import Detections

# A detection counts here from this score on.
SCORE_THRESHOLD = 0.5


@dataclass(frozen=True)
class ImageScore:
    """At IoU 0.50 of masks and a score threshold; crowds and what lies in them do not count.

    right, false    places of detections (in `Detections`): true finds, and the others
    hit, missed     places of objects (in `Truth.objects`): found and not
    ignored         places of crowds
    """

    image_id: int
    right: tuple[int, ...]
    false: tuple[int, ...]
    hit: tuple[int, ...]
    missed: tuple[int, ...]
    ignored: tuple[int, ...]

    @property
    def f1(self) -> float:
        """2 right / (2 right + false + missed); 1 where there is nothing to find and no find."""
        faults = len(self.false) + len(self.missed)
        return 1.0 if not faults else 2 * len(self.right) / (2 * len(self.right) + faults)


def score_images(
    truth: Truth,
    detections: Detections,
    matches: Matches,
    image_ids: Sequence[int],
    threshold: float = SCORE_THRESHOLD,
) -> list[ImageScore]:
    """One entry per image, worst first: by F1, then by the number of faults, then by id.

    matches: of masks, by all detections. Detections below the threshold never take an object from
    one above it, as COCO matches by falling score.
    """
    scores = detections.scores
    shown = (scores >= threshold) & matches.counted
    hit = set(matches.found[shown & (matches.found > 0)].tolist())
    places = {image_id: _Places() for image_id in image_ids}
    found_in = detections.image_ids.tolist()
    for place in np.flatnonzero(shown).tolist():
        into = places[found_in[place]]
        (into.right if matches.found[place] else into.false).append(place)
    for place, entry in enumerate(truth.objects):
        if entry["image_id"] not in places:
            continue
        into = places[entry["image_id"]]
        if entry["iscrowd"]:
            into.ignored.append(place)
        else:
            (into.hit if entry["id"] in hit else into.missed).append(place)
    ranked = [one.score(image_id) for image_id, one in places.items()]
    ranked.sort(key=lambda one: (one.f1, -len(one.false) - len(one.missed), one.image_id))
    return ranked


class _Places:
    def __init__(self) -> None:
        self.right: list[int] = []
        self.false: list[int] = []
        self.hit: list[int] = []
        self.missed: list[int] = []
        self.ignored: list[int] = []

    def score(self, image_id: int) -> ImageScore:
        lists = (self.right, self.false, self.hit, self.missed, self.ignored)
        return ImageScore(image_id, *map(tuple, lists))
