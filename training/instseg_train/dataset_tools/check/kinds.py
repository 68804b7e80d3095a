"""Every kind of problem that the check knows."""

from __future__ import annotations

from instseg_train.dataset_tools import json_file
from instseg_train.dataset_tools.problems import Kind

_AGAIN = "correct the entry, or export the annotations again"
_REDRAW = "draw the outline again, or remove the annotation"

KINDS: dict[str, Kind] = {
    # The folder
    "dataset-missing": Kind(
        "error", "There is no data set", "give the folder that holds images/ and annotations/"
    ),
    "images-folder-missing": Kind(
        "error",
        "There is no folder images/",
        "the data set's folder must hold images/ and annotations/",
    ),
    "images-folder-ambiguous": Kind(
        "error", "Several folders hold images/", "give the one that is meant as the data set's"
    ),
    **json_file.KINDS,
    # The annotation file
    "key-missing": Kind(
        "error", "A key is missing", "the file needs the lists images, annotations and categories"
    ),
    "key-type": Kind(
        "error", "A key has a value of the wrong type", "images, annotations, categories are lists"
    ),
    "entry-type": Kind("error", "A list holds something else than objects", _AGAIN),
    # Image entries
    "images-none": Kind("error", "No images are listed", "list at least one image in each file"),
    "image-id": Kind("error", "An image has no usable id", "give it an integer from 0 on"),
    "image-id-duplicate": Kind(
        "error", "Images share an id", "give each image an id of its own, also in its annotations"
    ),
    "file-name": Kind("error", "An image has no usable file_name", "name the file in images/"),
    "file-name-duplicate": Kind(
        "error", "A file is listed twice", "list it once, and give it all its annotations"
    ),
    "file-name-outside": Kind(
        "error",
        "A file_name leads out of images/",
        "put the file into images/ and give its name relative to that folder",
    ),
    "file-name-backslash": Kind(
        "error", "A file_name has backslashes", r"write folder/name.jpg instead of folder\name.jpg"
    ),
    "image-size-missing": Kind(
        "error", "An image has no usable width or height", "give both in pixels, as integers"
    ),
    # Image files
    "image-missing": Kind(
        "error", "An image file is missing", "copy it into images/, or remove its entry"
    ),
    "image-empty": Kind("error", "An image file is empty", "copy it again, or remove its entry"),
    "image-unreadable": Kind(
        "error", "An image cannot be decoded", "copy or save it again, or remove its entry"
    ),
    "image-size": Kind(
        "error",
        "An image's size is not the file's",
        "correct width and height if the outlines fit the picture, else scale them as well",
    ),
    "image-turned": Kind(
        "error",
        "An image's size is that before its EXIF orientation",
        "save the pictures upright, or turn the outlines: training reads pictures upright",
    ),
    "image-tiny": Kind(
        "warning", "An image is too small to show anything", "remove it, or copy it again"
    ),
    "image-huge": Kind(
        "warning", "An image has more than 100 megapixels", "cut it into tiles before training"
    ),
    "image-mode": Kind(
        "info",
        "Images that are not 8-bit RGB",
        "nothing: they are read as 8-bit RGB, without alpha",
    ),
    "image-unlisted": Kind(
        "warning", "Files in images/ that are not listed", "remove them, or annotate them"
    ),
    "images-empty": Kind(
        "info", "Images without annotations", "nothing, if there is nothing to find in them"
    ),
    # Categories
    "categories-none": Kind("error", "No categories", "list each class with its id and name"),
    "category-id": Kind("error", "A category has no usable id", "give it an integer from 0 on"),
    "category-id-duplicate": Kind("error", "Categories share an id", "give each an id of its own"),
    "category-name": Kind(
        "error",
        "A category has no usable name",
        "give it a name; supercategory does not replace it",
    ),
    "category-name-duplicate": Kind(
        "error", "Categories share a name", "join the two, or give them different names"
    ),
    "categories-differ": Kind(
        "error",
        "The two files have different categories",
        "give both files the same list, also of classes that only one of them shows",
    ),
    "category-untrained": Kind(
        "warning", "A class has no training annotation", "annotate it, or remove the class"
    ),
    "category-unmeasured": Kind(
        "warning", "A class has no validation annotation", "move some of its images to validation"
    ),
    "num-classes": Kind(
        "error", "Another number of classes is expected", "set Train.num_classes to the data set's"
    ),
    # Annotations
    "annotations-none": Kind(
        "error", "There is nothing to learn from", "annotate objects in the training images"
    ),
    "annotations-none-val": Kind(
        "warning", "There is nothing to measure on", "annotate objects in the validation images"
    ),
    "annotation-id": Kind("error", "An annotation has no usable id", "give it an integer"),
    "annotation-id-duplicate": Kind(
        "error", "Annotations share an id", "give each an id of its own within the file"
    ),
    "annotation-image": Kind(
        "error", "An annotation is of no listed image", "list its image, or remove the annotation"
    ),
    "annotation-category": Kind(
        "error", "An annotation is of no listed category", "list the category, or correct the id"
    ),
    "annotation-duplicate": Kind(
        "warning", "An object is annotated twice", "remove one of the two annotations"
    ),
    "annotation-ignored": Kind(
        "warning", "Annotations marked `ignore` are not trained on", "remove the mark or the entry"
    ),
    "crowd-type": Kind("error", "iscrowd is neither 0 nor 1", "write 0, or 1 for a crowd"),
    "crowd-missing": Kind("warning", "iscrowd is missing", 'add "iscrowd": 0'),
    "crowd-polygon": Kind(
        "warning",
        "A crowd is drawn with polygons",
        "COCO keeps crowds as run lengths; set iscrowd to 0 if it is one object of several parts",
    ),
    # Boxes and areas
    "box-missing": Kind("error", "An annotation has no bbox", 'add "bbox": [x, y, width, height]'),
    "box-type": Kind("error", "A bbox is no four numbers", "write [x, y, width, height] in pixels"),
    "box-size": Kind(
        "error",
        "A bbox has no area",
        "write [x, y, width, height], not two corners; remove it if there is no object",
    ),
    "box-outside": Kind("error", "A bbox lies outside of its image", _AGAIN),
    "box-crosses-edge": Kind(
        "warning", "A bbox crosses its image's edge", "cut it at the edge; or is the size wrong?"
    ),
    "box-misfit": Kind(
        "warning", "A bbox does not fit its mask", "compute it from the mask: x, y, width, height"
    ),
    "area-missing": Kind("warning", "An annotation has no area", "add the mask's pixels as area"),
    "area-type": Kind("error", "An area is no number above 0", "write the mask's pixels"),
    "area-misfit": Kind(
        "warning",
        "An area does not fit its mask",
        "write the mask's pixels, not the box's: metrics by size depend on it",
    ),
    # Masks
    "segmentation-missing": Kind(
        "error", "An annotation has no segmentation", "draw its outline, or remove it"
    ),
    "segmentation-type": Kind(
        "error",
        "A segmentation is neither polygons nor run lengths",
        "write [[x1, y1, x2, y2, ...], ...] or an object with size and counts",
    ),
    "segmentation-empty": Kind("error", "A segmentation has no parts", _REDRAW),
    "polygon-type": Kind(
        "error", "A polygon is no list of numbers", "write [x1, y1, x2, y2, ...] in pixels"
    ),
    "polygon-odd": Kind("error", "A polygon has an x without y", _REDRAW),
    "polygon-short": Kind("error", "A polygon has fewer than three points", _REDRAW),
    "polygon-flat": Kind("error", "A polygon has no area", _REDRAW),
    "polygon-outside": Kind("error", "A polygon lies outside of its image", _AGAIN),
    "polygon-crosses-edge": Kind(
        "warning", "A polygon crosses its image's edge", "cut it at the edge"
    ),
    "polygon-crosses-itself": Kind(
        "warning",
        "A polygon crosses itself",
        "draw it again: what it encloses twice is filled by the even-odd rule, that is, left out",
    ),
    "rle-size": Kind("error", "Run lengths are of another image size", _AGAIN),
    "rle-counts": Kind("error", "Run lengths do not make up the image", _AGAIN),
    "rle-broken": Kind("error", "Compressed run lengths are damaged", _AGAIN),
    "mask-empty": Kind("error", "A mask has no pixel", _REDRAW),
    # Leakage
    "leak-file": Kind(
        "error",
        "Images are in training and in validation",
        "keep them in one; scores on images that were trained on say nothing",
    ),
    "leak-content": Kind(
        "error",
        "The same picture is in training and in validation, under two names",
        "keep it in one; scores on pictures that were trained on say nothing",
    ),
    "image-repeated": Kind(
        "warning", "The same picture has several names", "keep one, unless it shall count more"
    ),
}
