"""Every kind of problem that keeps a data set from being split."""

from __future__ import annotations

from instseg_train.dataset_tools.check.kinds import KINDS as CHECK_KINDS
from instseg_train.dataset_tools.problems import Kind

KINDS: dict[str, Kind] = {
    **CHECK_KINDS,
    "image-in-both": Kind(
        "error",
        "Both files list an image",
        "remove it from one of them, so that it is known whose annotations count",
    ),
    "category-conflict": Kind(
        "error",
        "The two files do not agree on a class",
        "give each class one id and one name in both files",
    ),
    "images-few": Kind(
        "error", "There are too few images", "training and validation take one image each"
    ),
}
