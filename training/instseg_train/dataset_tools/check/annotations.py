"""Annotations of one file: ids, class, box, area, mask."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Container, Mapping
from typing import Any

from instseg_train.dataset_tools.check.annotation_file import AnnotationFile, Entry
from instseg_train.dataset_tools.check.boxes import check_area, check_box
from instseg_train.dataset_tools.check.image_entries import ImageEntry
from instseg_train.dataset_tools.check.masks import MaskFacts, check_mask
from instseg_train.dataset_tools.check.place import Place
from instseg_train.dataset_tools.json_file import is_id, is_number
from instseg_train.dataset_tools.problems import Problems, quoted


class AnnotationCheck:
    """Goes through a file's annotations; then knows how many there are.

    per_category   category id -> annotations
    of_image       image id -> annotations
    """

    def __init__(
        self,
        file: AnnotationFile,
        images: Mapping[int, ImageEntry],
        categories: Container[int],
        problems: Problems,
    ) -> None:
        self._file = file
        self._images = images
        self._categories = categories
        self._problems = problems
        self._of_id: dict[int, int] = {}
        self._of_mask: dict[bytes, int] = {}
        self.per_category: Counter[int] = Counter()
        self.of_image: Counter[int] = Counter()

    def run(self, progress: Callable[[float], object]) -> None:
        total = len(self._file.lists["annotations"])
        for index, entry in self._file.entries("annotations"):
            self._check(index, entry)
            if index % 256 == 0:
                progress(index / total)
        progress(1.0)

    def _check(self, index: int, entry: Entry) -> None:
        key, image_key = entry.get("id"), entry.get("image_id")
        image = self._images.get(image_key) if is_id(image_key) else None
        about = f"id {quoted(key, 20)}, {image.label if image else 'unknown image'}"
        place = Place(self._problems, self._file.name, index, about)
        self._check_id(key, "id" in entry, index, place)
        if image is None:
            told = f"it is {quoted(image_key)}" if "image_id" in entry else "there is none"
            place.add("annotation-image", "image_id", told)
        elif is_id(image_key):
            self.of_image[image_key] += 1
        category = entry.get("category_id")
        if not is_id(category) or category not in self._categories:
            told = f"it is {quoted(category)}" if "category_id" in entry else "there is none"
            place.add("annotation-category", "category_id", told)
        else:
            self.per_category[category] += 1
        crowd = _check_crowd(entry, place)
        if entry.get("ignore"):
            place.add("annotation-ignored", "ignore", f"it is {quoted(entry['ignore'])}")
        if image is None or image.size is None:
            return  # nothing to measure the rest by
        mask = _check_segmentation(entry, image.size, place)
        if crowd and mask is not None and mask.polygons:
            place.add("crowd-polygon", "segmentation", "iscrowd is 1")
        check_box(entry, image.size, mask, place)
        check_area(entry, mask, place)
        if mask is not None and is_id(category):
            self._check_twice(mask, image_key, category, index, place)

    def _check_id(self, key: Any, present: bool, index: int, place: Place) -> None:
        if not is_id(key):
            place.add("annotation-id", "id", f"it is {quoted(key)}" if present else "there is none")
        elif key in self._of_id:
            message = f"{key} is that of annotations[{self._of_id[key]}]"
            place.add("annotation-id-duplicate", "id", message)
        else:
            self._of_id[key] = index

    def _check_twice(
        self, mask: MaskFacts, image: Any, category: Any, index: int, place: Place
    ) -> None:
        text = f"{image} {category} {mask.rle['counts']}"
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        first = self._of_mask.setdefault(digest, index)
        if first != index:
            message = f"annotations[{first}] has the same image, category and mask"
            place.add("annotation-duplicate", "", message)


def _check_crowd(entry: Entry, place: Place) -> bool:
    if "iscrowd" not in entry:
        place.add("crowd-missing", "iscrowd", "there is none")
        return False
    crowd = entry["iscrowd"]
    if isinstance(crowd, bool) or (is_number(crowd) and crowd in (0, 1)):
        return bool(crowd)
    place.add("crowd-type", "iscrowd", f"it is {quoted(crowd)}")
    return False


def _check_segmentation(entry: Entry, size: tuple[int, int], place: Place) -> MaskFacts | None:
    segmentation = entry.get("segmentation")
    if segmentation is None:
        place.add("segmentation-missing", "segmentation", "there is none")
        return None
    return check_mask(segmentation, size, place)
