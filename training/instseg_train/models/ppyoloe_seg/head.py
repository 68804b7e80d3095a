"""The head of PP-YOLOE_seg: three branches per level, and prototypes of masks.

Efficient task-aligned head of arXiv:2203.16250 sec. 2.2, with a third branch that predicts the
coefficients of YOLACT's prototypes (arXiv:1904.02689 sec. 3); as PaddleDetection
ppyoloe_ins_head.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, Tensor, nn
from paddle.nn.initializer import Assign, Constant, Normal, Uniform

from instseg_train.layers.conv_bn import ConvBN
from instseg_train.models.ppyoloe_seg.anchors import anchor_points

# A side's distance is the mean of this many bins, 0 to BINS - 1 strides.
BINS = 17
STRIDES = (32, 16, 8)


class TaskAttention(nn.Layer):
    """Features for one task: channels weighted by the pooled features, then mixed."""

    def __init__(self, channels: int):
        super().__init__()
        self.fc = nn.Conv2D(
            channels, channels, 1, weight_attr=ParamAttr(initializer=Normal(0, 0.001))
        )
        self.conv = ConvBN(channels, channels, 1, act=F.swish)

    def forward(self, x: Tensor, pooled: Tensor) -> Tensor:
        """float32 [N, C, H, W], [N, C, 1, 1] -> [N, C, H, W]."""
        return self.conv(x * F.sigmoid(self.fc(pooled)))


class MaskPrototypes(nn.Layer):
    """Images whose weighted sums are the logits of the masks."""

    def __init__(self, in_channels: int, width: int, prototypes: int):
        super().__init__()
        self.conv1 = ConvBN(in_channels, width, 3, act=F.swish)
        self.upsample = nn.Conv2DTranspose(width, width, 2, stride=2)
        self.conv2 = ConvBN(width, width, 3, act=F.swish)
        self.conv3 = ConvBN(width, prototypes, 1, act=F.swish)
        for brick in (self.conv1, self.conv2, self.conv3):
            bound = 1 / math.sqrt(math.prod(brick.conv.weight.shape[1:]))
            Uniform(-bound, bound)(brick.conv.weight)

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, in_channels, H, W] -> [N, prototypes, 2H, 2W]."""
        return self.conv3(self.conv2(self.upsample(self.conv1(x))))


class SegmentationHead(nn.Layer):
    """in_channels: of the features of strides 32, 16, 8.

    A anchors, K classes, P prototypes below.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        num_classes: int,
        prototype_width: int,
        prototypes: int,
    ):
        super().__init__()
        self.num_classes = num_classes
        self.prototypes = prototypes
        self.stem_cls = nn.LayerList([TaskAttention(c) for c in in_channels])
        self.stem_reg = nn.LayerList([TaskAttention(c) for c in in_channels])
        self.stem_ins = nn.LayerList([TaskAttention(c) for c in in_channels])
        # Every class starts with probability 0.01, every distance with equal bins.
        rare = -math.log((1 - 0.01) / 0.01)
        self.pred_cls = nn.LayerList([_constant_conv(c, num_classes, rare) for c in in_channels])
        self.pred_reg = nn.LayerList([_constant_conv(c, 4 * BINS, 1.0) for c in in_channels])
        self.pred_ins = nn.LayerList([nn.Conv2D(c, prototypes, 3, padding=1) for c in in_channels])
        bins = paddle.arange(BINS, dtype="float32").reshape([1, BINS, 1, 1])
        self.proj_conv = nn.Conv2D(
            BINS, 1, 1, bias_attr=False, weight_attr=ParamAttr(initializer=Assign(bins))
        )
        self.proj_conv.weight.stop_gradient = True
        self.proto = MaskPrototypes(in_channels[-1], prototype_width, prototypes)
        self.sizes: list[tuple[int, int]] = []  # of the levels whose anchors are kept

    def keep_anchors(self, image_size: tuple[int, int]) -> None:
        """Makes the anchors of images of h, w tensors of the layer: constants of its program."""
        self.sizes = [(image_size[0] // s, image_size[1] // s) for s in STRIDES]
        points, steps = anchor_points(self.sizes, STRIDES)
        self.register_buffer("points", points, persistable=False)
        self.register_buffer("steps", steps, persistable=False)

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Features of strides 32, 16, 8 -> six tensors.

        In evaluation mode: scores [N, K, A] in 0..1; distances [N, A, 4] left, top, right, bottom
        in strides; coefficients [N, P, A]; prototypes [N, P, h, w] of stride 4; anchor points
        [A, 2] x, y in strides; strides [A, 1]. In training mode: scores [N, A, K]; logits of the
        distances' bins [N, A, 4 * BINS]; coefficients [N, A, P]; the other three the same.
        """
        prototypes = self.proto(features[-1])
        scores, distances, coefficients = [], [], []
        for level in range(len(STRIDES)):
            logits, bins, weights = self._branches(level, features[level])
            scores.append(F.sigmoid(logits))
            distances.append(bins)
            coefficients.append(weights)
        points, steps = self._anchors([(int(f.shape[2]), int(f.shape[3])) for f in features])
        if self.training:
            per_anchor = [_per_anchor(maps) for maps in (scores, distances, coefficients)]
            return (*per_anchor, prototypes, points, steps)
        return (
            paddle.concat([s.reshape([-1, self.num_classes, _area(s)]) for s in scores], axis=-1),
            paddle.concat([self._expected(bins) for bins in distances], axis=1),
            paddle.concat(
                [c.reshape([-1, self.prototypes, _area(c)]) for c in coefficients], axis=-1
            ),
            prototypes,
            points,
            steps,
        )

    def _branches(self, level: int, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[N, C, H, W] -> class logits [N, K, H, W], bins [N, 4 * BINS, H, W], [N, P, H, W]."""
        pooled = F.adaptive_avg_pool2d(x, (1, 1))
        logits = self.pred_cls[level](self.stem_cls[level](x, pooled) + x)
        bins = self.pred_reg[level](self.stem_reg[level](x, pooled))
        coefficients = self.pred_ins[level](self.stem_ins[level](x, pooled) + x)
        return logits, bins, coefficients

    def _expected(self, bins: Tensor) -> Tensor:
        """Logits [N, 4 * BINS, H, W] -> mean distances [N, H * W, 4]."""
        bins = bins.reshape([-1, 4, BINS, _area(bins)]).transpose([0, 2, 3, 1])
        return self.proj_conv(F.softmax(bins, axis=1)).squeeze(1)

    def expected_distances(self, bins: Tensor) -> Tensor:
        """Logits [N, A, 4 * BINS] of training -> mean distances [N, A, 4]."""
        shares = F.softmax(bins.reshape([bins.shape[0], -1, 4, BINS]), axis=-1)
        return paddle.matmul(shares, self.proj_conv.weight.flatten())

    def _anchors(self, sizes: list[tuple[int, int]]) -> tuple[Tensor, Tensor]:
        if sizes == self.sizes:
            return self.points, self.steps
        return anchor_points(sizes, STRIDES)


def _constant_conv(in_channels: int, out_channels: int, bias: float) -> nn.Conv2D:
    return nn.Conv2D(
        in_channels,
        out_channels,
        3,
        padding=1,
        weight_attr=ParamAttr(initializer=Constant(0.0)),
        bias_attr=ParamAttr(initializer=Constant(bias)),
    )


def _area(x: Tensor) -> int:
    return int(x.shape[2]) * int(x.shape[3])


def _per_anchor(maps: list[Tensor]) -> Tensor:
    """[N, C, h, w] of each level -> [N, A, C]."""
    return paddle.concat([m.flatten(2).transpose([0, 2, 1]) for m in maps], axis=1)
