"""A data set in COCO's layout."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from instseg.errors import ImageError, InvalidArgument
from instseg_train.data.coco_annotations import read_annotations
from instseg_train.data.image_record import ImageRecord
from instseg_train.data.sample import Sample

NAMED_FILES = 5


class CocoDataset:
    """`images/` and `annotations/instance_SPLIT.json` of a folder; images by rising id.

    A class index is the place of a category's id among the sorted ids. Annotations are held in
    memory, images are read when they are asked for.

    class_names, category_ids  of the K classes
    records                    the images that are used
    left_out                   reason -> how many annotations (or images) are not used for it
    """

    def __init__(
        self, dataset_dir: str | os.PathLike[str], split: str, *, allow_empty: bool = False
    ) -> None:
        """split: `train` or `val`. allow_empty: images without a usable object are kept; PaddleX
        leaves them out. Regions of many objects (iscrowd) do not count as objects.

        Raises InvalidArgument: no such data set, a file that is no COCO JSON, nothing to use;
        ImageError: image files that are missing.
        """
        self.folder = Path(dataset_dir)
        self.annotation_file = self.folder / "annotations" / f"instance_{split}.json"
        content = read_annotations(self.annotation_file, self.folder / "images")
        self.category_ids: tuple[int, ...] = content.category_ids
        self.class_names: tuple[str, ...] = content.class_names
        self.left_out: Counter[str] = content.left_out
        self.records: Sequence[ImageRecord] = content.records
        if not allow_empty:
            self.records = [record for record in content.records if not record.crowd.all()]
            self.left_out["image without objects"] += len(content.records) - len(self.records)
        self.left_out = +self.left_out
        if not self.records:
            raise InvalidArgument(
                f"{self.annotation_file} has no image with a usable object"
                + (f" (left out: {self.left_out_text()})" if self.left_out else "")
            )
        _check_files(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def sample(self, index: int) -> Sample:
        """Reads image `index`. Raises ImageError, which names the file."""
        return self.records[index].read()

    def left_out_text(self) -> str:
        """`3 x box without an area, 1 x image without objects`; empty if all is used."""
        return ", ".join(f"{count} x {reason}" for reason, count in self.left_out.most_common())


def _check_files(records: Sequence[ImageRecord]) -> None:
    missing = [record.path for record in records if not os.path.isfile(record.path)]
    if missing:
        names = ", ".join(missing[:NAMED_FILES]) + (" ..." if len(missing) > NAMED_FILES else "")
        raise ImageError(
            f"{len(missing)} of {len(records)} images do not exist: {names}; restore them, or "
            "correct `file_name` in the annotations"
        )
