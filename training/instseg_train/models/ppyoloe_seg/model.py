"""PP-YOLOE_seg: backbone, neck, head."""

from __future__ import annotations

from paddle import Tensor

from instseg_train.backbones.csp_rep_resnet import CspRepResNet
from instseg_train.layers.rep_vgg import fuse_rep_vgg_blocks
from instseg_train.models.ppyoloe_seg.criterion import Criterion
from instseg_train.models.ppyoloe_seg.head import SegmentationHead
from instseg_train.models.ppyoloe_seg.postprocess import detections
from instseg_train.models.segmenter import Inputs, Segmenter
from instseg_train.necks.csp_pan import CspPan


class PPYoloeSeg(Segmenter):
    """Losses: `loss_cls`, `loss_iou`, `loss_dfl`, `loss_mask`, `loss_l1` (only reported), `loss`.

    Nothing in training is random. Detections (`predict`) are of one image; see `detections`.
    """

    class_head_names = ("yolo_head.pred_cls.",)

    def __init__(
        self,
        backbone: CspRepResNet,
        neck: CspPan,
        yolo_head: SegmentationHead,
        criterion: Criterion,
    ):
        super().__init__()
        self.backbone = backbone
        self.neck = neck
        self.yolo_head = yolo_head
        self.criterion = criterion

    def losses(self, inputs: Inputs) -> dict[str, Tensor]:
        outputs = self.yolo_head(self.neck(self.backbone(inputs["image"])))
        return self.criterion(self.yolo_head, outputs, inputs)

    def predict(self, inputs: Inputs) -> dict[str, Tensor]:
        image = inputs["image"]
        outputs = self.yolo_head(self.neck(self.backbone(image)))
        size = (image.shape[2], image.shape[3])
        return detections(outputs, size, inputs["im_shape"], inputs["scale_factor"])

    def prepare_export(self, size: tuple[int, int] | None) -> None:
        """size is needed: masks are resized to it before they are cut to boxes."""
        fuse_rep_vgg_blocks(self)
        if size is not None:
            self.yolo_head.keep_anchors(size)
