"""What every model has in common: losses in training, detections in evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paddle import Tensor, nn

# Tensors by name; training adds lists of one tensor per image (`losses` says which).
Inputs = Mapping[str, Any]


class Segmenter(nn.Layer):
    """An instance segmentation model.

    `forward` is `losses` in training mode and `predict` in evaluation mode. Inputs:

    * `image` float32 [N, 3, H, W], normalised;
    * `im_shape` float32 [N, 2]: height, width after resizing and before padding;
    * `scale_factor` float32 [N, 2]: resized / original size, y and x.

    `build_model` sets what the model is: `name`, `family`, `num_classes`, `from_scratch` and
    `scale`. A family names the
    tensors that depend on the number of classes in `class_head_names` (prefixes of names in the
    state dict).
    """

    name: str
    family: str
    num_classes: int
    from_scratch: bool
    scale: Mapping[str, float]
    class_head_names: tuple[str, ...] = ()

    def forward(self, inputs: Inputs) -> dict[str, Tensor]:
        return self.losses(inputs) if self.training else self.predict(inputs)

    def losses(self, inputs: Inputs) -> dict[str, Tensor]:
        """Weighted losses by name, float32 scalars; `loss` is their total.

        Needs of each image, as lists of N tensors: `gt_bbox` float32 [n, 4] x1, y1, x2, y2 in
        pixels of the network's input; `gt_class` int64 [n] in [0, K); `gt_segm` uint8 [n, H, W],
        0 or 1; `is_crowd` int32 [n]. n may be 0.
        """
        raise NotImplementedError

    def predict(self, inputs: Inputs) -> dict[str, Tensor]:
        """The outputs of the exported program, by name."""
        raise NotImplementedError

    def prepare_export(self, size: tuple[int, int] | None) -> None:
        """Brings the layers into the form that is exported (fused branches); in place. size:
        height and width of the program's images; None: any."""
