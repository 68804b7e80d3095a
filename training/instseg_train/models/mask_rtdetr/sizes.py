"""Sizes of the five models, as PaddleX configures them."""

from __future__ import annotations

from typing import Any

_STANDARD: dict[str, Any] = {
    "neck": 256,
    "encoder_layers": 1,
    "encoder_feedforward": 1024,
}

SIZES: dict[str, dict[str, Any]] = {
    "Mask-RT-DETR-S": {
        **_STANDARD,
        "stem": (24, 32),
        # channels inside, channels at the end, blocks, layers of a block
        "stages": ((32, 64, 1, 3), (48, 256, 1, 3), (96, 512, 2, 3), (192, 1024, 1, 3)),
        "backbone_lr": 0.1,
        "attended": 1,
        "expansion": 0.5,
        "mask_channels": (64, 32),
        "prototypes": 128,
    },
    "Mask-RT-DETR-M": {
        **_STANDARD,
        "stem": (24, 32),
        "stages": ((32, 96, 1, 4), (64, 384, 1, 4), (128, 768, 3, 4), (256, 1536, 1, 4)),
        "backbone_lr": 0.1,
        "attended": 1,
        "expansion": 0.5,
        "mask_channels": (64, 64),
        "prototypes": 128,
    },
    "Mask-RT-DETR-L": {
        **_STANDARD,
        "stem": (32, 48),
        "stages": ((48, 128, 1, 6), (96, 512, 1, 6), (192, 1024, 3, 6), (384, 2048, 1, 6)),
        "backbone_lr": 0.05,
        "attended": 2,
        "expansion": 1.0,
        "mask_channels": (64, 64),
        "prototypes": 32,
    },
    "Mask-RT-DETR-X": {
        "neck": 384,
        "encoder_layers": 1,
        "encoder_feedforward": 2048,
        "stem": (32, 64),
        "stages": ((64, 128, 1, 6), (128, 512, 2, 6), (256, 1024, 5, 6), (512, 2048, 2, 6)),
        "backbone_lr": 0.01,
        "attended": 2,
        "expansion": 1.0,
        "mask_channels": (128, 128),
        "prototypes": 128,
    },
    "Mask-RT-DETR-H": {
        "neck": 512,
        "encoder_layers": 2,
        "encoder_feedforward": 2048,
        "stem": (48, 96),
        "stages": ((96, 192, 2, 6), (192, 512, 3, 6), (384, 1024, 6, 6), (768, 2048, 3, 6)),
        "backbone_lr": 0.01,
        "attended": 2,
        "expansion": 1.0,
        "mask_channels": (256, 128),
        "prototypes": 128,
    },
}
