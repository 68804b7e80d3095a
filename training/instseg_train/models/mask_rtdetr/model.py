"""Mask-RT-DETR: RT-DETR (arXiv:2304.08069) with the masks of Mask DINO (arXiv:2206.02777)."""

from __future__ import annotations

from paddle import Tensor, nn

from instseg_train.layers.rep_vgg import fuse_rep_vgg_blocks
from instseg_train.models.mask_rtdetr.criterion import Criterion
from instseg_train.models.mask_rtdetr.denoising import DenoisingSettings, denoising_groups
from instseg_train.models.mask_rtdetr.ground_truth import ground_truth
from instseg_train.models.mask_rtdetr.matching import Matching
from instseg_train.models.mask_rtdetr.postprocess import detections
from instseg_train.models.mask_rtdetr.prediction import Prediction
from instseg_train.models.mask_rtdetr.randomness import Randomness
from instseg_train.models.segmenter import Inputs, Segmenter

STRIDES = (8, 16, 32)


class MaskRTDETR(Segmenter):
    """Heights and widths of images are multiples of 32. num_classes K counts foreground only.

    `randomness`, `criterion` and `denoising` may be replaced on the built model.
    """

    class_head_names = ("transformer.score_head.", "transformer.denoising_class_embed.")

    def __init__(
        self,
        backbone: nn.Layer,
        neck: nn.Layer,
        transformer: nn.Layer,
        num_classes: int,
        *,
        top: int = 100,
    ):
        super().__init__()
        self.backbone = backbone
        self.transformer = transformer
        self.neck = neck
        self.num_classes = num_classes
        # Small variants have fewer pairs of query and class.
        self.top = min(top, transformer.queries * num_classes)
        self.criterion = Criterion()
        self.denoising = DenoisingSettings()
        self.randomness = Randomness()

    def losses(self, inputs: Inputs) -> dict[str, Tensor]:
        """`loss_class`, `_bbox`, `_giou`, `_mask` and `_dice` of the last layer; with `_aux` of the
        others; with `_dn` and `_aux_dn` of the denoising queries; and `loss`."""
        truth = ground_truth(inputs)
        groups = denoising_groups(
            truth, self.denoising, self.num_classes, self.transformer.queries, self.randomness
        )
        levels, prototypes = self.neck(self.backbone(inputs["image"]))
        encoder, *others = self.transformer(levels, prototypes, groups)
        denoised: list[Prediction] = []
        matching: Matching | None = None
        if groups is not None:
            parts = [item.split(groups.size) for item in others]
            denoised, others = [part[0] for part in parts], [part[1] for part in parts]
            matching = groups.matching
        return self.criterion(
            [encoder, *others], denoised, matching, prototypes, truth, self.randomness
        )

    def predict(self, inputs: Inputs) -> dict[str, Tensor]:
        """`bbox` float32 [N * top, 6], `bbox_num` int32 [N], `mask` int32 [N * top, H, W] as
        `detections` describes them; `top` is 100, or all pairs of query and class if fewer."""
        levels, prototypes = self.neck(self.backbone(inputs["image"]))
        *_, last = self.transformer(levels, prototypes)
        return detections(last, prototypes, inputs["im_shape"], inputs["scale_factor"], self.top)

    def prepare_export(self, size: tuple[int, int] | None) -> None:
        """Fuses RepVGG blocks and makes the tables of images of `size`, which become constants."""
        fuse_rep_vgg_blocks(self)
        if size is None:
            return
        sizes = [(size[0] // stride, size[1] // stride) for stride in STRIDES]
        self.transformer.anchors(sizes)
        self.neck.positions(*sizes[self.neck.attended])
