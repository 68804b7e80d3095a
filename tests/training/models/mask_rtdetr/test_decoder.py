"""Decoder layers against their slow twin; refinement of boxes and where gradients are cut."""

from __future__ import annotations

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest
from models.mask_rtdetr.slow_decoder import decoder_layer, linear, part_of, state_of
from models.mask_rtdetr.test_deformable_attention import SIZES, scrambled

from instseg_train.models.mask_rtdetr.decoder import Decoder, DecoderLayer
from instseg_train.models.mask_rtdetr.denoising import attention_mask
from instseg_train.models.mask_rtdetr.mlp import Mlp

PLACES = sum(height * width for height, width in SIZES)


def drawn(seed: int, *shape: int) -> paddle.Tensor:
    values = np.random.default_rng(seed).normal(size=shape)
    return paddle.to_tensor(values.astype("float32"))


@pytest.mark.parametrize("masked", [False, True])
def test_a_layer_equals_its_twin(masked: bool) -> None:
    layer = DecoderLayer(8, heads=2, feedforward=12, levels=3, points=2)
    scrambled(layer, seed=1)
    query, positions, memory = drawn(2, 2, 9, 8), drawn(3, 2, 9, 8), drawn(4, 2, PLACES, 8)
    boxes = F.sigmoid(drawn(5, 2, 9, 4))
    mask = attention_mask(groups=2, slots=2, num_queries=5) if masked else None
    given = None if mask is None else paddle.to_tensor(mask)
    found = layer(query, positions, boxes, memory, SIZES, given).numpy()
    for image in range(2):
        arrays = (x.numpy()[image].astype("float64") for x in (query, positions, boxes, memory))
        expected = decoder_layer(*arrays, SIZES, state_of(layer), heads=2, points=2, mask=mask)
        np.testing.assert_allclose(found[image], expected, rtol=1e-4, atol=1e-5)


def test_mlp_has_relu_between_its_layers() -> None:
    mlp = Mlp([3, 5, 4, 2])
    state, x = state_of(mlp), drawn(0, 6, 3)
    y = x.numpy().astype("float64")
    for index in range(3):
        y = linear(np.maximum(y, 0) if index else y, part_of(state, f"layers.{index}"))
    np.testing.assert_allclose(mlp(x).numpy(), y, rtol=1e-5, atol=1e-6)


def test_boxes_are_refined_layer_by_layer() -> None:
    decoder = Decoder(8, heads=2, feedforward=12, levels=3, points=2, layers=3)
    position_head, box_head = Mlp([4, 16, 8]), Mlp([8, 8, 4])
    for seed, layer in enumerate((decoder, position_head, box_head)):
        scrambled(layer, seed)
    query, box_logits, memory = drawn(2, 1, 5, 8), drawn(3, 1, 5, 4), drawn(4, 1, PLACES, 8)
    arguments = (query, box_logits, memory, SIZES, position_head, box_head)
    trained = decoder(*arguments)
    decoder.eval()
    refined = decoder(*arguments)
    boxes = 1 / (1 + np.exp(-box_logits.numpy().astype("float64")))
    for layer, item, same in zip(decoder.layers, refined, trained, strict=True):
        positions = position_head(paddle.to_tensor(boxes.astype("float32")))
        query = layer(query, positions, paddle.to_tensor(boxes.astype("float32")), memory, SIZES)
        logits = np.log(boxes / (1 - boxes)) + box_head(query).numpy()
        boxes = 1 / (1 + np.exp(-logits))
        np.testing.assert_allclose(item.query.numpy(), query.numpy(), rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(item.boxes.numpy(), boxes, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(same.boxes.numpy(), item.boxes.numpy(), rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(same.query.numpy(), item.query.numpy())


class Constant(paddle.nn.Layer):
    """A layer that returns its parameter, whatever it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.value = self.create_parameter([1, 1, 4])

    def forward(self, *_: object) -> paddle.Tensor:
        return self.value * 1.0


def test_the_loss_of_a_layers_boxes_trains_it_and_the_one_before() -> None:
    decoder = Decoder(4, heads=1, feedforward=4, levels=1, points=1, layers=4)
    decoder.layers = paddle.nn.LayerList([Constant() for _ in range(4)])
    identity = paddle.nn.Identity()
    box_logits = paddle.zeros([1, 1, 4])
    for layer in range(4):
        refined = decoder(
            paddle.zeros([1, 1, 4]),
            box_logits,
            paddle.zeros([1, 1, 4]),
            [(1, 1)],
            identity,
            identity,
        )
        gradients = paddle.grad(
            refined[layer].boxes.sum(), [it.value for it in decoder.layers], allow_unused=True
        )
        trained = [index for index, gradient in enumerate(gradients) if gradient is not None]
        assert trained == [index for index in (layer - 1, layer) if index >= 0]
