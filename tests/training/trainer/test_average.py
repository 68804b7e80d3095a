import math

import numpy as np
import paddle
import pytest

from instseg_train import build_model
from instseg_train.trainer.average import WeightAverage
from instseg_train.trainer.recipes import Recipe

NAME = "yolo_head.pred_cls.0.weight"


@pytest.fixture
def model():
    paddle.seed(1)
    return build_model("PP-YOLOE_seg-S", 2, width=0.0625, depth=0.34)


def twin(values, ramp, decay):
    average = values[0].astype(np.float64)
    for t, value in enumerate(values[1:]):
        d = {
            "exponential": decay * (1 - math.exp(-(t + 1) / 2000)),
            "threshold": min(decay, (1 + t) / (10 + t)),
        }[ramp]
        average = d * average + (1 - d) * value
    return average


@pytest.mark.parametrize("ramp", ["exponential", "threshold"])
def test_averages_as_its_definition_says(model, ramp):
    average = WeightAverage(model, Recipe("adamw", 0.0, ema_ramp=ramp), 0.9)
    values = [model.state_dict()[NAME].numpy()]
    for number in range(4):
        value = values[0] + number
        model.state_dict()[NAME].set_value(paddle.to_tensor(value))
        average.update()
        values.append(value)
    np.testing.assert_allclose(average.state()[NAME].numpy(), twin(values, ramp, 0.9), rtol=1e-5)


def test_is_in_the_model_for_a_while_only(model):
    average = WeightAverage(model, Recipe("adamw", 0.0), 0.9)
    before = model.state_dict()[NAME].numpy().copy()
    model.state_dict()[NAME].set_value(paddle.to_tensor(before + 1))
    with average.applied():
        np.testing.assert_array_equal(model.state_dict()[NAME].numpy(), before)
    np.testing.assert_array_equal(model.state_dict()[NAME].numpy(), before + 1)
