import numpy as np
import paddle
import pytest

from instseg.errors import ModelError
from instseg_train import build_model
from instseg_train.trainer.optimizer import (
    build_optimizer,
    optimizer_state,
    set_optimizer_state,
    trained_parameters,
)
from instseg_train.trainer.recipes import Recipe


def small_model():
    paddle.seed(1)
    return build_model("PP-YOLOE_seg-S", 2, width=0.0625, depth=0.34)


def step(model, optimizer, seed):
    random = np.random.default_rng(seed)
    for parameter in trained_parameters(model).values():
        gradient = random.normal(size=parameter.shape).astype(np.float32)
        parameter.grad = paddle.to_tensor(gradient)
    optimizer.set_lr(0.01)
    optimizer.step()
    optimizer.clear_grad()


@pytest.mark.parametrize("kind", ["momentum", "adamw"])
def test_state_goes_on_in_another_model_of_the_same_kind(kind):
    recipe = Recipe(kind, 1e-4, clip_norm=1.0)
    first, second = small_model(), small_model()  # Paddle numbers their parameters differently
    optimizer = build_optimizer(first, recipe)
    step(first, optimizer, 1)
    second.set_state_dict(first.state_dict())
    again = build_optimizer(second, recipe)
    set_optimizer_state(again, second, optimizer_state(optimizer, first))
    step(first, optimizer, 2)
    step(second, again, 2)
    for name, value in first.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), second.state_dict()[name].numpy(), name)
    without = build_optimizer(second, recipe)
    step(first, optimizer, 3)
    step(second, without, 3)
    name = "yolo_head.pred_cls.0.weight"
    assert not np.array_equal(first.state_dict()[name].numpy(), second.state_dict()[name].numpy())


def test_momentum_is_the_formula_of_the_book():
    model = small_model()
    name, parameter = next(
        (n, p) for n, p in trained_parameters(model).items() if n.endswith("conv.weight")
    )
    weight, velocity = parameter.numpy().astype(np.float64), 0.0
    optimizer = build_optimizer(model, Recipe("momentum", 0.1))
    for seed in (1, 2):
        random = np.random.default_rng(seed)
        gradients = {
            n: random.normal(size=p.shape).astype(np.float32)
            for n, p in trained_parameters(model).items()
        }
        velocity = 0.9 * velocity + gradients[name] + 0.1 * weight
        weight = weight - 0.01 * velocity
        step(model, optimizer, seed)
    np.testing.assert_allclose(parameter.numpy(), weight, rtol=1e-4, atol=1e-6)


def test_state_of_another_model_is_refused():
    model = small_model()
    optimizer = build_optimizer(model, Recipe("momentum", 0.0))
    with pytest.raises(ModelError, match="holds strange, which this model does not train"):
        set_optimizer_state(optimizer, model, {"strange/_velocity_0": np.zeros(1)})
