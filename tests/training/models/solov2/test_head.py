"""Grids, coordinates, points NMS, and the layers that have two names."""

from __future__ import annotations

import numpy as np
import paddle
import paddle.nn.functional as F

from instseg_train.models.solov2.conv_group_norm import ConvGroupNorm, with_coordinates
from instseg_train.models.solov2.head import SOLOv2Head, _points_nms
from instseg_train.models.solov2.mask_branch import MaskBranch

GRIDS = (10, 8, 6, 4, 3)


def pyramid() -> list[paddle.Tensor]:
    random = np.random.default_rng(0)
    sizes = [(16, 24), (8, 12), (4, 6), (2, 3), (1, 2)]
    return [paddle.to_tensor(random.normal(size=[2, 32, *s]).astype("float32")) for s in sizes]


def test_coordinates_go_from_minus_one_to_one() -> None:
    x = with_coordinates(paddle.zeros([2, 1, 3, 5])).numpy()
    assert x.shape == (2, 3, 3, 5)
    np.testing.assert_allclose(x[1, 1], [[-1, -0.5, 0, 0.5, 1]] * 3, atol=1e-7)
    np.testing.assert_allclose(x[0, 2], np.array([[-1, 0, 1]] * 5).T, atol=1e-7)


def test_points_nms_keeps_what_no_neighbour_above_or_left_exceeds() -> None:
    scores = np.random.default_rng(1).uniform(size=[2, 3, 6, 6]).astype("float32")
    found = _points_nms(paddle.to_tensor(scores)).numpy()
    for n, k, y, x in np.ndindex(*scores.shape):
        window = scores[n, k, max(y - 1, 0) : y + 1, max(x - 1, 0) : x + 1]
        score = scores[n, k, y, x]
        assert found[n, y, x, k] == (score if score == window.max() else 0)


def test_group_norm_normalises_groups_of_channels() -> None:
    layer = ConvGroupNorm(3, 64, 1)
    x = paddle.to_tensor(np.random.default_rng(2).normal(size=[2, 3, 4, 5]).astype("float32"))
    y = layer.conv(x).numpy().reshape(2, 32, -1)
    expected = (y - y.mean(-1, keepdims=True)) / np.sqrt(y.var(-1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(layer(x).numpy().reshape(2, 32, -1), expected, rtol=1e-3, atol=1e-4)


def test_every_level_is_resized_to_its_grid() -> None:
    head = SOLOv2Head(4, 32, 32, 64, GRIDS)
    levels = pyramid()
    categories, kernels = head(levels)
    assert [c.shape for c in categories] == [[2, 4, g, g] for g in GRIDS]
    assert [k.shape for k in kernels] == [[2, 64, g, g] for g in GRIDS]
    # the third level by hand
    x = F.interpolate(with_coordinates(levels[2]), (6, 6), mode="bilinear")
    kernel, category = x, x[:, :32]
    for i in range(4):
        kernel = F.relu(head.bbox_head.kernel_convs[i](kernel))
        category = F.relu(head.bbox_head.cate_convs[i](category))
    np.testing.assert_array_equal(kernels[2].numpy(), head.solo_kernel(kernel).numpy())
    np.testing.assert_array_equal(categories[2].numpy(), head.solo_cate(category).numpy())


def test_evaluation_mode_scores_after_points_nms() -> None:
    head = SOLOv2Head(4, 32, 32, 64, GRIDS)
    logits = head(pyramid())[0]
    head.eval()
    scores = head(pyramid())[0]
    for level, of_level in zip(scores, logits, strict=True):
        np.testing.assert_array_equal(level.numpy(), _points_nms(F.sigmoid(of_level)).numpy())


def test_mask_features_have_stride_4() -> None:
    branch = MaskBranch(32, 32, 64)
    features = branch(pyramid())
    assert features.shape == [2, 64, 16, 24]
    assert float(features.min()) >= 0
    # the two coarser paths: convolutions and enlargements in turn
    x = pyramid()[2]
    path = [branch.paths[2][i] for i in (0, 3)]
    for conv in path:
        x = F.interpolate(F.relu(conv(x)), scale_factor=2, mode="bilinear")
    np.testing.assert_allclose(branch.paths[2](pyramid()[2]).numpy(), x.numpy(), rtol=1e-6)


def test_layers_of_two_names_are_one() -> None:
    head, branch = SOLOv2Head(4, 32, 32, 64, GRIDS), MaskBranch(32, 32, 64)
    assert head.solo_cate is head.bbox_head.solo_cate
    names = list(head.state_dict())
    assert "solo_cate.weight" in names
    assert "bbox_head.solo_cate.weight" in names
    assert len(head.parameters()) == len({id(p) for p in head.parameters()})
    assert {"mask_feat_head.conv_pred.0.conv.weight", "conv_pred.conv.weight"} <= set(
        branch.state_dict()
    )
