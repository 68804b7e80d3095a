"""From levels and prototypes to predictions: query selection, first boxes, decoder, shared heads.

Queries are the places whose class scores are highest (RT-DETR, arXiv:2304.08069 sec. 4.3); their
first boxes are the extents of their first masks (Mask DINO, arXiv:2206.02777 sec. 3.4).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, Tensor, nn
from paddle.nn.initializer import Constant, Normal, XavierUniform

from instseg.errors import InvalidArgument
from instseg_train.layers.batch_norm import batch_norm, norm_parameter
from instseg_train.layers.linear import uniform_linear
from instseg_train.layers.paired import paired
from instseg_train.models.mask_rtdetr.anchors import Anchors, AnchorTable
from instseg_train.models.mask_rtdetr.box_geometry import first_boxes, inverse_sigmoid
from instseg_train.models.mask_rtdetr.decoder import Decoder
from instseg_train.models.mask_rtdetr.denoising import DenoisingGroups
from instseg_train.models.mask_rtdetr.mlp import Mlp
from instseg_train.models.mask_rtdetr.prediction import Prediction, masks_of


class Selected(NamedTuple):
    """The chosen queries: content [N, Q, C], their first boxes' logits [N, Q, 4], and what the
    heads predict of them before the decoder."""

    query: Tensor
    box_logits: Tensor
    prediction: Prediction


class Transformer(nn.Layer):
    """Query selection, decoder and the heads that all of their layers share."""

    def __init__(
        self,
        in_channels: Sequence[int],
        num_classes: int,
        *,
        channels: int,
        heads: int,
        feedforward: int,
        layers: int,
        points: int,
        prototypes: int,
        queries: int,
    ):
        super().__init__()
        self.queries = queries
        self.input_proj = nn.LayerList([_projection(ins, channels) for ins in in_channels])
        self.decoder = Decoder(channels, heads, feedforward, len(in_channels), points, layers)
        self.denoising_class_embed = nn.Embedding(
            num_classes, channels, weight_attr=ParamAttr(initializer=Normal(0.0, 1.0))
        )
        self.query_pos_head = Mlp([4, 2 * channels, channels])
        self.mask_query_head = Mlp([channels, channels, channels, prototypes])
        self.enc_output = nn.Sequential(
            uniform_linear(channels, channels),
            nn.LayerNorm(channels, weight_attr=norm_parameter(), bias_attr=norm_parameter()),
        )
        self.dec_norm = nn.LayerNorm(
            channels, weight_attr=norm_parameter(), bias_attr=norm_parameter()
        )
        self.score_head = uniform_linear(channels, num_classes)
        self.bbox_head = Mlp([channels, channels, channels, 4])
        self.anchors = AnchorTable()
        self._start()

    def _start(self) -> None:
        """Scores start at 0.01 (arXiv:1708.02002 sec. 4.1), boxes unmoved."""
        xavier, zeros = XavierUniform(), Constant(0.0)
        Constant(-math.log(99.0))(self.score_head.bias)
        zeros(self.bbox_head.layers[-1].weight)
        zeros(self.bbox_head.layers[-1].bias)
        xavier(self.enc_output[0].weight)
        for layer in self.query_pos_head.layers:
            xavier(layer.weight)

    def forward(
        self,
        levels: Sequence[Tensor],
        prototypes: Tensor,
        groups: DenoisingGroups | None = None,
    ) -> list[Prediction]:
        """levels float32 [N, in_channels[i], h, w], fine to coarse; prototypes [N, P, H/4, W/4].

        -> the predictions of the encoder and of the last layer in evaluation; in training of the
        encoder, of the queries before the decoder where there are denoising groups, and of every
        layer. All but the encoder's have the D denoising queries first: [N, D + Q, ...].
        """
        projected = [project(x) for project, x in paired(self.input_proj, levels)]
        sizes = [(int(x.shape[2]), int(x.shape[3])) for x in projected]
        memory = paddle.concat([x.flatten(2).transpose([0, 2, 1]) for x in projected], axis=1)
        selected = self._select(memory, prototypes, self.anchors(sizes))
        query, box_logits, mask = selected.query, selected.box_logits, None
        predictions = [selected.prediction]
        if groups is not None:
            query = paddle.concat([self._embedded(groups.labels), query], axis=1)
            box_logits = paddle.concat([groups.box_logits, box_logits], axis=1)
            mask = groups.mask
            predictions.append(self._prediction(query, F.sigmoid(box_logits)))
        refined = self.decoder(
            query, box_logits, memory, sizes, self.query_pos_head, self.bbox_head, mask
        )
        wanted = refined if self.training else refined[-1:]
        return predictions + [self._prediction(item.query, item.boxes) for item in wanted]

    def _select(self, memory: Tensor, prototypes: Tensor, anchors: Anchors) -> Selected:
        """The queries [N, Q, C] among memory [N, L, C]."""
        if memory.shape[1] < self.queries:
            raise InvalidArgument(
                f"{self.queries} queries cannot be chosen among the {memory.shape[1]} places of so "
                "small an image; use a larger image or fewer queries"
            )
        places = self.enc_output(paddle.where(anchors.valid, memory, paddle.zeros([])))
        _, best = paddle.topk(self.score_head(places).max(-1), self.queries, axis=1)
        image = paddle.arange(places.shape[0], dtype=best.dtype).unsqueeze(-1)
        index = paddle.stack([image.tile([1, self.queries]), best], axis=-1)
        query = paddle.gather_nd(places, index)
        anchor = paddle.gather(anchors.box_logits, best.flatten()).reshape([-1, self.queries, 4])
        boxes = F.sigmoid(self.bbox_head(query) + anchor)
        prediction = self._prediction(query, boxes)
        if not self.training:
            extents = first_boxes(masks_of(prediction.coefficients, prototypes))
            return Selected(query, inverse_sigmoid(extents), prediction)
        with paddle.no_grad():
            extents = first_boxes(masks_of(prediction.coefficients, prototypes))
        return Selected(query.detach(), inverse_sigmoid(extents), prediction)

    def _prediction(self, query: Tensor, boxes: Tensor) -> Prediction:
        query = self.dec_norm(query)
        return Prediction(self.score_head(query), boxes, self.mask_query_head(query))

    def _embedded(self, labels: Tensor) -> Tensor:
        """Labels [N, D] -> float32 [N, D, C]; zeros for label K, which stands for no object."""
        table = self.denoising_class_embed.weight
        table = paddle.concat([table, paddle.zeros([1, table.shape[1]], table.dtype)])
        return F.embedding(labels, table)


def _projection(in_channels: int, channels: int) -> nn.Sequential:
    norm = batch_norm(channels)
    conv = nn.Conv2D(
        in_channels,
        channels,
        1,
        weight_attr=ParamAttr(initializer=XavierUniform()),
        bias_attr=False,
    )
    return nn.Sequential(("conv", conv), ("norm", norm))
