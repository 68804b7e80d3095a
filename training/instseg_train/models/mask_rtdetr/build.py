"""Builds Mask-RT-DETR from its sizes."""

from __future__ import annotations

from collections.abc import Sequence

from instseg_train.backbones.hgnet_v2 import HGNetV2, StageSize
from instseg_train.layers.scaling import scaled_blocks, scaled_channels
from instseg_train.models.mask_rtdetr.model import MaskRTDETR
from instseg_train.models.mask_rtdetr.transformer import Transformer
from instseg_train.necks.mask_hybrid_encoder import MaskHybridEncoder

HEADS = 8


def build(
    num_classes: int,
    *,
    stem: tuple[int, int],
    stages: Sequence[tuple[int, int, int, int]],
    backbone_lr: float,
    neck: int,
    attended: int,
    encoder_layers: int,
    encoder_feedforward: int,
    expansion: float,
    mask_channels: tuple[int, int],
    prototypes: int,
    transformer: int = 256,
    feedforward: int = 1024,
    decoder_layers: int = 6,
    queries: int = 300,
    width: float = 1.0,
    depth: float = 1.0,
    from_scratch: bool = False,
) -> MaskRTDETR:
    """The model, randomly initialised, in training mode.

    stem, stages   of the backbone: channels of the stem; of each stage channels inside, channels at
                   the end, blocks, and layers of a block
    backbone_lr    multiplies the learning rate of the backbone
    neck           channels of the neck; its other sizes as MaskHybridEncoder says
    transformer    channels of the decoder; its feedforward, decoder_layers and queries
    width, depth   multiply channels and numbers of layers; channels stay multiples of 8
    from_scratch   the stem and the norms of the backbone learn too, and all of it at full speed
    """

    def channels(count: int) -> int:
        return scaled_channels(count, width)

    def layers(count: int) -> int:
        return scaled_blocks(count, depth)

    inner = (channels(stem[0]), channels(stem[1]))
    sizes = [
        StageSize(channels(mid), channels(out), layers(blocks), layers(rows))
        for mid, out, blocks, rows in stages
    ]
    backbone = HGNetV2(
        inner, sizes, frozen=not from_scratch, lr=1.0 if from_scratch else backbone_lr
    )
    hidden, masks = channels(neck), channels(prototypes)
    return MaskRTDETR(
        backbone,
        MaskHybridEncoder(
            backbone.channels,
            hidden=hidden,
            attended=attended,
            layers=layers(encoder_layers),
            heads=HEADS,
            feedforward=channels(encoder_feedforward),
            expansion=expansion,
            blocks=layers(3),
            mask_channels=(channels(mask_channels[0]), channels(mask_channels[1])),
            prototypes=masks,
        ),
        Transformer(
            [hidden] * 3,
            num_classes,
            channels=channels(transformer),
            heads=HEADS,
            feedforward=channels(feedforward),
            layers=layers(decoder_layers),
            points=4,
            prototypes=masks,
            queries=queries,
        ),
        num_classes,
    )
