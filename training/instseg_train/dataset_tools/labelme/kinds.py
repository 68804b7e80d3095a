"""Every kind of problem that the conversion knows."""

from __future__ import annotations

from instseg_train.dataset_tools import json_file
from instseg_train.dataset_tools.problems import Kind

_EDIT = "open the picture in LabelMe, draw the shape again or remove it"
_LEAK = "name it in one list alone"

KINDS: dict[str, Kind] = {
    **json_file.KINDS,
    "list-missing": Kind(
        "error",
        "There is no list of annotation files",
        "write train_anno_list.txt: one path per line, e.g. annotations/a.json",
    ),
    "list-empty": Kind("error", "There are too few annotation files", "name more in the list"),
    "list-encoding": Kind("error", "A list is not UTF-8", "save it as UTF-8"),
    "list-outside": Kind(
        "error", "A list leads out of the data set", "name files inside of the data set's folder"
    ),
    "list-repeated": Kind("error", "A list names a file twice", "name it once"),
    "list-leak": Kind("error", "Both lists name a file", _LEAK),
    "shapes-missing": Kind(
        "error", "There is no list of shapes", "save the picture again in LabelMe"
    ),
    "image-path": Kind("error", "There is no usable imagePath", "save it again in LabelMe"),
    "image-path-mismatch": Kind(
        "warning",
        "imagePath names another picture than the one found",
        "nothing, if the picture of the same name as the JSON file is meant",
    ),
    "image-missing": Kind("error", "An image is missing", "copy it into images/"),
    "image-unreadable": Kind("error", "An image cannot be decoded", "copy or save it again"),
    "image-size": Kind(
        "error",
        "An image's size is not the one it was annotated at",
        "use the picture that was annotated, or annotate this one",
    ),
    "image-leak": Kind("error", "An image is in training and in validation", _LEAK),
    "image-annotated-twice": Kind(
        "warning", "Several files annotate one image", "nothing, if the shapes of all are meant"
    ),
    "label": Kind("error", "A shape has no usable label", "give the shape a label in LabelMe"),
    "shape-type": Kind(
        "warning",
        "Shapes without area are left out",
        "draw a polygon, rectangle, circle or mask if the object is meant to be learnt",
    ),
    "shape-points": Kind("error", "A shape has unusable points", _EDIT),
    "shape-mask": Kind("error", "A mask's picture is unusable", _EDIT),
    "shape-outside": Kind("error", "A shape lies outside of its image", _EDIT),
    "shape-cut": Kind(
        "warning", "Shapes are cut at their image's edge", "nothing, if the rest looks right"
    ),
    "shape-empty": Kind("error", "A shape covers no pixel", _EDIT),
    "labels-none": Kind(
        "error", "There is no shape to learn from", "annotate objects in the training pictures"
    ),
}
