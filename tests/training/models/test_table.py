"""What holds of every model in the table."""

from __future__ import annotations

import math

import pytest

import instseg_train
from instseg.errors import InvalidArgument
from instseg.model_names import OFFICIAL_MODELS
from instseg_train.models.table import MODELS, build_model
from instseg_train.weights.loading import class_heads, load_weights

SMALL = {"width": 0.25, "depth": 0.34}
ONE_OF_EACH_KIND = [
    "Mask-RT-DETR-S",
    "PP-YOLOE_seg-S",
    "SOLOv2",
    "MaskRCNN-ResNet50",
    "MaskRCNN-ResNet50-FPN",
    "Cascade-MaskRCNN-ResNet50-FPN",
]


def test_the_table_has_the_official_models() -> None:
    assert set(MODELS) == set(OFFICIAL_MODELS)


@pytest.mark.parametrize("name", ONE_OF_EACH_KIND)
def test_class_heads_are_what_depends_on_the_number_of_classes(name: str) -> None:
    three, five = (build_model(name, count, **SMALL) for count in (3, 5))
    ours, others = three.state_dict(), five.state_dict()
    differ = {key for key in ours if ours[key].shape != others[key].shape}
    assert class_heads(three) == differ
    report = load_weights(three, {key: tensor.numpy() for key, tensor in others.items()})
    assert set(report.adapted) == differ
    assert (report.missing, report.unexpected, dict(report.mismatched)) == ((), (), {})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("SOLOv3", 80, {}), "no model is named 'SOLOv3'; the models are .*SOLOv2"),
        (("SOLOv2", 0, {}), "num_classes is 0"),
        (("SOLOv2", "2", {}), "num_classes is '2'; give a whole number"),
        (("SOLOv2", 2, {"widht": 0.5}), "no scale is named 'widht'; give width or depth"),
        (("SOLOv2", 2, {"width": -1.0}), "width is -1.0; give a positive multiplier"),
        (("SOLOv2", 2, {"depth": math.nan}), "depth is nan"),
    ],
)
def test_bad_arguments_are_errors(
    arguments: tuple[str, int, dict[str, float]], message: str
) -> None:
    name, classes, scale = arguments
    with pytest.raises(InvalidArgument, match=message):
        build_model(name, classes, **scale)


def test_public_names_load_on_first_use() -> None:
    assert instseg_train.MODELS is MODELS
    assert instseg_train.load_weights is load_weights
    with pytest.raises(AttributeError, match="no attribute 'models_of'"):
        _ = instseg_train.models_of
