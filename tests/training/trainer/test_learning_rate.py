import math

import pytest

from instseg_train.trainer.learning_rate import LearningRate
from instseg_train.trainer.recipes import Recipe, recipe_of


def test_warms_up_linearly_from_its_first_value():
    rate = LearningRate(0.1, 1000, 10, Recipe("momentum", 0.0, warmup_start=0.2))
    assert rate.at(0) == pytest.approx(0.02)
    assert rate.at(5) == pytest.approx(0.06)
    assert rate.at(10) == pytest.approx(0.1)


def test_falls_at_the_same_parts_of_any_run():
    for epochs in (12, 40):
        rate = LearningRate(0.01, epochs * 30, 0, recipe_of("MaskRCNN-ResNet50-FPN"))
        eight, eleven = math.ceil(epochs * 30 * 8 / 12), math.ceil(epochs * 30 * 11 / 12)
        assert [rate.at(s) for s in (eight - 1, eight, eleven - 1, eleven)] == pytest.approx(
            [0.01, 0.001, 0.001, 0.0001]
        )


def test_follows_the_cosine_of_80_epochs_that_would_end_after_96():
    rate = LearningRate(0.001, 80, 0, recipe_of("PP-YOLOE_seg-S"))
    for epoch in (0, 20, 79):
        assert rate.at(epoch) == pytest.approx(0.0005 * (1 + math.cos(math.pi * epoch / 96)))


def test_stays_as_it_is_for_mask_rtdetr():
    rate = LearningRate(0.0001, 1000, 10, recipe_of("Mask-RT-DETR-L"))
    assert rate.at(10) == rate.at(999) == 0.0001
