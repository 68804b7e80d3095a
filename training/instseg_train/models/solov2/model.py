"""SOLOv2: backbone, pyramid, grids of categories and kernels, mask features."""

from __future__ import annotations

from paddle import Tensor

from instseg_train.backbones.resnet import ResNet
from instseg_train.models.segmenter import Inputs, Segmenter
from instseg_train.models.solov2.head import SOLOv2Head
from instseg_train.models.solov2.losses import batch_losses
from instseg_train.models.solov2.mask_branch import MaskBranch
from instseg_train.models.solov2.postprocess import detections
from instseg_train.necks.fpn import FPN


class SOLOv2(Segmenter):
    """Losses: `loss_ins` (dice), `loss_cate` (focal), `loss`.

    Height and width of the image are multiples of 32. Nothing in training is random. Detections
    (`predict`) are of one image and have no boxes; see `detections`.
    """

    class_head_names = ("solov2_head.bbox_head.solo_cate.", "solov2_head.solo_cate.")

    def __init__(self, backbone: ResNet, neck: FPN, solov2_head: SOLOv2Head, mask_head: MaskBranch):
        super().__init__()
        self.backbone = backbone
        self.neck = neck
        self.solov2_head = solov2_head
        self.mask_head = mask_head

    def losses(self, inputs: Inputs) -> dict[str, Tensor]:
        pyramid = self.neck(self.backbone(inputs["image"]))
        features = self.mask_head(pyramid)
        categories, kernels = self.solov2_head(pyramid)
        return batch_losses(categories, kernels, features, inputs, self.solov2_head.grids)

    def predict(self, inputs: Inputs) -> dict[str, Tensor]:
        pyramid = self.neck(self.backbone(inputs["image"]))
        features = self.mask_head(pyramid)
        categories, kernels = self.solov2_head(pyramid)
        return detections(categories, kernels, features, inputs["im_shape"], inputs["scale_factor"])
